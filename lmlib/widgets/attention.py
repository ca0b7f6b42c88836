"""The attention heat map: who looks at whom, in any layer and head, or computed from queries and keys on the spot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor
from traitlets import observe, validate

from lmlib.attention import causal_mask, scaled_dot_product_attention
from lmlib.notebook import visible
from lmlib.widgets.attention_picture import attention_picture
from lmlib.widgets.base import Widget, script, with_defaults
from lmlib.widgets.checks import Given, one_of, switch, whole
from lmlib.widgets.examples import read_examples
from lmlib.widgets.labels import ATTENTION


class AttentionHeatmap(Widget):
    """A head's weights as a heat map, and one query's row as links and numbers.

    Formula `eq:attention`. ``tokens`` are T strings, with ``weights`` (L, H, T, T), (H, T, T) or (T, T) whose rows
    add up to 1, or with ``q`` and ``k`` (H, T, D) or (T, D), from which the page itself computes the weights,
    scale and mask switched by the reader. A mapping {label: dict(tokens=…, weights=…)} offers several texts.
    Up to ten tokens or 20,000 weights are carried exactly, more are rounded to the four decimals that are printed.
    ``example``, ``layer``, ``head``, ``query``, ``scale`` and ``mask`` can be read, set and observed. Raises
    ValueError for weights that are no distribution, shapes that disagree, and what is not there.

    >>> AttentionHeatmap(["I", "love"], q=torch.ones(2, 4), k=torch.ones(2, 4)).weights
    tensor([[1.0000, 0.0000],
            [0.5000, 0.5000]], dtype=torch.float64)
    """

    _kind = "attention"
    _state = ("example", "layer", "head", "query", "scale", "mask")
    _esm = script("attention")

    example = Given("").tag(sync=True)
    layer = Given(0).tag(sync=True)
    head = Given(0).tag(sync=True)
    query = Given(0).tag(sync=True)
    scale = Given(True).tag(sync=True)
    mask = Given(True).tag(sync=True)

    def __init__(
        self,
        tokens: Sequence[str] | Mapping[str, Mapping[str, Any]],
        weights: Any = None,
        *,
        q: Any = None,
        k: Any = None,
        causal: bool = True,
        layer: int = 0,
        head: int = 0,
        query: int | None = None,
        labels: dict[str, str] | None = None,
    ) -> None:
        self._examples = read_examples(tokens, weights, q, k, switch("causal", causal))
        first, text = next(iter(self._examples.items()))
        data = {
            "examples": {name: text.packed() for name, text in self._examples.items()},
            "names": [[name, visible(name)] for name in self._examples],
            "labels": with_defaults(labels, ATTENTION),
        }
        chosen = len(text.tokens) - 1 if query is None else query
        place = {"layer": layer, "head": head, "query": chosen}
        super().__init__(_data=data, example=first, mask=causal, **place)

    @property
    def weights(self) -> Tensor:
        """(T, T) weights of the layer and head shown; computed by lmlib where queries and keys are given."""
        shown = self._examples[self.example]
        arrays = {name: torch.from_numpy(array) for name, array in shown.arrays.items()}
        if shown.given:
            return arrays["weights"][self.layer, self.head]
        q, k = arrays["q"][self.head], arrays["k"][self.head]
        mask = causal_mask(len(shown.tokens)) if self.mask else None
        return scaled_dot_product_attention(q, k, k, mask=mask, scale=self.scale)[1]

    def sentence(self) -> str:
        """The tokens, and where the chosen query looks."""
        tokens, row = self._examples[self.example].names, self.weights[self.query]
        top = row.argsort(descending=True, stable=True)[:3].tolist()
        looks = [f"“{tokens[j]}” ({j}) {row[j]:.4f}" for j in top if row[j] > 0]
        return self._data["labels"]["sentence"].format(
            layer=self.layer,
            head=self.head,
            T=len(tokens),
            tokens=" ".join(tokens[:24]) + (" …" if len(tokens) > 24 else ""),
            query=f"“{tokens[self.query]}” ({self.query})",
            list=", ".join(looks),
        )

    def picture(self) -> Figure:
        """The heat map as it stands now."""
        shown, words = self._examples[self.example], self._data["labels"]
        masked = shown.causal if shown.given else self.mask
        hidden = np.triu(np.full((len(shown.tokens),) * 2, masked), 1)
        names = words["query"], words["key"]
        return attention_picture(shown.names, self.weights.numpy(), hidden, names)

    @observe("example")
    def _fit(self, change: Any) -> None:
        """Another text may have fewer layers, heads and tokens."""
        shown = self._examples[self.example]
        self.layer = min(self.layer, shown.layers - 1)
        self.head = min(self.head, shown.heads - 1)
        self.query = min(self.query, len(shown.tokens) - 1)

    @validate("example")
    def _valid_example(self, proposal: Any) -> str:
        return one_of("example", proposal["value"], self._examples)

    @validate("layer", "head", "query")
    def _valid_place(self, proposal: Any) -> int:
        shown, name = self._examples[self.example], proposal["trait"].name
        size = {"layer": shown.layers, "head": shown.heads, "query": len(shown.tokens)}
        return whole(name, proposal["value"], 0, size[name] - 1)

    @validate("scale", "mask")
    def _valid_switch(self, proposal: Any) -> bool:
        return switch(proposal["trait"].name, proposal["value"])
