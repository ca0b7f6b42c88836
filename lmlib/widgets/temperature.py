"""The temperature scrubber: how temperature, top-k and top-p turn logits into the probabilities that are drawn from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor
from traitlets import Any as AnyTrait
from traitlets import validate

from lmlib.sampling import next_probs
from lmlib.softmax import entropy
from lmlib.widgets.base import BadValue, Widget, script, whole, with_defaults
from lmlib.widgets.labels import TEMPERATURE
from lmlib.widgets.pictures import temperature_picture

LOWEST, HIGHEST = 0.05, 5.0


def _check_vocab(vocab: Sequence[str]) -> list[str]:
    words = list(vocab)
    if not words or not all(isinstance(word, str) for word in words):
        raise BadValue(
            f"vocab: {vocab!r} is no list of words; give the V words of the logits in order of their ids"
        )
    return words


def _check_logits(name: str, logits: Any, size: int) -> list[float]:
    try:
        row = torch.tensor(
            logits.tolist() if hasattr(logits, "tolist") else list(logits),
            dtype=torch.float64,
        )
    except (TypeError, ValueError) as error:
        raise BadValue(
            f"logits[{name!r}]: {logits!r} are no numbers; give {size} logits"
        ) from error
    if row.shape != (size,):
        raise BadValue(
            f"logits[{name!r}]: shape {tuple(row.shape)}; give one logit for each of the {size} words, shape ({size},)"
        )
    if row.isnan().any() or (row == math.inf).any():
        raise BadValue(
            f"logits[{name!r}]: {'nan' if row.isnan().any() else 'inf'} among them; use -inf for impossible words"
        )
    if (row == -math.inf).all():
        raise BadValue(
            f"logits[{name!r}]: all -inf, so no word is possible; leave at least one finite logit"
        )
    return [round(z, 6) for z in row.tolist()]


class TemperatureScrubber(Widget):
    """Bars over the softmax of a whole vocabulary, to be moved by temperature, top-k and top-p.

    Formula `eq:softmax`. ``logits`` maps each context to its (V,) logits, -inf for impossible words; they are
    rounded to six decimals, here and on the page, so that both compute from the same numbers. ``vocab`` are the V
    words, ``named`` how many get a bar of their own. ``temperature`` (0.05 … 5), ``top_k``, ``top_p``, ``context``
    and ``seed`` can be read, set and observed while the reader moves them. Raises ValueError for what cannot be.

    >>> w = TemperatureScrubber({"the": [2.0, 1.0, 0.0]}, ["cat", "dog", "end"], temperature=0.5)
    >>> w.probs
    tensor([0.8668, 0.1173, 0.0159], dtype=torch.float64)
    """

    _kind = "temperature"
    _state = ("context", "temperature", "top_k", "top_p", "seed")
    _esm = script("temperature")

    context = AnyTrait().tag(sync=True)
    temperature = AnyTrait(1.0).tag(sync=True)
    top_k = AnyTrait(None, allow_none=True).tag(sync=True)
    top_p = AnyTrait(None, allow_none=True).tag(sync=True)
    seed = AnyTrait(0).tag(sync=True)

    def __init__(
        self,
        logits: Mapping[str, Any],
        vocab: Sequence[str],
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        named: int = 12,
        seed: int = 0,
        labels: dict[str, str] | None = None,
    ) -> None:
        self._vocab = _check_vocab(vocab)
        if not isinstance(logits, Mapping) or not logits:
            raise BadValue(
                f"logits: {logits!r} is empty or no mapping; give {{context: logits of its next word}}"
            )
        self._logits = {
            str(name): _check_logits(str(name), row, len(self._vocab))
            for name, row in logits.items()
        }
        data = {
            "vocab": self._vocab,
            "contexts": {
                name: [z if math.isfinite(z) else None for z in row]
                for name, row in self._logits.items()
            },
            "named": whole("named", named, 1, 100),
            "labels": with_defaults(labels, TEMPERATURE),
        }
        first = next(iter(self._logits))
        super().__init__(
            _data=data,
            context=first,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            seed=seed,
        )

    @property
    def logits(self) -> Tensor:
        """(V,) logits of the context shown, rounded to six decimals."""
        return torch.tensor(self._logits[self.context], dtype=torch.float64)

    @property
    def probs(self) -> Tensor:
        """(V,) probabilities as they are shown: temperature, then top-k, then top-p of what is left."""
        return next_probs(self.logits, self.temperature, self.top_k, self.top_p)

    def sentence(self) -> str:
        """The most probable words with their probabilities, and the entropy."""
        probs, words = self.probs, self._data["labels"]
        top = self.ranking()[:3]
        nats = float(entropy(probs))
        return words["sentence"].format(
            context=self.context,
            T=f"{self.temperature:g}",
            V=len(self._vocab),
            top=", ".join(f"{self._vocab[i]} {probs[i]:.4f}" for i in top),
            rest=f"{1 - float(probs[top].sum()):.4f}",
            nats=f"{nats:.4f}",
            bits=f"{nats / math.log(2):.4f}",
            n=f"{math.exp(nats):.2f}",
        )

    def ranking(self) -> list[int]:
        """Ids from the highest logit down, of equal ones the lower id first: the order of the bars."""
        return self.logits.argsort(descending=True, stable=True).tolist()

    def picture(self) -> Figure:
        """The bars as they stand now."""
        order = [
            i
            for i in self.ranking()[: self._data["named"]]
            if math.isfinite(self.logits[i])
        ]
        bars = [(self._vocab[i], float(self.probs[i])) for i in order]
        left = len(self._vocab) - len(bars)
        if left:
            bars.append(
                (self._data["labels"]["others"].format(n=left), 1 - sum(p for _, p in bars))
            )
        return temperature_picture(
            bars,
            f"{self.context} …   τ = {self.temperature:g}",
            self._data["labels"]["probability"],
        )

    @validate("context")
    def _valid_context(self, proposal: Any) -> str:
        if proposal["value"] not in self._logits:
            raise BadValue(
                f"context: {proposal['value']!r} is unknown; choose one of {list(self._logits)}"
            )
        return proposal["value"]

    @validate("temperature")
    def _valid_temperature(self, proposal: Any) -> float:
        value = proposal["value"]
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float))
            or not LOWEST <= value <= HIGHEST
        ):
            raise BadValue(
                f"temperature: {value!r} is not from {LOWEST} to {HIGHEST:g}; towards 0 lies the argmax"
            )
        return float(value)

    @validate("top_k")
    def _valid_top_k(self, proposal: Any) -> int | None:
        value = proposal["value"]
        return (
            None
            if value is None
            else whole("top_k", value, 1, len(self._vocab), ", or None to keep all")
        )

    @validate("top_p")
    def _valid_top_p(self, proposal: Any) -> float | None:
        value = proposal["value"]
        if value is None:
            return None
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float))
            or not 0 < value <= 1
        ):
            raise BadValue(f"top_p: {value!r} is outside (0, 1]; use 1 or None to keep all")
        return float(value)

    @validate("seed")
    def _valid_seed(self, proposal: Any) -> int:
        return whole("seed", proposal["value"], 0, 2**32 - 1)
