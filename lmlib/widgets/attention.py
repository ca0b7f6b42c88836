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
from lmlib.stories import WORDS
from lmlib.transformer import GPT
from lmlib.widgets.attention_picture import attention_picture
from lmlib.widgets.base import Widget, script, with_defaults
from lmlib.widgets.checks import BadValue, Given, one_of, switch, whole
from lmlib.widgets.cuts import links_of, with_cuts, with_weights
from lmlib.widgets.examples import read_examples
from lmlib.widgets.labels import ATTENTION
from lmlib.widgets.live import pack_live


class AttentionHeatmap(Widget):
    """A head's weights as a heat map, and one query's row as links and numbers.

    Formula `eq:attention`. ``tokens`` are T strings, with ``weights`` (L, H, T, T), (H, T, T) or (T, T) whose rows
    add up to 1, or with ``q`` and ``k`` (H, T, D) or (T, D), from which the page itself computes the weights,
    scale and mask switched by the reader. With ``model``, a GPT for the words of the stories, tokens are enough:
    weights are what it gives, and a link can be ``cut``, a list of [layer, head, query, key]; what it had goes to
    the others of its row, and the prediction behind the query changes. A mapping {label: dict(tokens=…,
    weights=…)} offers several texts. Up to ten tokens or 20,000 weights are carried exactly, more are rounded to
    the four decimals that are printed. ``example``, ``layer``, ``head``, ``query``, ``scale``, ``mask`` and ``cut``
    can be read, set and observed. Raises ValueError for weights that are no distribution, shapes that disagree,
    and what is not there.

    >>> AttentionHeatmap(["I", "love"], q=torch.ones(2, 4), k=torch.ones(2, 4)).weights
    tensor([[1.0000, 0.0000],
            [0.5000, 0.5000]], dtype=torch.float64)
    """

    _kind = "attention"
    _state = ("example", "layer", "head", "query", "scale", "mask", "cut")
    _esm = script("attention", live=True)

    example = Given("").tag(sync=True)
    layer = Given(0).tag(sync=True)
    head = Given(0).tag(sync=True)
    query = Given(0).tag(sync=True)
    scale = Given(True).tag(sync=True)
    mask = Given(True).tag(sync=True)
    cut = Given().tag(sync=True)

    def __init__(
        self,
        tokens: Sequence[str] | Mapping[str, Mapping[str, Any]],
        weights: Any = None,
        *,
        q: Any = None,
        k: Any = None,
        model: GPT | None = None,
        causal: bool = True,
        example: str | None = None,
        layer: int = 0,
        head: int = 0,
        query: int | None = None,
        scale: bool = True,
        mask: bool | None = None,
        cut: Sequence[Sequence[int]] = (),
        labels: dict[str, str] | None = None,
    ) -> None:
        self._model, self._is_live = model, model is not None
        live = {} if model is None else {"live.js": pack_live(model)}
        self._ids: dict[str, list[int]] = {}
        if model is not None:
            if any(given is not None for given in (weights, q, k)):
                raise BadValue(
                    "weights: a model makes its own; leave out weights, q and k"
                )
            tokens, self._ids = with_weights(model, tokens)
        self._examples = read_examples(tokens, weights, q, k, switch("causal", causal))
        first = next(iter(self._examples))
        if example is not None:
            first = one_of("example", example, self._examples)
        text = self._examples[first]
        packed = {name: each.packed() for name, each in self._examples.items()}
        for name, ids in self._ids.items():
            packed[name] |= {"ids": ids, "words": [WORDS.vocab[i] for i in ids]}
        data = {
            "examples": packed,
            "names": [[name, visible(name)] for name in self._examples],
            "labels": with_defaults(labels, ATTENTION),
        }
        chosen = len(text.tokens) - 1 if query is None else query
        place = {"layer": layer, "head": head, "query": chosen}
        ways = {"scale": scale, "mask": causal if mask is None else mask}
        super().__init__(
            _data=data, example=first, provides=live, **ways, **place, cut=cut
        )

    @property
    def weights(self) -> Tensor:
        """(T, T) weights of the layer and head shown; computed by lmlib where queries and keys are given."""
        shown = self._examples[self.example]
        if self.cut:
            return self._computed(self.cut)[1][self.layer, self.head]
        arrays = {name: torch.from_numpy(array) for name, array in shown.arrays.items()}
        if shown.given:
            return arrays["weights"][self.layer, self.head]
        q, k = arrays["q"][self.head], arrays["k"][self.head]
        mask = causal_mask(len(shown.tokens)) if self.mask else None
        return scaled_dot_product_attention(q, k, k, mask=mask, scale=self.scale)[1]

    def predictions(self) -> tuple[Tensor, Tensor]:
        """(V,) probabilities of the next word behind the query: with no link cut, and with the cuts.

        Raises ValueError without a model.
        """
        if self._model is None:
            raise BadValue("model: none was given, so nothing is predicted")
        before, now = (
            self._computed(cut)[0][self.query].softmax(-1) for cut in ((), self.cut)
        )
        return before, now

    def _computed(self, cut: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
        return with_cuts(self._model, self._ids[self.example], cut)  # type: ignore[arg-type]

    def sentence(self) -> str:
        """The tokens, and where the chosen query looks."""
        tokens, row = self._examples[self.example].names, self.weights[self.query]
        top = row.argsort(descending=True, stable=True)[:3].tolist()
        looks = [f"“{tokens[j]}” ({j}) {row[j]:.4f}" for j in top if row[j] > 0]
        said = self._data["labels"]["sentence"].format(
            layer=self.layer,
            head=self.head,
            T=len(tokens),
            tokens=" ".join(tokens[:24]) + (" …" if len(tokens) > 24 else ""),
            query=f"“{tokens[self.query]}” ({self.query})",
            list=", ".join(looks),
        )
        if not self.cut:
            return said
        before, now = self.predictions()
        best = int(before.argmax())
        return said + self._data["labels"]["sentence_cut"].format(
            n=len(self.cut),
            top=f"“{visible(WORDS.vocab[best])}” {before[best]:.4f}",
            now=f"{now[best]:.4f}",
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
        if change["old"]:  # not where the first text is set
            self.cut = []

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

    @validate("cut")
    def _valid_cut(self, proposal: Any) -> list[list[int]]:
        shown, value = self._examples[self.example], proposal["value"]
        cut = links_of(value, shown.layers, shown.heads, len(shown.tokens))
        if cut and self._model is None:
            raise BadValue(
                "cut: give a model, for without one nothing follows from a cut"
            )
        return cut
