"""Two neural language models from before the transformer: one with a fixed window, one with a memory.

>>> tokens = torch.zeros(1, 5, dtype=torch.long)
>>> FeedForwardLM(vocab_size=304)(tokens).shape, RecurrentLM(vocab_size=304)(tokens).shape
(torch.Size([1, 5, 304]), torch.Size([1, 5, 304]))
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def _seeded(model: nn.Module, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for p in model.parameters():
        nn.init.normal_(p, std=p.shape[-1] ** -0.5, generator=generator)


class FeedForwardLM(nn.Module):
    """Sees the vectors of the last ``window`` tokens side by side, through one hidden layer.

    Bengio et al. (2003). Before the start of a text it sees the first token, ``END``, again.
    Raises ValueError for a window below 1.
    """

    def __init__(
        self,
        vocab_size: int,
        window: int = 8,
        d_model: int = 32,
        hidden: int = 256,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if window < 1:
            raise ValueError(f"window: {window} tokens tell nothing; use 1 or more")
        self.window = window
        self.embed = nn.Embedding(vocab_size, d_model)
        self.hidden = nn.Linear(window * d_model, hidden)
        self.output = nn.Linear(hidden, vocab_size)
        _seeded(self, seed)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, T) ids → (B, T, V) logits of the next token."""
        start = tokens[:, :1].expand(-1, self.window - 1)
        # (B, T, window)
        windows = torch.cat([start, tokens], dim=1).unfold(1, self.window, 1)
        x = self.embed(windows).flatten(-2)
        return self.output(F.gelu(self.hidden(x)))


class RecurrentLM(nn.Module):
    """Reads token by token and keeps what it has read in one vector: a GRU, Cho et al. (2014)."""

    def __init__(self, vocab_size: int, d_model: int = 128, seed: int = 0) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocab_size, d_model)
        self.gru = nn.GRU(d_model, d_model, batch_first=True)
        self.output = nn.Linear(d_model, vocab_size)
        _seeded(self, seed)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, T) ids → (B, T, V) logits of the next token."""
        return self.output(self.gru(self.embed(tokens))[0])
