"""Attention with nested loops, one number at a time."""

import math

import torch
from torch import Tensor


def loop_attention(
    q: Tensor, k: Tensor, v: Tensor, causal: bool = False, scale: bool = True
) -> tuple[Tensor, Tensor]:
    """(T, D), (S, D), (S, E) → (T, E) and (T, S), one number at a time."""
    q, k, v = q.detach(), k.detach(), v.detach()
    output, weights = (
        torch.zeros(len(q), v.shape[1]).double(),
        torch.zeros(len(q), len(k)).double(),
    )
    for t in range(len(q)):
        visible = range(t + 1) if causal else range(len(k))
        powers = {}
        for s in visible:
            score = sum(float(q[t, i] * k[s, i]) for i in range(q.shape[1]))
            powers[s] = math.exp(score / (math.sqrt(q.shape[1]) if scale else 1.0))
        for s in visible:
            weights[t, s] = powers[s] / sum(powers.values())
            for i in range(v.shape[1]):
                output[t, i] += weights[t, s] * v[s, i]
    return output, weights
