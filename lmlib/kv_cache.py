"""Keys and values that attention computed for earlier tokens, kept so that none is computed twice.

>>> cache = KVCache(max_length=8)
>>> k, v = cache.append(torch.zeros(1, 2, 3, 4), torch.ones(1, 2, 3, 4))  # (B, H, T, D)
>>> k, v = cache.append(torch.zeros(1, 2, 1, 4), torch.ones(1, 2, 1, 4))
>>> k.shape, cache.length
(torch.Size([1, 2, 4, 4]), 4)
"""

from __future__ import annotations

import torch
from torch import Tensor


class KVCache:
    """Keys and values of the tokens read so far, of one attention layer; holds up to ``max_length`` tokens."""

    def __init__(self, max_length: int) -> None:
        self.max_length, self.length = max_length, 0
        self.keys = self.values = torch.empty(0)

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Take in k and v (B, H, T, D) of new tokens; return those of all tokens (B, H, S, D).

        Raises ValueError where they do not fit into ``max_length``.
        """
        end = self.length + k.shape[-2]
        self._check(end)
        if self.length == 0:
            shape = (*k.shape[:-2], self.max_length, k.shape[-1])
            self.keys, self.values = k.new_empty(shape), v.new_empty(shape)
        self.keys[..., self.length : end, :] = k
        self.values[..., self.length : end, :] = v
        self.length = end
        return self.keys[..., :end, :], self.values[..., :end, :]

    def select(self, rows: Tensor) -> None:
        """Go on with these of the B sequences, (K,) of 0 … B − 1; one may be taken several times."""
        self.keys, self.values = self.keys[rows], self.values[rows]

    def _check(self, end: int) -> None:
        if end > self.max_length:
            raise ValueError(
                f"tokens: {end} do not fit into a cache made for {self.max_length}; "
                "make a longer one"
            )
