"""One more token through a GPT, made fast: a step of writing is so short that calling modules takes half of it.

What :class:`lmlib.blocks.Block` does to many tokens is done here to one, by the same functions on the
same weights. It is for models as the book makes them; whatever was put into one, or around a part of
it, is asked by its own ``forward``.

>>> model = GPT(Config(vocab_size=304)).eval()
>>> cache, step = model.new_cache(), FastStep.of(model)
>>> step(torch.tensor([[5]]), cache).shape, cache[0].length
(torch.Size([1, 1, 304]), 1)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lmlib.blocks import Block, Config, FeedForward  # noqa: F401  for the example above
from lmlib.fused import attend
from lmlib.kv_cache import KVCache
from lmlib.multi_head import MultiHeadAttention
from lmlib.positions import rotate
from lmlib.transformer import GPT, Transformer

_OURS = (GPT, Transformer, Block, MultiHeadAttention, FeedForward)
_TORCHS = (nn.Linear, nn.LayerNorm, nn.Embedding, nn.Dropout, nn.GELU, nn.ModuleList)
_FORWARD: dict[type, Any] = {kind: kind.forward for kind in (*_OURS, *_TORCHS)}
"""What each part does: of another kind, or with another ``forward``, it is not one that is known here."""


class FastStep:
    """The blocks of a GPT as weights and settings, in the order in which a token meets them."""

    def __init__(self, decoder: Transformer) -> None:
        self.decoder = decoder
        self.blocks = [_parts(block) for block in decoder.blocks]

    @classmethod
    def of(cls, model: object) -> FastStep | None:
        """For a GPT in which all is as it was made, and nothing drops; ``None`` for any other model."""
        if isinstance(model, GPT) and all(map(_is_known, model.modules())):
            return cls(model.decoder)
        return None

    def __call__(self, tokens: Tensor, cache: Sequence[KVCache]) -> Tensor:
        """One new token of each text (B, 1) → logits of the next (B, 1, V), as the model's own with this cache."""
        x = self.decoder.embedded(tokens, cache[0].length)  # (B, 1, C)
        for parts, own in zip(self.blocks, cache, strict=True):
            attention, norm_1, qkv, output, norm_2, up, activation, down = parts
            seen = F.linear(torch.layer_norm(x, *norm_1), *qkv)
            x = x + F.linear(_look(attention, seen, own), *output)
            inside = F.linear(torch.layer_norm(x, *norm_2), *up)
            x = x + F.linear(activation(inside), *down)
        return self.decoder.logits(self.decoder.norm(x))


def _parts(block: Any) -> tuple[Any, ...]:
    def norm(part: nn.LayerNorm) -> tuple[object, ...]:
        return part.normalized_shape, part.weight, part.bias, part.eps

    def linear(part: nn.Linear) -> tuple[Tensor, Tensor]:
        return part.weight, part.bias

    attention, inner = block.attention, block.feed_forward
    looks = attention, norm(block.norm_1), linear(attention.qkv)
    thinks = norm(block.norm_2), linear(inner.up), inner.activation, linear(inner.down)
    return *looks, linear(attention.output), *thinks


def _look(attention: Any, qkv: Tensor, own: KVCache) -> Tensor:
    """(B, 1, 3 C) → what the heads find, (B, 1, C)."""
    B, start = len(qkv), own.length
    q, k, v = qkv.view(B, 3, attention.n_head, 1, -1).unbind(1)  # (B, H, 1, D)
    if attention.rotary:
        q, k = rotate(q, start), rotate(k, start)
    return attend(q, *own.append(k, v), causal=True)[0].reshape(B, 1, -1)


def _is_known(part: nn.Module) -> bool:
    """Whether calling a part does what this module takes for granted."""
    own = {"forward", "through"} & vars(part).keys()  # put into this one alone
    hooks = part._forward_hooks or part._forward_pre_hooks
    drops = isinstance(part, nn.Dropout) and part.training and part.p > 0
    known = _FORWARD.get(type(part)) is type(part).forward
    return known and not (own or hooks or drops)
