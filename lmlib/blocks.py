"""The block that a transformer repeats, and the sizes that a model is made with.

Vaswani et al. (2017); the layer norm comes first, as in GPT-2 (Radford et al. 2019).

>>> x, weights = Block(Config(vocab_size=304))(torch.randn(1, 5, 64))
>>> x.shape, weights.shape  # (B, T, C), (B, H, T, T)
(torch.Size([1, 5, 64]), torch.Size([1, 4, 5, 5]))
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from lmlib.kv_cache import KVCache
from lmlib.multi_head import MultiHeadAttention
from lmlib.validation import check_choice

POSITIONS = ("learned", "sinusoidal", "rotary")


@dataclass(frozen=True)
class Config:
    """The size of a transformer. The default is the book's GPT.

    Raises ValueError for sizes that do not fit together.
    """

    vocab_size: int  # V
    block_size: int = 100  # the longest sequence, in tokens
    n_layer: int = 2
    n_head: int = 4  # H, divides d_model
    d_model: int = 64  # C
    dropout: float = 0.0
    positions: Literal["learned", "sinusoidal", "rotary"] = "learned"

    def __post_init__(self) -> None:
        for name in ("vocab_size", "block_size", "n_layer", "n_head", "d_model"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"{name}: {getattr(self, name)} is below 1; use 1 or more"
                )
        if not 0 <= self.dropout < 1:
            raise ValueError(
                f"dropout: {self.dropout} is outside [0, 1); 0 drops nothing"
            )
        check_choice("positions", self.positions, POSITIONS)


class FeedForward(nn.Module):
    """Two linear layers and a non-linearity, for each token alone: `eq:feed-forward`.

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
    """Attention, then a feed-forward network, each added to what was there: formula `eq:block`."""

    def __init__(self, config: Config, causal: bool = True) -> None:
        super().__init__()
        C, rotary = config.d_model, config.positions == "rotary"
        self.norm_1 = nn.LayerNorm(C)
        self.attention = MultiHeadAttention(C, config.n_head, causal, True, rotary)
        self.norm_2 = nn.LayerNorm(C)
        self.feed_forward = FeedForward(C)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, cache: KVCache | None = None) -> tuple[Tensor, Tensor]:
        """(B, T, C) → (B, T, C), and attention weights (B, H, T, S)."""
        attended, weights = self.attention(self.norm_1(x), cache)
        x = x + self.dropout(attended)
        x = x + self.dropout(self.feed_forward(self.norm_2(x)))
        return x, weights


def draw_weights(model: nn.Module, d_model: int, n_layer: int, seed: int) -> None:
    """Draw a transformer's matrices with standard deviation 1/√C, those that blocks add with less; biases are 0."""
    generator, std = torch.Generator().manual_seed(seed), 1 / math.sqrt(d_model)
    for name, p in model.named_parameters():
        if name.endswith(("output.weight", "down.weight")):
            # What blocks add must not pile up.
            small = std / math.sqrt(2 * n_layer)
            nn.init.normal_(p, std=small, generator=generator)
        elif p.dim() == 2:
            nn.init.normal_(p, std=std, generator=generator)
        elif name.endswith("bias"):
            nn.init.zeros_(p)
