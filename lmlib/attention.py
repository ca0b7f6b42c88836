"""Scaled dot-product attention, and heads that learn what to look for.

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

from lmlib.positions import rotate


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
    if q.shape[-1] != k.shape[-1]:
        raise ValueError(
            f"k: keys of size {k.shape[-1]} do not fit "
            f"queries of size {q.shape[-1]}; both must be d_k"
        )
    if scale:  # q has fewer numbers than the scores
        q = q / math.sqrt(q.shape[-1])
    scores = q @ k.transpose(-2, -1)  # (..., T, S)
    if mask is None:
        return scores
    if mask.dtype != torch.bool or mask.shape[-2:] != scores.shape[-2:]:
        raise ValueError(
            f"mask: {mask.dtype} of shape {tuple(mask.shape)}; "
            f"give booleans of shape {tuple(scores.shape[-2:])}, True = may look"
        )
    if not (torch.compiler.is_compiling() or mask.any(-1).all()):
        raise ValueError(
            "mask: a row is False everywhere, so its query has nothing to look at; "
            "leave it one key"
        )
    hidden = torch.zeros_like(mask, dtype=scores.dtype).masked_fill_(~mask, -math.inf)
    return scores.add_(hidden)  # adding is quicker than filling, on the way back too


def scaled_dot_product_attention(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None, scale: bool = True
) -> tuple[Tensor, Tensor]:
    """Weighted means of the values: softmax(q kᵀ / √D) v, formula `eq:attention`.

    q (..., T, D), k (..., S, D), v (..., S, E) → output (..., T, E) and weights
    (..., T, S). Raises ValueError where shapes do not fit, or where the mask leaves a
    query nothing to look at.
    """
    if k.shape[-2] != v.shape[-2]:
        raise ValueError(
            f"v: {v.shape[-2]} values for {k.shape[-2]} keys; every key needs its value"
        )
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
        return scaled_dot_product_attention(self.query(x), self.key(x), self.value(x), mask)


class KVCache:
    """Keys and values of the tokens read so far, so that none is computed twice.

    Holds up to ``max_length`` tokens of one attention layer.
    """

    def __init__(self, max_length: int) -> None:
        self.max_length, self.length = max_length, 0
        self.keys = self.values = torch.empty(0)

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Take in k and v (B, H, T, D) of new tokens; return those of all tokens (B, H, S, D).

        Raises ValueError where they do not fit into ``max_length``.
        """
        end = self.length + k.shape[-2]
        if end > self.max_length:
            raise ValueError(
                f"tokens: {end} do not fit into a cache made for {self.max_length}; make a longer one"
            )
        if self.length == 0:
            shape = (*k.shape[:-2], self.max_length, k.shape[-1])
            self.keys, self.values = k.new_empty(shape), v.new_empty(shape)
        self.keys[..., self.length : end, :] = k
        self.values[..., self.length : end, :] = v
        self.length = end
        return self.keys[..., :end, :], self.values[..., :end, :]


class MultiHeadAttention(nn.Module):
    """H heads side by side, each with C / H of the numbers, and one matrix that mixes what they found.

    Formula `eq:multi-head`. ``bias`` adds a bias to each of the four matrices, ``rotary`` turns
    queries and keys by their positions. Raises ValueError where ``n_head`` does not divide
    ``d_model``.

    >>> output, weights = MultiHeadAttention(d_model=8, n_head=2)(torch.randn(1, 5, 8))
    >>> output.shape, weights.shape
    (torch.Size([1, 5, 8]), torch.Size([1, 2, 5, 5]))
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
        if n_head < 1 or d_model % n_head:
            raise ValueError(
                f"n_head: {n_head} does not divide d_model {d_model}; choose a divisor of {d_model}"
            )
        self.n_head, self.causal, self.rotary = n_head, causal, rotary
        # Queries, keys and values of all heads in one product, which is faster than three.
        self.qkv = nn.Linear(d_model, 3 * d_model, bias=bias)
        self.output = nn.Linear(d_model, d_model, bias=bias)

    def _project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, T, C) → queries, keys and values, each (B, H, T, D)."""
        # D in so many words, so that there may be no texts at all.
        D = x.shape[-1] // self.n_head
        parts = self.qkv(x).view(*x.shape[:-1], 3, self.n_head, D)  # (B, T, 3, H, D)
        return parts.transpose(-4, -2).unbind(-3)

    def forward(
        self, x: Tensor, memory: Tensor | None = None, cache: KVCache | None = None
    ) -> tuple[Tensor, Tensor]:
        """(B, T, C) → output (B, T, C) and weights (B, H, T, S).

        Keys and values come from ``memory`` (B, S, C) where it is given: that is
        cross-attention, which has no causal mask. With a ``cache``, x holds only the tokens
        that are new, and S counts those of the cache as well.
        """
        q, k, v = self._project(x)
        if memory is not None:
            _, k, v = self._project(memory)  # (B, H, S, D)
        start = cache.length if cache else 0
        if self.rotary:
            q, k = rotate(q, start), rotate(k, start)
        if cache:
            k, v = cache.append(k, v)
        causal = self.causal and memory is None and x.shape[-2] > 1  # one token may see all
        mask = causal_mask(k.shape[-2], x.device)[start:] if causal else None
        heads, weights = scaled_dot_product_attention(q, k, v, mask)
        return self.output(heads.transpose(-3, -2).flatten(-2)), weights
