"""Checks of shapes that must fit each other; those of single arguments are in :mod:`lmlib.validation`."""

from __future__ import annotations

import torch
from torch import Tensor


def check_scores(q: Tensor, k: Tensor, mask: Tensor | None) -> None:
    """Raise ValueError where q (..., T, D) and k (..., S, D) do not fit, or the mask (T, S) does not."""
    if q.shape[-1] != k.shape[-1]:
        raise ValueError(
            f"k: keys of size {k.shape[-1]} do not fit "
            f"queries of size {q.shape[-1]}; both must be d_k"
        )
    if mask is None:
        return
    shape = (q.shape[-2], k.shape[-2])
    if mask.dtype != torch.bool or mask.shape[-2:] != shape:
        raise ValueError(
            f"mask: {mask.dtype} of shape {tuple(mask.shape)}; "
            f"give booleans of shape {shape}, True = may look"
        )
    if not (torch.compiler.is_compiling() or mask.any(-1).all()):
        raise ValueError(
            "mask: a row is False everywhere, so its query has nothing to look at; "
            "leave it one key"
        )


def check_values(k: Tensor, v: Tensor) -> None:
    """Raise ValueError where there is not one value for each key."""
    if k.shape[-2] != v.shape[-2]:
        raise ValueError(
            f"v: {v.shape[-2]} values for {k.shape[-2]} keys; every key needs its value"
        )


def check_divides(name: str, divisor: int, of: str, number: int) -> None:
    """Raise ValueError where one size does not divide another.

    >>> check_divides("n_kv_head", 4, "n_head", 6)
    Traceback (most recent call last):
    ValueError: n_kv_head: 4 does not divide n_head 6; choose a divisor of 6
    """
    if divisor < 1 or number % divisor:
        raise ValueError(
            f"{name}: {divisor} does not divide {of} {number}; choose a divisor of {number}"
        )
