"""One text of an attention heat map: its checks, and how its numbers travel to the page."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmlib.widgets.base import BadValue

Array = NDArray[np.float64]
EXACT = 20_000


@dataclass(frozen=True)
class Example:
    """Tokens with arrays "weights" (L, H, T, T), or "q" and "k" (H, T, D)."""

    tokens: list[str]
    causal: bool
    arrays: dict[str, Array]

    @property
    def given(self) -> bool:
        """Whether the weights came ready, rather than queries and keys to compute them from."""
        return "weights" in self.arrays

    @property
    def layers(self) -> int:
        return self.arrays["weights"].shape[0] if self.given else 1

    @property
    def heads(self) -> int:
        return self.arrays["weights"].shape[1] if self.given else self.arrays["q"].shape[0]

    def packed(self) -> dict[str, Any]:
        """What the page reads: base64 inside JSON, because front ends lose binary buffers when they save."""
        shape = {
            "tokens": self.tokens,
            "causal": self.causal,
            "layers": self.layers,
            "heads": self.heads,
        }
        if not self.given:
            return shape | {name: _exact(array) for name, array in self.arrays.items()}
        weights = self.arrays["weights"]
        seen = weights[..., *np.tril_indices(len(self.tokens))] if self.causal else weights
        return shape | {
            "weights": _exact(seen) if _fits(weights) else _ten_thousandths(seen)
        }


def _fits(weights: Array) -> bool:
    return weights.shape[-1] <= 10 or weights.size <= EXACT


def _exact(numbers: Array) -> dict[str, str]:
    return {
        "format": "f8",
        "data": base64.b64encode(numbers.astype("<f8").tobytes()).decode("ascii"),
    }


def _ten_thousandths(numbers: Array) -> dict[str, str]:
    """Two bytes a weight; an exact number of ten-thousandths, so the four decimals printed are right."""
    return {
        "format": "u2",
        "data": base64.b64encode(np.rint(numbers * 10_000).astype("<u2").tobytes()).decode(
            "ascii"
        ),
    }


def read_example(where: str, given: Mapping[str, Any], causal: bool) -> Example:
    """Check one text and bring its arrays into their full shape; ValueError says what does not fit."""
    tokens = given.get("tokens")
    if (
        isinstance(tokens, str)
        or not tokens
        or not all(isinstance(token, str) for token in tokens)
    ):
        raise BadValue(f"tokens{where}: {tokens!r} is no list of tokens; give T strings")
    weights, q, k = (given.get(name) for name in ("weights", "q", "k"))
    if (weights is None) != (q is not None and k is not None) or (q is None) != (k is None):
        raise BadValue(f"weights{where}: give either weights, or both q and k")
    if weights is not None:
        return Example(
            list(tokens),
            causal,
            {"weights": _weights("weights" + where, weights, len(tokens), causal)},
        )
    queries, keys = (
        _vectors(name + where, given[name], len(tokens)) for name in ("q", "k")
    )
    if keys.shape != queries.shape:
        raise BadValue(
            f"k{where}: shape {keys.shape} differs from that of q, {queries.shape}; they need one size"
        )
    return Example(list(tokens), causal, {"q": queries, "k": keys})


def _array(name: str, given: Any) -> Array:
    try:
        array = np.array(
            given.tolist() if hasattr(given, "tolist") else given, dtype=np.float64
        )
    except (TypeError, ValueError) as error:
        raise BadValue(
            f"{name}: not an array of numbers; give a tensor, an array or nested lists"
        ) from error
    if not np.isfinite(array).all():
        raise BadValue(
            f"{name}: {'nan' if np.isnan(array).any() else 'inf'} among the numbers; look for an overflow"
        )
    return array


def _vectors(name: str, given: Any, T: int) -> Array:
    array = _array(name, given)
    array = array[None] if array.ndim == 2 else array
    if array.ndim != 3 or array.shape[1] != T or 0 in array.shape:
        raise BadValue(
            f"{name}: shape {array.shape} does not fit {T} tokens; give ({T}, D) or (H, {T}, D)"
        )
    return array


def _weights(name: str, given: Any, T: int, causal: bool) -> Array:
    array = _array(name, given)
    array = (
        array.reshape((1,) * (4 - array.ndim) + array.shape)
        if 2 <= array.ndim <= 4
        else array
    )
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
    return array if _fits(array) else np.rint(array * 10_000) / 10_000
