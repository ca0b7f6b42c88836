"""Preferences: two ways to learn from verdicts on pairs of texts, a reward model and DPO.

>>> from lmlib.transformer import Config
>>> model = RewardModel(GPT(Config(vocab_size=304)))
>>> model(torch.tensor([[0, 5, 0]]), torch.tensor([[0, 7, 0]])).shape  # the rewards of chosen and rejected
torch.Size([1, 2])
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lmlib.batches import IGNORE, Batch, Batches
from lmlib.language_models import LanguageModel
from lmlib.lora import freeze
from lmlib.tokens import Tokenizer, sequences
from lmlib.transformer import GPT
from lmlib.validation import check_positive
from lmlib.verdicts import Pair


def pair_batches(
    pairs: Sequence[Pair], tokenizer: Tokenizer, batch_size: int = 16, seed: int = 0
) -> Callable[[int], Batch]:
    """Batches of ids, chosen and rejected, (B, T) each, with ``IGNORE`` behind the shorter; the first is right.

    Raises ValueError where there are no pairs, and as :class:`lmlib.batches.Batches` and the tokenizer do.
    """
    if not pairs:
        raise ValueError("pairs: there are none; give one at least")
    chosen, rejected = (
        Batches(sequences(side, tokenizer), batch_size, seed, lambda x, _: (x, x))
        for side in zip(*pairs, strict=True)
    )

    def batch(step: int) -> Batch:  # with one seed both take the same pairs
        return (chosen(step)[1], rejected(step)[1]), torch.zeros(batch_size).long()

    return batch


class RewardModel(nn.Module):
    """A trained body, and a number at the last token of a text: its reward.

    The body is the model's own, and is trained with the head. As a model of pairs its two logits are the rewards of
    chosen and rejected, so that their cross-entropy is formula `eq:pair-loss`. Stiennon et al. (2020), Ouyang et al.
    (2022).
    """

    def __init__(self, model: GPT) -> None:
        super().__init__()
        self.body = model.decoder
        self.head = nn.Linear(model.config.d_model, 1)
        nn.init.zeros_(self.head.weight)

    def score(self, tokens: Tensor) -> Tensor:
        """(B, T) ids, ``IGNORE`` behind each text → (B,)."""
        last = (tokens != IGNORE).sum(1) - 1
        states, _ = self.body(tokens.clamp(min=0))
        return self.head(states[torch.arange(len(tokens)), last])[:, 0]

    def forward(self, chosen: Tensor, rejected: Tensor) -> Tensor:
        return torch.stack([self.score(chosen), self.score(rejected)], dim=-1)  # (B, 2)


def text_log_probs(model: LanguageModel, tokens: Tensor) -> Tensor:
    """log P of each text behind its first token, (B, T) ids, ``IGNORE`` behind each → (B,), in nats."""
    logits, targets = model(tokens[:, :-1].clamp(min=0)), tokens[:, 1:]
    losses = F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    return -losses.sum(1)  # PyTorch gives 0 where a target is IGNORE


class DPO(nn.Module):
    """A policy that is its own reward model: formula `eq:implicit-reward`.

    Rafailov et al. (2023). Its two logits are β · log π/π₀ of chosen and rejected, so that their cross-entropy is
    formula `eq:dpo`. ``reference`` is frozen. Raises ValueError for a ``beta`` that is not above 0 and finite,
    and for a policy that is its own reference.
    """

    def __init__(self, policy: GPT, reference: GPT, beta: float) -> None:
        super().__init__()
        _check_dpo(policy, reference, beta)
        self.policy, self.reference, self.beta = policy, freeze(reference), beta

    def score(self, tokens: Tensor) -> Tensor:
        """(B, T) ids, ``IGNORE`` behind each text → (B,)."""
        with torch.no_grad():
            self.reference.eval()  # whatever is done to the policy, it stays as it was
            before = text_log_probs(self.reference, tokens)
        return self.beta * (text_log_probs(self.policy, tokens) - before)

    def forward(self, chosen: Tensor, rejected: Tensor) -> Tensor:
        return torch.stack([self.score(chosen), self.score(rejected)], dim=-1)  # (B, 2)


def _check_dpo(policy: GPT, reference: GPT, beta: float) -> None:
    check_positive(beta=beta)
    if policy is reference:
        raise ValueError(
            "reference: it is the policy itself, which would be frozen with it; give a copy"
        )
