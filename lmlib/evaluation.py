"""How well a model predicts text, the same way for every model of the book."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from lmlib.devices import device_of
from lmlib.softmax import LanguageModel, cross_entropy


@torch.no_grad()
def token_losses(model: LanguageModel, sequences: Sequence[Tensor]) -> list[Tensor]:
    """−log p in nats of every token of every sequence but its first, given the tokens before it.

    Each (T,) sequence gives T − 1 losses. The mean over all of them is the model's cross-entropy
    (formula `eq:cross-entropy`). Raises ValueError for a sequence of fewer than two tokens.

    >>> uniform = lambda tokens: torch.zeros(*tokens.shape, 10)  # ten tokens, all equally likely: ln 10 each
    >>> token_losses(uniform, [torch.tensor([0, 7, 3])])
    [tensor([2.3026, 2.3026])]
    """
    for tokens in sequences:
        if len(tokens) < 2:
            raise ValueError(
                f"sequences: one has {len(tokens)} token(s); it takes two for a prediction and its answer"
            )
    moved = (tokens.to(device_of(model)) for tokens in sequences)
    return [
        cross_entropy(model(tokens[None, :-1]), tokens[None, 1:], reduction="none")[0]
        for tokens in moved
    ]
