"""Scaled dot-product attention, and a head that learns what to look for.

Vaswani et al. (2017). Everything returns its output and the weights that made it.

>>> q = k = torch.eye(3)
>>> output, weights = scaled_dot_product_attention(q, k, torch.eye(3), mask=causal_mask(3))
>>> weights
tensor([[1.0000, 0.0000, 0.0000],
        [0.3595, 0.6405, 0.0000],
        [0.2645, 0.2645, 0.4711]])
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from lmlib.shape_checks import check_scores, check_values


def causal_mask(length: int, device: torch.device | str | None = None) -> Tensor:
    """(T, T) booleans: True where the query of a row may look at the key of a column, itself or earlier.

    Formula `eq:causal-mask`. The one mask of the book: pass it wherever a ``mask`` is asked for.

    >>> causal_mask(3).int()
    tensor([[1, 0, 0],
            [1, 1, 0],
            [1, 1, 1]], dtype=torch.int32)
    """
    if length < 1:
        raise ValueError(f"length: {length} leaves no token to look at; use 1 or more")
    return torch.ones(length, length, dtype=torch.bool, device=device).tril()


def attention_scores(
    q: Tensor, k: Tensor, mask: Tensor | None = None, scale: bool = True
) -> Tensor:
    """How well each query fits each key: (..., T, D), (..., S, D) → (..., T, S).

    Formula `eq:attention-scores`: q kᵀ / √D, without the root for ``scale=False``; −inf
    where ``mask`` is False. Raises ValueError where q and k do not fit, or the mask does
    not, or leaves a query no key.

    >>> attention_scores(torch.tensor([[2.0, 0.0, 0.0, 0.0]]), torch.eye(4))
    tensor([[1., 0., 0., 0.]])
    """
    check_scores(q, k, mask)
    if scale:
        q = q / math.sqrt(q.shape[-1])
    scores = q @ k.transpose(-2, -1)  # (..., T, S)
    if mask is None:
        return scores
    # Adding 0 or −inf is quicker than filling, and so is its backward pass.
    hidden = torch.zeros_like(mask, dtype=scores.dtype).masked_fill_(~mask, -math.inf)
    return scores.add_(hidden)


def scaled_dot_product_attention(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None, scale: bool = True
) -> tuple[Tensor, Tensor]:
    """Weighted means of the values: softmax(q kᵀ / √D) v, formula `eq:attention`.

    q (..., T, D), k (..., S, D), v (..., S, E) → output (..., T, E) and weights
    (..., T, S). Raises ValueError where shapes do not fit, or where the mask leaves a
    query nothing to look at.
    """
    check_values(k, v)
    weights = attention_scores(q, k, mask, scale).softmax(-1)
    return weights @ v, weights


class SelfAttention(nn.Module):
    """One head: three views of the same vectors, formula `eq:self-attention`.

    >>> head = SelfAttention(d_model=8, d_head=4)
    >>> output, weights = head(torch.randn(1, 5, 8))
    >>> output.shape, weights.shape
    (torch.Size([1, 5, 4]), torch.Size([1, 5, 5]))
    """

    def __init__(self, d_model: int, d_head: int, causal: bool = True) -> None:
        super().__init__()
        self.causal = causal
        self.query = nn.Linear(d_model, d_head, bias=False)
        self.key = nn.Linear(d_model, d_head, bias=False)
        self.value = nn.Linear(d_model, d_head, bias=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, C) → output (B, T, D) and weights (B, T, T)."""
        mask = causal_mask(x.shape[-2], x.device) if self.causal else None
        return scaled_dot_product_attention(
            self.query(x), self.key(x), self.value(x), mask
        )
