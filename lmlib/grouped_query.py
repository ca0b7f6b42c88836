"""Attention in which several heads of queries share one head of keys and values.

Ainslie et al. (2023).

>>> q, k = torch.randn(1, 4, 5, 16), torch.randn(1, 2, 5, 16)
>>> output, weights = grouped_attention(q, k, v=k)
>>> output.shape, weights.shape
(torch.Size([1, 4, 5, 16]), torch.Size([1, 4, 5, 5]))
"""

from __future__ import annotations

import torch  # noqa: F401  for the example above
from torch import Tensor, nn

from lmlib.fused import attend
from lmlib.kv_cache import KVCache
from lmlib.multi_head import merge_heads, split_heads
from lmlib.positions import turn
from lmlib.shape_checks import check_divides

Rotations = tuple[Tensor, Tensor]
"""Cosines and sines, as :func:`lmlib.positions.rotations` gives them."""


def grouped_attention(q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor | None]:
    """Causal attention of H heads of queries to G of keys and values, H / G to each.

    Formula `eq:grouped-query`. q (B, H, T, D), k and v (B, G, S, D) → output (B, H, T, D) and
    weights (B, H, T, S); the last of the S keys stands beside the last query.
    """
    (H, T), G = q.shape[-3:-1], k.shape[-3]
    # The queries of a group stand one behind the other, so that no key is copied.
    stacked = q.unflatten(-3, (G, H // G)).flatten(-3, -2)  # (B, G, H/G · T, D)
    found, weights = attend(stacked, k, v, causal=True, group=H // G)
    return _apart(found, T), None if weights is None else _apart(weights, T)


def _apart(x: Tensor, length: int) -> Tensor:
    """(B, G, H/G · T, N) → (B, H, T, N)."""
    return x.unflatten(-2, (-1, length)).flatten(-4, -3)


class GroupedQueryAttention(nn.Module):
    """H heads of queries that share G heads of keys and values: formula `eq:grouped-query`.

    Ainslie et al. (2023). With G = H it is :class:`lmlib.multi_head.MultiHeadAttention`.
    """

    def __init__(
        self,
        d_model: int,
        n_head: int,
        n_kv_head: int,
        d_head: int,
        qkv_bias: bool = False,
        output_bias: bool = False,
    ) -> None:
        super().__init__()
        check_divides("n_kv_head", n_kv_head, "n_head", n_head)
        self.n_head, self.n_kv_head = n_head, n_kv_head
        self.query = nn.Linear(d_model, n_head * d_head, bias=qkv_bias)
        self.key = nn.Linear(d_model, n_kv_head * d_head, bias=qkv_bias)
        self.value = nn.Linear(d_model, n_kv_head * d_head, bias=qkv_bias)
        self.output = nn.Linear(n_head * d_head, d_model, bias=output_bias)

    def forward(
        self, x: Tensor, turns: Rotations, cache: KVCache | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """(B, T, C) → output (B, T, C) and weights (B, H, T, S), as in the book's GPT."""
        q = turn(split_heads(self.query(x), 1, self.n_head)[0], *turns)  # (B, H, T, D)
        k = turn(split_heads(self.key(x), 1, self.n_kv_head)[0], *turns)  # (B, G, T, D)
        v = split_heads(self.value(x), 1, self.n_kv_head)[0]
        if cache:
            k, v = cache.append(k, v)
        found, weights = grouped_attention(q, k, v)
        return self.output(merge_heads(found)), weights
