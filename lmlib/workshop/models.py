"""A model made of parts and of trained weights. It answers as every model of the book does.

>>> from lmlib.pretrained import load_book_gpt
>>> from lmlib.workshop.assembly import Parts
>>> model = PartsGPT(Parts(), load_book_gpt())
>>> model(torch.tensor([[0, 5, 7]])).shape  # (B, T, V)
torch.Size([1, 3, 304])
"""

from __future__ import annotations

from typing import Any

import torch  # noqa: F401  for the example above
from torch import Tensor

from lmlib.transformer import GPT
from lmlib.workshop.assembly import Parts

Weights = dict[str, Any]
"""Of a model: ``embed`` (V, C), ``position`` (T, C), ``norm.weight`` and ``norm.bias`` (C,), and ``blocks``, a list
with a dict of tensors for each block."""


def weights_of(model: GPT) -> Weights:
    """The weights of the book's GPT as the parts take them. They are the model's own tensors, and no copies.

    Raises ValueError for a model without learned positions, which the parts have not.
    """
    if model.config.positions != "learned":
        raise ValueError(
            f"model: its positions are {model.config.positions!r}; the parts know learned ones"
        )
    decoder = dict(model.decoder.named_parameters())
    blocks = []
    for i in range(model.config.n_layer):
        start = f"blocks.{i}."
        own = {
            n.removeprefix(start): t for n, t in decoder.items() if n.startswith(start)
        }
        blocks.append({".".join(n.split(".")[-2:]): t for n, t in own.items()})
    top = {n: decoder[n] for n in ("norm.weight", "norm.bias")}
    tables = {"embed": decoder["embed.weight"], "position": decoder["position.weight"]}
    return {**tables, "blocks": blocks, **top}


class PartsGPT:
    """The book's GPT of other parts: the same weights, (B, T) ids → logits of each next token (B, T, V)."""

    def __init__(self, parts: Parts, model: GPT) -> None:
        self.parts, self.config, self.weights = parts, model.config, weights_of(model)

    def __call__(self, ids: Tensor) -> Tensor:
        return self.parts.gpt(ids, self.weights, self.config.n_head)

    def last_logits(self, ids: Tensor) -> Tensor:
        """The logits behind the last token, (B, T) → (B, V), with everything read anew."""
        return self(ids)[:, -1]

    def reader(self) -> CachedReader:
        """The same for a text that grows, with keys and values kept."""
        return CachedReader(self)


class CachedReader:
    """Gives the logits behind the last token of a text that grows: only what is new is read, token by token."""

    def __init__(self, model: PartsGPT) -> None:
        self.model, self.length = model, 0
        self.past: list[tuple[Tensor, Tensor]] = []

    def __call__(self, ids: Tensor) -> Tensor:
        """(B, T) → (B, V). Raises ValueError where no token is new."""
        if ids.shape[1] <= self.length:
            raise ValueError(f"ids: {ids.shape[1]} tokens, of which none is new")
        for t in range(self.length, ids.shape[1]):
            logits = self._read(ids[:, t : t + 1])
        return logits[:, -1]

    def _read(self, new: Tensor) -> Tensor:
        parts, w, n_head = (
            self.model.parts,
            self.model.weights,
            self.model.config.n_head,
        )
        x = parts.look_up(new, w["embed"])
        x = parts.with_positions(x, w["position"], self.length)
        if not self.past:
            empty = x.new_empty(len(x), n_head, 0, x.shape[-1] // n_head)
            self.past = [(empty, empty)] * len(w["blocks"])
        for i, own in enumerate(w["blocks"]):
            seen = parts.normalise(x, own["norm_1.weight"], own["norm_1.bias"])
            found, self.past[i] = parts.cached_heads(seen, own, n_head, self.past[i])
            x = x + found
            seen = parts.normalise(x, own["norm_2.weight"], own["norm_2.bias"])
            x = x + parts.feed_forward(seen, own)
        self.length += 1
        return parts.word_scores(
            parts.normalise(x, w["norm.weight"], w["norm.bias"]), w["embed"]
        )
