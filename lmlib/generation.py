"""Writing with any language model of the book: filters of the logits, and the loop."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lmlib.softmax import LanguageModel, log_softmax, softmax


def top_k_filter(logits: Tensor, k: int) -> Tensor:
    """Keep the ``k`` highest logits and set the others to −inf; of equal ones the lower ids stay.

    Formula `eq:top-k`; (..., V) → (..., V). Raises ValueError for k < 1. Fan et al. (2018).

    >>> top_k_filter(torch.tensor([1.0, 3.0, 2.0]), k=2)
    tensor([-inf, 3., 2.])
    """
    if k < 1:
        raise ValueError(f"top_k: {k} keeps nothing; use 1 or more, or None to keep all")
    order = logits.argsort(dim=-1, descending=True, stable=True)
    return logits.scatter(-1, order[..., k:], -math.inf)


def top_p_filter(logits: Tensor, p: float) -> Tensor:
    """Keep the fewest of the likeliest tokens that hold ``p`` together; −inf for others.

    Formula `eq:top-p`; (..., V) → (..., V). Raises ValueError for p outside (0, 1].
    Holtzman et al. (2020).

    >>> top_p_filter(torch.tensor([0.5, 0.3, 0.2]).log(), p=0.7).exp()
    tensor([0.5000, 0.3000, 0.0000])
    """
    if not 0 < p <= 1:
        raise ValueError(f"top_p: {p} is outside (0, 1]; use 1 to keep all")
    if p == 1:
        return logits
    order = logits.argsort(dim=-1, descending=True, stable=True)
    probs = softmax(logits).gather(-1, order)
    before = probs.cumsum(-1).roll(1, -1)  # what the likelier tokens hold already
    before[..., 0] = 0.0
    return logits.scatter(
        -1, order, logits.gather(-1, order).masked_fill(before >= p, -math.inf)
    )


def next_probs(
    logits: Tensor,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Tensor:
    """Probabilities to draw from: temperature first, then top-k, then top-p of what is left.

    (..., V) → (..., V). Temperature 0 means greedy: all probability on the highest logit.
    Raises ValueError as the filters and the softmax do.

    >>> next_probs(torch.tensor([0.5, 0.3, 0.2]).log(), top_k=2)
    tensor([0.6250, 0.3750, 0.0000])
    """
    if top_k is not None:  # the highest k are the same at every temperature
        logits = top_k_filter(logits, top_k)
    if temperature == 0:
        temperature, logits = 1.0, top_k_filter(logits, 1)
    logits = log_softmax(logits, temperature)
    if top_p is not None:
        logits = top_p_filter(logits, top_p)
    return softmax(logits)


@torch.no_grad()
def generate(
    model: LanguageModel,
    tokens: Tensor,
    max_new_tokens: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Append ``max_new_tokens`` tokens, each drawn from the model's own prediction.

    ``tokens`` (B, T) → (B, T + max_new_tokens). Raises ValueError for an empty prompt, and as
    :func:`next_probs` does.

    >>> count_up = lambda tokens: 9.0 * torch.eye(5)[(tokens + 1) % 5]  # prefers the next number
    >>> generate(count_up, torch.tensor([[0]]), max_new_tokens=6, temperature=0)
    tensor([[0, 1, 2, 3, 4, 0, 1]])
    """
    if tokens.dim() != 2 or tokens.shape[1] == 0:
        raise ValueError(
            f"tokens: shape {tuple(tokens.shape)}; give (B, T) ids with at least one token, such as END"
        )
    for _ in range(max_new_tokens):
        probs = next_probs(model(tokens)[:, -1], temperature, top_k, top_p)
        tokens = torch.cat(
            [tokens, torch.multinomial(probs, 1, generator=generator)], dim=1
        )
    return tokens
