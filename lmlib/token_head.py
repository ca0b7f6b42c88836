"""A trained body, and a head that labels every token.

>>> from lmlib.transformer import Config
>>> model = TokenClassifier(GPT(Config(vocab_size=304)), n_classes=9)
>>> model(torch.tensor([[0, 5, 7]])).shape
torch.Size([1, 3, 9])
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lmlib.finetuning import Classifier
from lmlib.transformer import BERT, GPT


class TokenClassifier(nn.Module):
    """A trained body and a new head that labels every token: formula `eq:token-head`.

    The head starts at 0. Raises ValueError as :class:`lmlib.finetuning.Classifier` does.
    """

    def __init__(self, model: GPT | BERT, n_classes: int) -> None:
        super().__init__()
        self.body = Classifier(model, n_classes).body
        config = self.body.config
        self.head = nn.Linear((config.n_layer + 1) * config.d_model, n_classes)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def states(self, tokens: Tensor) -> Tensor:
        """All depths of each token, side by side: (B, T) → (B, T, (L + 1) · C)."""
        x = self.body.embedded(tokens)
        depths = [x]
        for block in self.body.blocks:
            x, _ = block(x, None)
            depths.append(x)  # (B, T, C)
        return torch.cat([F.layer_norm(x, x.shape[-1:]) for x in depths], dim=-1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits of the K labels of every token, (B, T) → (B, T, K)."""
        return self.head(self.states(tokens))


@torch.no_grad()
def token_states(model: GPT | BERT, texts: Sequence[Tensor]) -> list[Tensor]:
    """What a frozen model has of every token, for a head to read: each text (T,) → (T, (L + 1) · C).

    Texts of one length are read together, so that an encoder sees no padding.
    """
    body, by_length = TokenClassifier(model, 2), defaultdict(list)
    for i, text in enumerate(texts):
        by_length[len(text)].append(i)
    found = [torch.empty(0)] * len(texts)
    for places in by_length.values():
        rows = body.states(torch.stack([texts[i] for i in places]))
        for i, row in zip(places, rows, strict=True):
            found[i] = row
    return found
