"""The arrays of an attention heat map: their checks, and how their numbers travel to the page."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmlib.widgets.checks import BadValue

Array = NDArray[np.float64]
EXACT = 20_000


def fits(weights: Array) -> bool:
    """Whether there are few enough weights to carry them exactly."""
    return weights.shape[-1] <= 10 or weights.size <= EXACT


def exact(numbers: Array) -> dict[str, str]:
    """Eight bytes a number, as base64: front ends lose binary buffers when they save."""
    return _packed("f8", numbers.astype("<f8"))


def ten_thousandths(numbers: Array) -> dict[str, str]:
    """Two bytes a weight; an exact number of ten-thousandths, so the four decimals printed are right."""
    return _packed("u2", np.rint(numbers * 10_000).astype("<u2"))


def _packed(kind: str, numbers: NDArray[Any]) -> dict[str, str]:
    data = base64.b64encode(numbers.tobytes()).decode("ascii")
    return {"format": kind, "data": data}


def _array(name: str, given: Any) -> Array:
    try:
        if given is None:  # which numpy takes for NaN
            raise TypeError
        listed = given.tolist() if hasattr(given, "tolist") else given
        array = np.array(listed, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadValue(
            f"{name}: not an array of numbers; give a tensor, an array or nested lists"
        ) from error
    if not np.isfinite(array).all():
        found = "nan" if np.isnan(array).any() else "inf"
        raise BadValue(f"{name}: {found} among the numbers; look for an overflow")
    return array


def vectors(name: str, given: Any, T: int) -> Array:
    array = _array(name, given)
    array = array[None] if array.ndim == 2 else array
    if array.ndim != 3 or array.shape[1] != T or 0 in array.shape:
        raise BadValue(
            f"{name}: shape {array.shape} does not fit {T} tokens; give ({T}, D) or (H, {T}, D)"
        )
    return array


def read_weights(name: str, given: Any, T: int, causal: bool) -> Array:
    array = _array(name, given)
    if 2 <= array.ndim <= 4:
        array = array.reshape((1,) * (4 - array.ndim) + array.shape)
    if array.ndim != 4 or array.shape[2:] != (T, T) or 0 in array.shape:
        raise BadValue(
            f"{name}: shape {array.shape} does not fit {T} tokens; give ({T}, {T}), (H, {T}, {T}) or (L, H, {T}, {T})"
        )
    worst = float(np.abs(array.sum(-1) - 1).max())
    if (array < 0).any() or worst > 1e-3:
        raise BadValue(
            f"{name}: rows must be at least 0 and add up to 1, but one is off by {worst:.3g}; take the softmax first"
        )
    if causal and np.triu(array, 1).any():
        raise BadValue(
            f"{name}: {np.triu(array, 1).max():.3g} goes to a later token; use causal=False, or mask before the softmax"
        )
    return array if fits(array) else np.rint(array * 10_000) / 10_000


def matrix(name: str, given: Any, most: float, size: int) -> list[list[float]]:
    """Rows of numbers. Raises ValueError for numbers beyond ±``most``, and for a side of 0 or more than ``size``."""
    array = _array(name, given)
    if array.ndim != 2 or 0 in array.shape or max(array.shape) > size:
        raise BadValue(
            f"{name}: shape {array.shape}; give 1 to {size} rows of 1 to {size} numbers"
        )
    if (np.abs(array) > most).any():
        raise BadValue(
            f"{name}: {np.abs(array).max():g} is too large to look at; stay within ±{most:g}"
        )
    return (array + 0.0).tolist()  # no −0
