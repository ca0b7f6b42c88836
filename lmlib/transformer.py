"""The transformer: embeddings, blocks and a last layer norm; and two models made of it, GPT and BERT.

>>> model = GPT(Config(vocab_size=304))
>>> model(torch.zeros(1, 5, dtype=torch.long)).shape  # (B, T, V)
torch.Size([1, 5, 304])
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from lmlib.blocks import Block, Config, draw_weights
from lmlib.fused import keeping_weights
from lmlib.kv_cache import KVCache
from lmlib.positions import sinusoids
from lmlib.validation import check_sequence


class Transformer(nn.Module):
    """Embeddings, blocks, and a last layer norm: tokens (B, T) → vectors (B, T, C).

    A decoder is ``causal``. Tables start with standard deviation 1/√C, which lets so small a model
    learn to copy; GPT-2 has 0.02. The same ``seed`` gives the same numbers.
    """

    Block: type[nn.Module] = Block

    def __init__(self, config: Config, causal: bool, seed: int) -> None:
        super().__init__()
        self.config = config
        C = config.d_model
        self.embed = nn.Embedding(config.vocab_size, C)
        if config.positions == "learned":
            self.position = nn.Embedding(config.block_size, C)
        elif config.positions == "sinusoidal":  # as long as the embeddings
            fixed = sinusoids(config.block_size, C) / math.sqrt(C)
            self.register_buffer("sinusoids", fixed, persistent=False)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(
            self.Block(config, causal) for _ in range(config.n_layer)
        )
        self.norm = nn.LayerNorm(C)
        draw_weights(self, config.d_model, config.n_layer, seed)

    def embedded(self, tokens: Tensor, start: int = 0) -> Tensor:
        """(B, T) ids at positions ``start`` and after → (B, T, C): what the first block reads."""
        end = start + tokens.shape[1]
        check_sequence(tokens, end, self.config.block_size, self.config.vocab_size)
        x = self.embed(tokens)
        if self.config.positions == "learned":
            x = x + self.position.weight[start:end]
        elif self.config.positions == "sinusoidal":
            x = x + self.get_buffer("sinusoids")[start:end]
        return self.dropout(x)

    def through(self, x: Tensor, beside: Sequence[Any]) -> tuple[Tensor, list[Tensor]]:
        """Vectors (B, T, C) through all blocks and the last norm; each block is given its own of ``beside``."""
        seen = []
        for block, own in zip(self.blocks, beside, strict=True):
            x, weights = block(x, own)
            seen.append(weights)
        return self.norm(x), seen

    def forward(
        self, tokens: Tensor, cache: list[KVCache] | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """Vectors (B, T, C), and each layer's weights (B, H, T, S).

        Raises ValueError where the sequence is longer than ``block_size``, or an id is no token's.
        """
        x = self.embedded(tokens, cache[0].length if cache else 0)
        return self.through(x, cache or [None] * len(self.blocks))

    def logits(self, x: Tensor) -> Tensor:
        """(B, T, C) → (B, T, V): how well each vector fits each word's own embedding (tied weights)."""
        return x @ self.embed.weight.T


class GPT(nn.Module):
    """The decoder alone: every position predicts the next token from what stands before."""

    def __init__(self, config: Config, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        self.decoder = Transformer(config, causal=True, seed=seed)

    def forward(
        self, tokens: Tensor, cache: list[KVCache] | None = None, last: bool = False
    ) -> Tensor:
        """Logits of the next token, (B, T) ids → (B, T, V), or (B, 1, V) behind the ``last`` alone.

        With a ``cache``, give only new tokens.
        """
        x, _ = self.decoder(tokens, cache)
        return self.decoder.logits(x[:, -1:] if last else x)

    def with_weights(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Logits as :meth:`forward`, and the attention weights (L, B, H, T, T) that made them."""
        with keeping_weights(True):
            x, weights = self.decoder(tokens)
        return self.decoder.logits(x), torch.stack(weights)

    def new_cache(self, max_length: int | None = None) -> list[KVCache]:
        """One empty cache a layer, with room for ``max_length`` tokens, ``block_size`` if it is not given."""
        length = max_length or self.config.block_size
        return [KVCache(length) for _ in range(self.config.n_layer)]


class BERT(nn.Module):
    """The encoder alone: every position sees the whole text, and predicts the token that stands there.

    Give it texts in which some tokens were replaced by a mask. Devlin et al. (2019).
    """

    def __init__(self, config: Config, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        self.encoder = Transformer(config, causal=False, seed=seed)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits of the token at each place itself, (B, T) ids → (B, T, V)."""
        return self.encoder.logits(self.encoder(tokens)[0])


def count_parameters(model: nn.Module, trainable: bool = False) -> int:
    """The number of parameters of a model; with ``trainable`` only of those that are not frozen.

    >>> count_parameters(GPT(Config(vocab_size=304)))
    125952
    """
    return sum(
        p.numel() for p in model.parameters() if p.requires_grad or not trainable
    )
