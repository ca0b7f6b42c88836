"""What every model of the book is: the grammar itself, n-grams, networks, GPT, and a GPT-2 of Transformers.

>>> count_up = lambda tokens: 9.0 * torch.eye(5)[(tokens + 1) % 5]  # also a language model
>>> count_up(torch.tensor([[0, 1]])).argmax(-1)
tensor([[1, 2]])
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import torch  # noqa: F401  for the example above
from torch import Tensor


class LanguageModel(Protocol):
    """Tokens so far → logits of the next one.

    ``model(tokens)`` takes (B, T) ids and returns (B, T, V) logits; those at position t are about
    token t + 1 and know tokens 0 … t only. A text starts with the token ``END``.
    """

    def __call__(self, tokens: Tensor) -> Tensor: ...


@runtime_checkable
class CachingModel(Protocol):
    """A language model that can keep what it computed: the book's GPT and a Llama.

    With a ``cache`` it is given only new tokens; it returns (B, T, V) logits, or (B, 1, V) behind the
    ``last`` token alone. Its ``config`` has a ``block_size``, the most tokens that it can read.
    """

    config: Any

    def __call__(
        self, tokens: Tensor, cache: list[Any] | None = None, last: bool = False
    ) -> Tensor: ...

    def new_cache(self, max_length: int | None = None) -> list[Any]: ...
