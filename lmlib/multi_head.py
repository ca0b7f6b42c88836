"""Several heads of attention side by side, in one product.

Vaswani et al. (2017).

>>> output, weights = MultiHeadAttention(d_model=8, n_head=2)(torch.randn(1, 5, 8))
>>> output.shape, weights.shape
(torch.Size([1, 5, 8]), torch.Size([1, 2, 5, 5]))
"""

from __future__ import annotations

import torch  # noqa: F401  for the example above
from torch import Tensor, nn

from lmlib.fused import attend
from lmlib.kv_cache import KVCache
from lmlib.positions import rotate
from lmlib.shape_checks import check_divides


def split_heads(x: Tensor, n: int, n_head: int) -> tuple[Tensor, ...]:
    """``n`` vectors side by side for each token, (B, T, n · C) → n times (B, H, T, D)."""
    # D in so many words, so that there may be no sequences at all.
    D = x.shape[-1] // n // n_head
    # Cut first: the gradients of all are then one tensor that needs no turning.
    parts = x.split(n_head * D, dim=-1)  # n times (B, T, C)
    return tuple(p.unflatten(-1, (n_head, D)).transpose(-3, -2) for p in parts)


def merge_heads(x: Tensor) -> Tensor:
    """(B, H, T, D) → (B, T, C): the heads side by side again."""
    return x.transpose(-3, -2).flatten(-2)


class MultiHeadAttention(nn.Module):
    """H heads side by side, each with C / H of the numbers, and one matrix that mixes what they found.

    Formula `eq:multi-head`. ``bias`` adds a bias to each of the four matrices, ``rotary`` turns
    queries and keys by their positions. Raises ValueError where ``n_head`` does not divide
    ``d_model``.
    """

    def __init__(
        self,
        d_model: int,
        n_head: int,
        causal: bool = True,
        bias: bool = False,
        rotary: bool = False,
    ) -> None:
        super().__init__()
        check_divides("n_head", n_head, "d_model", d_model)
        self.n_head, self.causal, self.rotary = n_head, causal, rotary
        # Queries, keys and values of all heads in one product, which is faster than three.
        self.qkv = nn.Linear(d_model, 3 * d_model, bias=bias)
        self.output = nn.Linear(d_model, d_model, bias=bias)

    def forward(
        self, x: Tensor, cache: KVCache | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """(B, T, C) → output (B, T, C) and weights (B, H, T, S).

        With a ``cache``, x holds only the tokens that are new, and S counts those of the cache as well.
        """
        start = cache.length if cache else 0
        q, k, v = split_heads(self.qkv(x), 3, self.n_head)
        if self.rotary:
            q, k = rotate(q, start), rotate(k, start)
        if cache:
            k, v = cache.append(k, v)
        heads, weights = attend(q, k, v, self.causal)
        return self.output(merge_heads(heads)), weights
