"""The block of today's models: what has changed in a GPT's block since GPT-2.

Norms without a mean, a feed-forward network with a gate, positions as rotations, and fewer keys and
values than queries: Touvron et al. (2023), as in Llama, Qwen and SmolLM.

>>> block = ModernBlock(ModernConfig(vocab_size=304))
>>> x, weights = block(torch.randn(1, 5, 64), rotations(torch.arange(5), size=16))
>>> x.shape, weights.shape  # (B, T, C), (B, H, T, T)
(torch.Size([1, 5, 64]), torch.Size([1, 4, 5, 5]))
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lmlib.grouped_query import GroupedQueryAttention, Rotations
from lmlib.kv_cache import KVCache
from lmlib.positions import BASE, rotations  # noqa: F401  for the example above
from lmlib.shape_checks import check_divides
from lmlib.validation import check_positive


@dataclass(frozen=True)
class ModernConfig:
    """The size of a model of today. Raises ValueError for sizes that do not fit together."""

    vocab_size: int  # V
    block_size: int = 100  # the longest sequence, in tokens
    n_layer: int = 2
    n_head: int = 4  # H, of queries
    n_kv_head: int = 2  # G, of keys and values; divides n_head
    d_model: int = 64  # C
    d_head: int = 16  # D, even
    d_ff: int = 176  # F, numbers inside of the feed-forward network
    rope_base: float = BASE  # of the rotary positions
    norm_eps: float = 1e-5
    tied: bool = True  # whether the table of words is the last layer as well
    qkv_bias: bool = False  # of queries, keys and values
    output_bias: bool = False  # of what mixes the heads
    ff_bias: bool = False  # of the feed-forward network

    def __post_init__(self) -> None:
        sizes = {n: v for n, v in vars(self).items() if not isinstance(v, bool)}
        check_positive(**sizes)
        check_divides("n_kv_head", self.n_kv_head, "n_head", self.n_head)
        if self.d_head % 2:
            raise ValueError(
                f"d_head: {self.d_head} is odd, and positions go by pairs of numbers; use an even size"
            )


class RMSNorm(nn.Module):
    """Each vector divided by its root mean square, then stretched: formula `eq:rms-norm`.

    (..., C) → (..., C). Zhang and Sennrich (2019).

    >>> RMSNorm(2, eps=0.0)(torch.tensor([1.0, 7.0]))  # √((1 + 49) / 2) = 5
    tensor([0.2000, 1.4000], grad_fn=<MulBackward0>)
    """

    def __init__(self, size: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x: Tensor) -> Tensor:
        # In single precision at least: in float16 the square of 256 is infinite already.
        precise = x.to(torch.promote_types(x.dtype, torch.float32))
        size = precise.square().mean(-1, keepdim=True)
        return (precise * (size + self.eps).rsqrt()).to(x.dtype) * self.weight


class SwiGLU(nn.Module):
    """A feed-forward network in which one half opens and closes the other: formula `eq:swiglu`.

    (..., C) → (..., C), with ``d_ff`` numbers inside. Shazeer (2020).
    """

    def __init__(self, d_model: int, d_ff: int, bias: bool = False) -> None:
        super().__init__()
        self.gate = nn.Linear(d_model, d_ff, bias=bias)
        self.up = nn.Linear(d_model, d_ff, bias=bias)
        self.down = nn.Linear(d_ff, d_model, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(F.silu(self.gate(x)) * self.up(x))


class ModernBlock(nn.Module):
    """As a GPT's block, `eq:block`, of other parts."""

    def __init__(self, config: ModernConfig) -> None:
        super().__init__()
        self.norm_1 = RMSNorm(config.d_model, config.norm_eps)
        self.attention = GroupedQueryAttention(
            config.d_model,
            config.n_head,
            config.n_kv_head,
            config.d_head,
            config.qkv_bias,
            config.output_bias,
        )
        self.norm_2 = RMSNorm(config.d_model, config.norm_eps)
        self.feed_forward = SwiGLU(config.d_model, config.d_ff, config.ff_bias)

    def forward(
        self, x: Tensor, turns: Rotations, cache: KVCache | None = None
    ) -> tuple[Tensor, Tensor]:
        """(B, T, C) → (B, T, C), and attention weights (B, H, T, S)."""
        attended, weights = self.attention(self.norm_1(x), turns, cache)
        x = x + attended
        return x + self.feed_forward(self.norm_2(x)), weights
