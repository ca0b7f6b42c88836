"""Verdicts of a judge who compares two answers, and what is left of them without its taste for a place or for length.

>>> won, first = torch.tensor([1, 1, 1, 0]), torch.tensor([1, 1, -1, -1])  # ours won three, two of them as the first
>>> found = fit_judge(won, first, torch.tensor([3.0, -3.0, 3.0, -3.0]))
>>> found.first > 0 and found.words > 0
True
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor


class Verdicts(NamedTuple):
    """What decides a judge's verdicts, as logits."""

    better: float
    """Between answers of one length, each first equally often."""
    first: float
    """What standing first adds, and standing second takes away."""
    words: float
    """What each word adds that ours has more than the other."""

    @property
    def win_rate(self) -> float:
        """The probability that ours wins, with both biases taken out."""
        return 1 / (1 + math.exp(-self.better))


def fit_judge(
    won: Tensor, first: Tensor, words: Tensor, ridge: float = 1e-3
) -> Verdicts:
    """The likeliest three numbers behind N verdicts, formula `eq:judge`.

    ``won`` (N,) is 1 where our answer won, ``first`` (N,) is 1 where it stood first and −1 where second, and
    ``words`` (N,) how many words more it has than the other. Newton's steps, with a small ``ridge`` that keeps
    all finite for a judge who always says the same. Raises ValueError for anything else.
    """
    _check(won, first, words)
    y, scale = won.double(), float(words.double().abs().max()) or 1.0
    # In units of the largest difference, so that a word's number is no smaller than the others.
    x = torch.stack([torch.ones(len(y)), first, words / scale], 1).double()
    found = torch.zeros(3, dtype=torch.float64)
    for _ in range(30):
        p = torch.sigmoid(x @ found)
        slope = x.T @ (p - y) + ridge * found
        curve = (x.T * (p * (1 - p))) @ x + ridge * torch.eye(3, dtype=torch.float64)
        found = found - torch.linalg.solve(curve, slope)
    better, place, longest = found.tolist()
    return Verdicts(better, place, longest / scale)


def _check(won: Tensor, first: Tensor, words: Tensor) -> None:
    shapes = [tuple(x.shape) for x in (won, first, words)]
    if len({*shapes}) > 1 or won.dim() != 1 or not len(won):
        raise ValueError(
            f"won, first, words: shapes {shapes}; give (N,) each, with one verdict at least"
        )
    for name, values, allowed in (("won", won, (0, 1)), ("first", first, (-1, 1))):
        if not {*values.tolist()} <= {*allowed}:
            raise ValueError(f"{name}: {values.tolist()[:5]} …; use {allowed} only")
