"""What every model of the book is: the grammar itself, n-grams, networks, GPT, and a GPT-2 of Transformers.

>>> count_up = lambda tokens: 9.0 * torch.eye(5)[(tokens + 1) % 5]  # also a language model
>>> count_up(torch.tensor([[0, 1]])).argmax(-1)
tensor([[1, 2]])
"""

from __future__ import annotations

from typing import Protocol

import torch  # noqa: F401  for the example above
from torch import Tensor


class LanguageModel(Protocol):
    """Tokens so far → logits of the next one.

    ``model(tokens)`` takes (B, T) ids and returns (B, T, V) logits; those at position t are about
    token t + 1 and know tokens 0 … t only. A text starts with the token ``END``.
    """

    def __call__(self, tokens: Tensor) -> Tensor: ...
