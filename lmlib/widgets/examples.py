"""The texts of an attention heat map: tokens, and the arrays that say who looks at whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from reprlib import repr as short
from typing import Any

import numpy as np

from lmlib.notebook import visible
from lmlib.widgets.arrays import (
    Array,
    exact,
    fits,
    read_weights,
    ten_thousandths,
    vectors,
)
from lmlib.widgets.checks import BadValue

MOST = 1_000
"""How many tokens a text may have: a map of more has no cell that can be seen, and too much to travel."""


@dataclass(frozen=True)
class Example:
    """Tokens with arrays "weights" (L, H, T, T), or "q" and "k" (H, T, D)."""

    tokens: list[str]
    causal: bool
    arrays: dict[str, Array]
    ids: list[int] = field(default_factory=list)
    """Of the tokens, where a model made the weights and can be asked again."""

    @property
    def names(self) -> list[str]:
        """The tokens as they are shown."""
        return [visible(token) for token in self.tokens]

    @property
    def given(self) -> bool:
        """Whether the weights came ready, rather than queries and keys to compute them from."""
        return "weights" in self.arrays

    @property
    def layers(self) -> int:
        return self.arrays["weights"].shape[0] if self.given else 1

    @property
    def heads(self) -> int:
        arrays = self.arrays
        return arrays["weights"].shape[1] if self.given else arrays["q"].shape[0]

    def packed(self) -> dict[str, Any]:
        """What the page reads."""
        shape: dict[str, Any] = {"tokens": self.names, "causal": self.causal}
        shape |= {"layers": self.layers, "heads": self.heads}
        if self.ids:
            shape |= {"ids": self.ids, "words": self.tokens}
        if not self.given:
            return shape | {name: exact(array) for name, array in self.arrays.items()}
        weights = self.arrays["weights"]
        pack = exact if fits(weights) else ten_thousandths
        if self.causal:
            weights = weights[..., *np.tril_indices(len(self.tokens))]
        return shape | {"weights": pack(weights)}


def read_examples(
    tokens: Any, weights: Any, q: Any, k: Any, causal: bool
) -> dict[str, Example]:
    """One text, or those of a mapping, by their labels; ValueError says what does not fit."""
    if not isinstance(tokens, Mapping):
        one = {"tokens": tokens, "weights": weights, "q": q, "k": k}
        return {"": _example("", one, causal)}
    if not tokens or any(given is not None for given in (weights, q, k)):
        raise BadValue(
            "tokens: a mapping needs at least one {label: dict(tokens=…, weights=…)}, and no weights, q or k beside it"
        )
    texts = tokens.items()
    return {str(name): _example(f"[{name!r}]", text, causal) for name, text in texts}


def _example(where: str, given: Mapping[str, Any], causal: bool) -> Example:
    if not isinstance(given, Mapping):
        raise BadValue(
            f"tokens{where}: {given!r} is no mapping; give dict(tokens=…, weights=…)"
        )
    tokens = _tokens(where, given.get("tokens"))
    weights, q, k = (given.get(name) for name in ("weights", "q", "k"))
    if (weights is None) != (q is not None and k is not None) or (q is None) != (
        k is None
    ):
        raise BadValue(f"weights{where}: give either weights, or both q and k")
    if weights is not None:
        checked = read_weights("weights" + where, weights, len(tokens), causal)
        return Example(tokens, causal, {"weights": checked})
    queries, keys = (vectors(name + where, given[name], len(tokens)) for name in "qk")
    if keys.shape != queries.shape:
        raise BadValue(
            f"k{where}: shape {keys.shape} differs from that of q, {queries.shape}; they need one size"
        )
    return Example(tokens, causal, {"q": queries, "k": keys})


def _tokens(where: str, given: Any) -> list[str]:
    try:
        tokens = [] if isinstance(given, str) else list(given)
    except TypeError:
        tokens = []
    if not tokens or not all(isinstance(x, str) for x in tokens):
        raise BadValue(
            f"tokens{where}: {short(given)} is no list of tokens; give T strings"
        )
    if len(tokens) > MOST:
        raise BadValue(
            f"tokens{where}: {len(tokens):,} tokens are more than can be seen; give {MOST:,} at most"
        )
    return tokens
