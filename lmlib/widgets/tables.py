"""Different words, and tables with a row of numbers for each: their checks, and how they travel to the page."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lmlib.widgets.checks import BadValue

MOST = 400_000


def read_words(words: Sequence[str]) -> list[str]:
    """The words as a list. Raises ValueError for none, for what is no word, and for one that is there twice."""
    try:
        known = [] if isinstance(words, str) else list(words)
    except TypeError:
        known = []
    if not known or not all(isinstance(word, str) for word in known):
        raise BadValue(
            f"words: {str(words)[:60]} is no list of words; give one for each row of vectors"
        )
    if len({*known}) < len(known):
        twice = next(word for word in known if known.count(word) > 1)
        raise BadValue(f"words: {twice!r} is there twice; give each word once")
    return known


def read_vectors(given: Any, words: Sequence[str]) -> Tensor:
    """A vector for each of ``words``, as :func:`numbers` has them. Raises ValueError also for one of zeros."""
    vectors = numbers("vectors", given, len(words))
    lengths = vectors.norm(dim=1)
    if not (lengths > 0).all():
        word = words[int(lengths.argmin())]
        raise BadValue(
            f"vectors: that of {word!r} is all zeros, and points nowhere; leave the word out"
        )
    return vectors


def one_of_words(name: str, value: Any, words: dict[str, int]) -> str:
    """``value`` if it is one of ``words``. Raises ValueError for any other, without listing hundreds."""
    if not isinstance(value, str) or value not in words:
        first = ", ".join([*words][:5])
        raise BadValue(
            f"{name}: {value!r} is none of the {len(words)} words; use one such as {first}"
        )
    return value


def numbers(name: str, given: Any, rows: int, width: int | None = None) -> Tensor:
    """A table of ``rows`` rows as float64, rounded to float32. Raises ValueError for anything else."""
    try:
        table = torch.as_tensor(given).detach().cpu().double()
    except (TypeError, ValueError, RuntimeError) as error:
        raise BadValue(f"{name}: no table of numbers ({error}); give a tensor") from None  # fmt: skip
    columns = "2" if width else "C"
    fits = table.dim() == 2 and len(table) == rows and table.shape[1] >= 2
    if not fits or (width and table.shape[1] != width):
        raise BadValue(
            f"{name}: shape {tuple(table.shape)} is not ({rows}, {columns}); give a row for each of the {rows} words"
        )
    if table.numel() > MOST:
        raise BadValue(
            f"{name}: {table.numel():,} numbers; choose words, at most {MOST:,} numbers"
        )
    table = table.float().double()
    if not table.isfinite().all():
        raise BadValue(f"{name}: holds NaN or ∞; look for an overflow")
    return table


def packed(table: Tensor) -> str:
    """Four bytes a number, as base64."""
    return base64.b64encode(np.asarray(table, dtype="<f4").tobytes()).decode("ascii")
