"""Checks of arguments, one call at the border of a function.

Each error names the argument, the value and what would do.

What a check is told is numbers and shapes, so that the formula behind it need not say what cannot be.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import torch
from torch import Tensor


def check_positive(**numbers: float) -> None:
    """Raise ValueError for the first number that is not above 0 and finite, NaN included."""
    for name, value in numbers.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name}: {value} must be above 0 and finite")


def check_distribution(name: str, probs: Collection[float]) -> None:
    """Raise ValueError where ``probs`` are not 0 or more, with the sum 1."""
    if min(probs, default=-1) < 0 or not math.isclose(sum(probs), 1, abs_tol=1e-6):
        raise ValueError(
            f"{name}: probabilities with the sum {sum(probs):g}; use some of 0 or more, with the sum 1"
        )


def check_choice(name: str, value: object, choices: Collection[str]) -> None:
    """Raise ValueError where ``value`` is none of ``choices``."""
    if value not in choices:
        *most, last = map(repr, choices)
        raise ValueError(
            f"{name}: {value!r} is not known; use {', '.join(most)} or {last}"
        )


def check_ids(
    name: str, ids: Tensor | Sequence[int], vocab_size: int, hint: str = ""
) -> None:
    """Raise ValueError at the first id outside 0 … V − 1; the one such check of the book."""
    if torch.compiler.is_compiling() or not len(ids):
        return  # compiled code does not stop to look at numbers
    if isinstance(ids, Tensor):
        if not ids.numel() or 0 <= ids.min() <= ids.max() < vocab_size:
            return
        ids = ids.flatten().tolist()
    for i in ids:
        if not 0 <= i < vocab_size:
            raise ValueError(
                f"{name}: {i} is no token's id; ids run from 0 to {vocab_size - 1}{hint}"
            )


def check_sequence(
    tokens: Tensor, length: int, block_size: int, vocab_size: int
) -> None:
    """Raise ValueError where ``length`` tokens are more than a model reads, or an id is no token's."""
    if length > block_size:
        raise ValueError(
            f"tokens: {length} do not fit into block_size {block_size}; "
            "cut the text, or make the model with a larger block_size"
        )
    hint = "; was the text encoded with another vocabulary?"
    check_ids("tokens", tokens, vocab_size, hint)


def check_text(text: str) -> None:
    """Raise ValueError at half a surrogate pair, which has no bytes."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"text: {text[error.start]!r} at position {error.start} is half a surrogate pair and no "
            "character; read the file as UTF-8, or give its bytes"
        ) from None


def check_divisor(name: str, value: float, dtype: torch.dtype, hint: str) -> None:
    """Raise ValueError for a divisor that is not above 0 and finite, also as ``dtype`` holds it.

    1e-50 is 0 as float32, and 0 / 0 is no number; 1e50 is ∞, and so is −∞ / ∞.
    """
    if not 0 < value < math.inf:
        raise ValueError(f"{name}: {value} is not above 0 and finite; {hint}")
    if 1e-30 < value < 1e30:  # as every type holds it that is divided by it
        return
    zero = torch.zeros((), dtype=dtype)
    if zero / value != 0 or zero.log() / value != -math.inf:
        raise ValueError(f"{name}: {value} is 0 or infinite as {dtype}; {hint}")


def check_temperature(temperature: float, dtype: torch.dtype) -> None:
    """Raise ValueError as :func:`check_divisor` does."""
    check_divisor(
        "temperature",
        temperature,
        dtype,
        "in the limit towards 0 take the argmax instead",
    )


def check_highest(highest: Tensor) -> None:
    """Raise ValueError where the highest of some logits tells of NaN, +inf, or nothing but −inf."""
    if torch.compiler.is_compiling() or highest.isfinite().all():
        return
    if highest.isnan().any() or (highest == math.inf).any():
        bad = "NaN" if highest.isnan().any() else "+inf"
        raise ValueError(
            f"logits: hold {bad}, which no probability answers; "
            "look for an overflow before the softmax"
        )
    raise ValueError(
        "logits: −inf everywhere, so nothing is possible; leave at least one finite logit"
    )


def check_probs(probs: Tensor, dim: int) -> None:
    """Raise ValueError where ``probs`` are negative or do not add up to 1 along ``dim``."""
    sums = probs.sum(dim)
    if not (probs >= 0).all() or not torch.allclose(
        sums, torch.ones_like(sums), atol=1e-4
    ):
        raise ValueError(
            f"probs: the least is {probs.min():.4g} and the sums go from "
            f"{sums.min():.4g} to {sums.max():.4g}; they must be at least 0 and add up to 1: "
            "apply softmax to logits first"
        )
