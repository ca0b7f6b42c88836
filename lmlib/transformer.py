"""The transformer: blocks of attention and feed-forward networks, and three models made of them.

Vaswani et al. (2017); the layer norm comes first, as in GPT-2 (Radford et al. 2019).

>>> model = GPT(Config(vocab_size=304))
>>> model(torch.zeros(1, 5, dtype=torch.long)).shape  # (B, T, V)
torch.Size([1, 5, 304])
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from lmlib.attention import KVCache, MultiHeadAttention
from lmlib.positions import sinusoids


@dataclass(frozen=True)
class Config:
    """The size of a transformer. The default is the book's GPT.

    Raises ValueError for sizes that do not fit together.
    """

    vocab_size: int  # V
    block_size: int = 100  # the longest text, in tokens
    n_layer: int = 2
    n_head: int = 4  # H, divides d_model
    d_model: int = 64  # C
    dropout: float = 0.0
    positions: Literal["learned", "sinusoidal", "rotary"] = "learned"

    def __post_init__(self) -> None:
        for name in ("vocab_size", "block_size", "n_layer", "n_head", "d_model"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: {getattr(self, name)} is below 1; use 1 or more")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout: {self.dropout} is outside [0, 1); 0 drops nothing")
        if self.positions not in ("learned", "sinusoidal", "rotary"):
            raise ValueError(
                f"positions: {self.positions!r} is not known; use 'learned', 'sinusoidal' or 'rotary'"
            )


class FeedForward(nn.Module):
    """Two linear layers with a bend between, for each token alone: `eq:feed-forward`.

    (B, T, C) → (B, T, C); 4C numbers inside; GELU in the form that GPT-2 uses.
    """

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.up = nn.Linear(d_model, 4 * d_model)
        self.activation = nn.GELU(approximate="tanh")
        self.down = nn.Linear(4 * d_model, d_model)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(self.activation(self.up(x)))


class Block(nn.Module):
    """Attention, then a feed-forward network, each added to what was there: formula `eq:block`.

    A block with ``cross`` also looks at a memory between the two: formula `eq:cross-attention`.
    """

    def __init__(self, config: Config, causal: bool, cross: bool) -> None:
        super().__init__()
        C, H = config.d_model, config.n_head
        rotary = config.positions == "rotary"
        self.norm_1 = nn.LayerNorm(C)
        self.attention = MultiHeadAttention(C, H, causal, bias=True, rotary=rotary)
        if cross:
            self.norm_cross = nn.LayerNorm(C)
            self.cross_attention = MultiHeadAttention(C, H, causal=False, bias=True)
        self.norm_2 = nn.LayerNorm(C)
        self.feed_forward = FeedForward(C)
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self, x: Tensor, memory: Tensor | None = None, cache: KVCache | None = None
    ) -> tuple[Tensor, Tensor]:
        """(B, T, C) → (B, T, C), and attention weights (B, H, T, S).

        They are the cross-attention's where there is a ``memory`` (B, S, C), else the
        self-attention's.
        """
        attended, weights = self.attention(self.norm_1(x), cache=cache)
        x = x + self.dropout(attended)
        if memory is not None:
            attended, weights = self.cross_attention(self.norm_cross(x), memory)
            x = x + self.dropout(attended)
        x = x + self.dropout(self.feed_forward(self.norm_2(x)))
        return x, weights


class Transformer(nn.Module):
    """Embeddings, blocks, and a last layer norm: tokens (B, T) → vectors (B, T, C).

    A decoder is ``causal``; with ``cross`` its blocks look at a memory as well. Tables start with
    standard deviation 1/√C, which lets so small a model learn to copy; GPT-2 has 0.02. The same
    ``seed`` gives the same numbers.
    """

    def __init__(
        self, config: Config, causal: bool, seed: int, cross: bool = False
    ) -> None:
        super().__init__()
        self.config = config
        C = config.d_model
        self.embed = nn.Embedding(config.vocab_size, C)
        if config.positions == "learned":
            self.position = nn.Embedding(config.block_size, C)
        elif config.positions == "sinusoidal":
            waves = sinusoids(config.block_size, C) / math.sqrt(
                C
            )  # as long as the embeddings
            self.register_buffer("waves", waves, persistent=False)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(
            Block(config, causal, cross) for _ in range(config.n_layer)
        )
        self.norm = nn.LayerNorm(C)
        self._initialise(torch.Generator().manual_seed(seed))

    def _initialise(self, generator: torch.Generator) -> None:
        std = 1 / math.sqrt(self.config.d_model)
        for name, p in self.named_parameters():
            if name.endswith(
                ("output.weight", "down.weight")
            ):  # what blocks add must not pile up
                nn.init.normal_(
                    p, std=std / math.sqrt(2 * self.config.n_layer), generator=generator
                )
            elif p.dim() == 2:
                nn.init.normal_(p, std=std, generator=generator)
            elif name.endswith("bias"):
                nn.init.zeros_(p)

    def _check(self, tokens: Tensor, start: int) -> None:
        length, longest = start + tokens.shape[1], self.config.block_size
        if length > longest:
            raise ValueError(
                f"tokens: {length} do not fit into block_size {longest}; cut the text, "
                "or make the model with a larger block_size"
            )
        if torch.compiler.is_compiling() or not tokens.numel():
            return  # compiled code does not stop to look at numbers
        if not 0 <= tokens.min() <= tokens.max() < self.config.vocab_size:
            raise ValueError(
                f"tokens: ids must lie in 0 … {self.config.vocab_size - 1}, "
                f"got {tokens.min()} … {tokens.max()}; was the text encoded with another vocabulary?"
            )

    def forward(
        self,
        tokens: Tensor,
        memory: Tensor | None = None,
        cache: list[KVCache] | None = None,
    ) -> tuple[Tensor, list[Tensor]]:
        """Vectors (B, T, C), and each layer's weights (B, H, T, S).

        Raises ValueError where the text is longer than ``block_size``, or an id is no token's.
        """
        start = cache[0].length if cache else 0
        self._check(tokens, start)
        end = start + tokens.shape[1]
        x = self.embed(tokens)  # (B, T, C)
        if self.config.positions == "learned":
            x = x + self.position.weight[start:end]
        elif self.config.positions == "sinusoidal":
            x = x + self.get_buffer("waves")[start:end]
        x = self.dropout(x)
        seen = []
        for i, block in enumerate(self.blocks):
            x, weights = block(x, memory, cache[i] if cache else None)
            seen.append(weights)
        return self.norm(x), seen

    def logits(self, x: Tensor) -> Tensor:
        """(B, T, C) → (B, T, V): how well each vector fits each word's own embedding (tied weights)."""
        return x @ self.embed.weight.T


