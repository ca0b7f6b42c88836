"""What a heat map looks at: one of its texts, a layer, a head and a query, and the links that are cut there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from traitlets import HasTraits, observe, validate

from lmlib.attention import causal_mask, scaled_dot_product_attention
from lmlib.transformer import GPT
from lmlib.widgets.checks import BadValue, Given, one_of, switch, text_of, whole
from lmlib.widgets.cuts import links_of, with_cuts
from lmlib.widgets.examples import Example
from lmlib.widgets.texts import read_own


class Look(HasTraits):
    """A place in the weights of a text, each part of it to be set and observed, and what stands there.

    ``texts`` are those of :func:`lmlib.widgets.texts.read_texts`, with the ``model`` that they were read with. The
    first text is looked at if no other is named, and its last query; ``text``, a reader's own words, comes before
    them. Raises ValueError for a place or a link that is not there.

    >>> from lmlib.widgets.texts import read_texts
    >>> Look(read_texts(["I", "love"], torch.eye(2)), None).weights
    tensor([[1., 0.],
            [0., 1.]], dtype=torch.float64)
    """

    example = Given("").tag(sync=True)
    layer = Given(0).tag(sync=True)
    head = Given(0).tag(sync=True)
    query = Given(0).tag(sync=True)
    scale = Given(True).tag(sync=True)
    mask = Given(True).tag(sync=True)
    cut = Given().tag(sync=True)
    text = Given("").tag(sync=True)

    def __init__(
        self,
        texts: dict[str, Example],
        model: GPT | None,
        example: str | None = None,
        query: int | None = None,
        text: str = "",
        **others: Any,
    ) -> None:
        self._examples, self._model, self._own = (
            texts,
            model,
            ("", next(iter(texts.values()))),
        )
        first = (
            next(iter(texts)) if example is None else one_of("example", example, texts)
        )
        shown = self._read(text) if text else texts[first]
        chosen = len(shown.tokens) - 1 if query is None else query
        self._made = False
        super().__init__(example=first, query=chosen, text=text, **others)
        self._made = True

    @property
    def shown(self) -> Example:
        """What is looked at: the reader's own words, if there are any."""
        return self._read(self.text) if self.text else self._examples[self.example]

    def _read(self, text: str) -> Example:
        """A text of the reader's, read by the model; ValueError says what it does not know."""
        if self._model is None:
            raise BadValue("text: give a model, which reads your own words")
        if self._own[0] != text:
            self._own = text, read_own(text, self._model)
        return self._own[1]

    @property
    def weights(self) -> Tensor:
        """(T, T) weights of the layer and head shown; computed by lmlib where queries and keys are given."""
        shown = self.shown
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
        assert self._model  # where a link is cut there is one
        return with_cuts(self._model, self.shown.ids, cut)

    @observe("example", "text")
    def _fit(self, change: Any) -> None:
        """Another text may have fewer layers, heads and tokens."""
        shown = self.shown
        self.layer = min(self.layer, shown.layers - 1)
        self.head = min(self.head, shown.heads - 1)
        self.query = min(self.query, len(shown.tokens) - 1)
        if self._made:  # what it began with stays
            self.cut = []

    @validate("example")
    def _valid_example(self, proposal: Any) -> str:
        return one_of("example", proposal["value"], self._examples)

    @validate("text")
    def _valid_text(self, proposal: Any) -> str:
        if proposal["value"]:
            self._read(proposal["value"])
        return text_of(proposal["value"])

    @validate("layer", "head", "query")
    def _valid_place(self, proposal: Any) -> int:
        shown, name = self.shown, proposal["trait"].name
        size = {"layer": shown.layers, "head": shown.heads, "query": len(shown.tokens)}
        return whole(name, proposal["value"], 0, size[name] - 1)

    @validate("scale", "mask")
    def _valid_switch(self, proposal: Any) -> bool:
        return switch(proposal["trait"].name, proposal["value"])

    @validate("cut")
    def _valid_cut(self, proposal: Any) -> list[list[int]]:
        shown, value = self.shown, proposal["value"]
        cut = links_of(value, shown.layers, shown.heads, len(shown.tokens))
        if cut and self._model is None:
            raise BadValue(
                "cut: give a model, for without one nothing follows from a cut"
            )
        return cut
