"""The temperature scrubber: how temperature, top-k and top-p turn logits into the probabilities that are drawn from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor
from traitlets import validate

from lmlib.notebook import visible
from lmlib.softmax import entropy
from lmlib.widgets.base import Widget, script, with_defaults
from lmlib.widgets.checks import Given, one_of, temperature_of, whole, words_of
from lmlib.widgets.draws import Draws
from lmlib.widgets.labels import TEMPERATURE
from lmlib.widgets.logits import FEW, logits_of, packed
from lmlib.widgets.temperature_picture import temperature_picture


class TemperatureScrubber(Draws, Widget):
    """Bars over the softmax of a whole vocabulary, to be moved by temperature, top-k and top-p.

    Formula `eq:softmax`. ``logits`` maps each context to its (V,) logits, -inf for impossible words; they are
    rounded to six decimals, here and on the page, so that both compute from the same numbers. Of a vocabulary as
    large as a real model's, unlikely words share the mean logit of their group: no probability moves by 0.001.
    ``vocab`` are the V words, ``named`` how many get a bar of their own. ``temperature`` (0.05 … 5), ``other``, a
    second temperature to compare with, ``top_k``, ``top_p``, ``context`` and ``seed`` can be set and observed.
    Raises ValueError for what cannot be.

    >>> w = TemperatureScrubber({"the": [2.0, 1.0, 0.0]}, ["cat", "dog", "end"], temperature=0.5)
    >>> w.probs
    tensor([0.8668, 0.1173, 0.0159], dtype=torch.float64)
    """

    _kind = "temperature"
    _state = ("context", "temperature", "other", "top_k", "top_p", "seed")
    _esm = script("temperature")

    context = Given().tag(sync=True)
    other = Given(None, allow_none=True).tag(sync=True)

    def __init__(
        self,
        logits: Mapping[str, Any],
        vocab: Sequence[str],
        *,
        context: str | None = None,
        temperature: float = 1.0,
        other: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        named: int = 12,
        seed: int = 0,
        labels: dict[str, str] | None = None,
    ) -> None:
        self._vocab = [visible(word) for word in words_of(vocab)]
        self._logits = logits_of(logits, len(self._vocab))
        data = {
            "V": len(self._vocab),
            "vocab": self._vocab if len(self._vocab) <= FEW else [],
            "contexts": {
                n: packed(row, self._vocab) for n, row in self._logits.items()
            },
            "names": [[name, visible(name)] for name in self._logits],
            "named": whole("named", named, 1, 100),
            "labels": with_defaults(labels, TEMPERATURE),
        }
        start = {
            "context": next(iter(self._logits)) if context is None else context,
            "temperature": temperature,
            "other": other,
            "top_k": top_k,
            "top_p": top_p,
        }
        super().__init__(len(self._vocab), _data=data, seed=seed, **start)

    @property
    def logits(self) -> Tensor:
        """(V,) logits of the context shown, as the page has them."""
        return torch.tensor(self._logits[self.context], dtype=torch.float64)

    @property
    def probs(self) -> Tensor:
        """(V,) probabilities as they are shown: temperature, then top-k, then top-p of what is left."""
        return self.shaped(self.logits)

    @property
    def other_probs(self) -> Tensor | None:
        """(V,) probabilities at the second temperature; None without one."""
        if self.other is None:
            return None
        return self.shaped(self.logits, self.other)

    def sentence(self) -> str:
        """The most probable words with their probabilities, and the entropy; with a second temperature both."""
        probs, vocab, labels = self.probs, self._vocab, self._data["labels"]
        top = self.ranking()[:3]
        nats = float(entropy(probs))
        said = labels["sentence"].format(
            context=visible(self.context),
            T=f"{self.temperature:g}",
            V=len(vocab),
            top=", ".join(f"{vocab[i]} {probs[i]:.4f}" for i in top),
            rest=f"{1 - float(probs[top].sum()):.4f}",
            nats=f"{nats:.4f}",
            bits=f"{nats / math.log(2):.4f}",
            n=f"{math.exp(nats):.2f}",
        )
        if self.other_probs is None:
            return said
        others = ", ".join(f"{vocab[i]} {self.other_probs[i]:.4f}" for i in top)
        return said + labels["sentence_other"].format(T=f"{self.other:g}", top=others)

    def ranking(self) -> list[int]:
        """Ids from the highest logit down, of equal ones the lower id first: the order of the bars."""
        return self.logits.argsort(descending=True, stable=True).tolist()

    def picture(self) -> Figure:
        """The bars as they stand now."""
        vocab, labels = self._vocab, self._data["labels"]
        named = self.ranking()[: self._data["named"]]
        named = [i for i in named if math.isfinite(self.logits[i])]
        words = [vocab[i] for i in named]
        if left := len(vocab) - len(words):
            words.append(labels["others"].format(n=left))
        series = {}
        for T, probs in (
            (self.temperature, self.probs),
            (self.other, self.other_probs),
        ):
            if probs is not None:
                row = probs[named].tolist()
                series[f"τ = {T:g}"] = [*row, 1 - sum(row)][: len(words)]
        title = f"{visible(self.context)} …   {', '.join(series)}"
        return temperature_picture(words, series, title, labels["probability"])

    @validate("context")
    def _valid_context(self, proposal: Any) -> str:
        return one_of("context", proposal["value"], self._logits)

    @validate("other")
    def _valid_other(self, proposal: Any) -> float | None:
        value = proposal["value"]
        return None if value is None else temperature_of(value, "other")