class GPT(nn.Module):
    """The decoder alone: every position predicts the next token from what stands before."""

    def __init__(self, config: Config, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        self.decoder = Transformer(config, causal=True, seed=seed)

    def forward(self, tokens: Tensor, cache: list[KVCache] | None = None) -> Tensor:
        """Logits of the next token, (B, T) ids → (B, T, V). With a ``cache``, give only new tokens."""
        return self.decoder.logits(self.decoder(tokens, cache=cache)[0])

    def with_weights(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Logits as :meth:`forward`, and the attention weights (L, B, H, T, T) that made them."""
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


class EncoderDecoder(nn.Module):
    """An encoder reads one text, a decoder writes another and looks at the first: the transformer of 2017."""

    def __init__(self, config: Config, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        self.encoder = Transformer(config, causal=False, seed=seed)
        self.decoder = Transformer(config, causal=True, seed=seed + 1, cross=True)

    def forward(self, source: Tensor, tokens: Tensor) -> Tensor:
        """Logits of the next token, given a source (B, S) and the target so far (B, T) → (B, T, V)."""
        return self.with_weights(source, tokens)[0]

    def with_weights(self, source: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Logits, and the weights (L, B, H, T, S) with which the decoder looked at the source."""
        memory, _ = self.encoder(source)  # (B, S, C): one vector for each token
        x, weights = self.decoder(tokens, memory)
        return self.decoder.logits(x), torch.stack(weights)


def count_parameters(model: nn.Module, trainable: bool = False) -> int:
    """How many numbers a model learns; with ``trainable`` only those that are not frozen.

    >>> count_parameters(GPT(Config(vocab_size=304)))
    125952
    """
    return sum(p.numel() for p in model.parameters() if p.requires_grad or not trainable)
