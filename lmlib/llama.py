"""A language model of today: tokens, blocks of :mod:`lmlib.modern`, and logits. The layout is Llama's.

>>> model = Llama(ModernConfig(vocab_size=304))
>>> model(torch.zeros(1, 5, dtype=torch.long)).shape  # (B, T, V)
torch.Size([1, 5, 304])
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lmlib.blocks import draw_weights
from lmlib.fused import keeping_weights
from lmlib.kv_cache import KVCache
from lmlib.modern import ModernBlock, ModernConfig, RMSNorm
from lmlib.positions import rotations
from lmlib.validation import check_sequence


class Llama(nn.Module):
    """Every position predicts the next token from what stands before. Touvron et al. (2023).

    Tables start with standard deviation 1/√C, as the book's GPT does. The same ``seed`` gives the
    same numbers.
    """

    def __init__(self, config: ModernConfig, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Embedding(config.vocab_size, config.d_model)
        self.blocks = nn.ModuleList(ModernBlock(config) for _ in range(config.n_layer))
        self.norm = RMSNorm(config.d_model, config.norm_eps)
        if not config.tied:
            self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        draw_weights(self, config.d_model, config.n_layer, seed)

    def read(
        self, tokens: Tensor, cache: list[KVCache] | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """Vectors (B, T, C), and each layer's weights (B, H, T, S); with a ``cache``, give only new tokens.

        Raises ValueError where the sequence is longer than ``block_size``, or an id is no token's.
        """
        start = cache[0].length if cache else 0
        end = start + tokens.shape[1]
        check_sequence(tokens, end, self.config.block_size, self.config.vocab_size)
        x, seen = self.embed(tokens), []
        places = torch.arange(start, end, device=tokens.device)
        turns = rotations(places, self.config.d_head, self.config.rope_base, x.dtype)
        beside: Sequence[KVCache | None] = cache or [None for _ in self.blocks]
        for block, own in zip(self.blocks, beside, strict=True):
            x, weights = block(x, turns, own)
            seen.append(weights)
        return self.norm(x), seen

    def logits(self, x: Tensor) -> Tensor:
        """(B, T, C) → (B, T, V)."""
        return x @ self.embed.weight.T if self.config.tied else self.head(x)

    def forward(
        self, tokens: Tensor, cache: list[KVCache] | None = None, last: bool = False
    ) -> Tensor:
        """Logits of the next token, (B, T) ids → (B, T, V), or (B, 1, V) behind the ``last`` alone.

        With a ``cache``, give only new tokens.
        """
        x, _ = self.read(tokens, cache)
        return self.logits(x[:, -1:] if last else x)

    def with_weights(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Logits as :meth:`forward`, and the attention weights (L, B, H, T, T) that made them."""
        with keeping_weights(True):
            x, weights = self.read(tokens)
        return self.logits(x), torch.stack(weights)

    def new_cache(self, max_length: int | None = None) -> list[KVCache]:
        """One empty cache a layer, with room for ``max_length`` tokens, ``block_size`` if it is not given."""
        length = max_length or self.config.block_size
        return [KVCache(length) for _ in range(self.config.n_layer)]
