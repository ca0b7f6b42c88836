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

from lmlib.llama import Llama
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
    top = {n: decoder[n] for n in ("norm.weight", "norm.bias")}
    tables = {"embed": decoder["embed.weight"], "position": decoder["position.weight"]}
    return {**tables, "blocks": _blocks(decoder, model.config.n_layer), **top}


def llama_weights(model: Llama) -> Weights:
    """The same for a model of today, which has no table of positions and no biases.

    Raises ValueError for one that has biases, an untied last layer, or another epsilon in its norms.
    """
    c = model.config
    others = c.qkv_bias, c.output_bias, c.ff_bias, not c.tied, c.norm_eps != 1e-5
    if any(others):
        raise ValueError(
            f"model: {c} is not what the parts are made for; give one without biases, with one table "
            "for words and logits, and norm_eps 1e-5"
        )
    own = dict(model.named_parameters())
    top = {"embed": own["embed.weight"], "norm.weight": own["norm.weight"]}
    return {**top, "blocks": _blocks(own, c.n_layer)}


def _blocks(named: dict[str, Any], n_layer: int) -> list[dict[str, Tensor]]:
    """The tensors of each block by their last two names."""
    return [
        {
            ".".join(n.split(".")[-2:]): t
            for n, t in named.items()
            if n.startswith(f"blocks.{i}.")
        }
        for i in range(n_layer)
    ]


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


class PartsLlama:
    """A model of today made of parts: GPT's, and four others in the place of some. (B, T) ids → logits (B, T, V)."""

    def __init__(self, parts: Parts, model: Llama) -> None:
        self.parts, self.config = parts, model.config
        self.weights = llama_weights(model)

    def __call__(self, ids: Tensor) -> Tensor:
        return self.parts.word_scores(self._read(ids), self.weights["embed"])

    def last_logits(self, ids: Tensor) -> Tensor:
        """The logits behind the last token, (B, T) → (B, V), with everything read anew."""
        last = self._read(ids)[:, -1:]
        return self.parts.word_scores(last, self.weights["embed"])[:, -1]

    def _read(self, ids: Tensor) -> Tensor:
        parts, c, w = self.parts, self.config, self.weights
        x = parts.look_up(ids, w["embed"])
        for own in w["blocks"]:
            seen = parts.rms_norm(x, own["norm_1.weight"])
            sizes = c.n_head, c.n_kv_head, c.rope_base
            x = x + parts.grouped_heads(seen, own, *sizes)
            x = x + parts.swiglu(parts.rms_norm(x, own["norm_2.weight"]), own)
        return parts.rms_norm(x, w["norm.weight"])
