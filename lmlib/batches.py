"""What a model is shown, and what it is asked: texts in batches, as inputs and targets.

>>> inputs, targets = Batches([torch.tensor([0, 5, 0]), torch.tensor([0, 0])], batch_size=2)(step=0)
>>> inputs.shape, sorted(targets.tolist())
(torch.Size([2, 2]), [[0, -100], [5, 0]])
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

IGNORE = -100
"""As a target: nothing is asked here. The number is PyTorch's own choice."""

Pair = tuple[Tensor | tuple[Tensor, ...], Tensor]
"""What a model is given, and the tokens it should have predicted."""
Objective = Callable[[Tensor, torch.Generator], Pair]


def next_token(batch: Tensor, generator: torch.Generator) -> Pair:
    """The next token is asked everywhere: (B, T + 1) → inputs and targets, both (B, T).

    >>> inputs, targets = next_token(torch.tensor([[0, 7, 3, 0]]), torch.Generator())
    >>> inputs.tolist(), targets.tolist()
    ([[0, 7, 3]], [[7, 3, 0]])
    """
    return batch[:, :-1].clamp(min=0), batch[:, 1:]


def masked_token(mask: int, share: float = 0.15) -> Objective:
    """Hide a share of the tokens, and ask for them alone: the objective of BERT.

    Devlin et al. (2019): of those chosen, 80 % are replaced by the token ``mask``, 10 % by a random
    one below it, and 10 % stay. Raises ValueError for a share outside (0, 1).
    """
    if not 0 < share < 1:
        raise ValueError(f"share: {share} is outside (0, 1); 0.15 is customary")

    def objective(batch: Tensor, generator: torch.Generator) -> Pair:
        chance = torch.rand(batch.shape, generator=generator) / share
        chosen = (chance < 1) & (batch != IGNORE)
        inputs = batch.clamp(min=0).masked_fill(chosen & (chance < 0.8), mask)
        other = torch.randint(mask, batch.shape, generator=generator)
        inputs = torch.where(chosen & (chance >= 0.8) & (chance < 0.9), other, inputs)
        return inputs, batch.masked_fill(~chosen, IGNORE)

    return objective


class Batches:
    """Every text once an epoch, in an order that the seed decides; batch number ``step`` is always the same.

    Texts of a batch that are shorter than its longest are filled up with ``IGNORE``. Raises ValueError
    where there are fewer texts than ``batch_size``, or one has less than two tokens.
    """

    def __init__(
        self,
        texts: Sequence[Tensor],
        batch_size: int = 8,
        seed: int = 0,
        objective: Objective = next_token,
    ) -> None:
        if not 1 <= batch_size <= len(texts):
            raise ValueError(
                f"batch_size: {batch_size} of {len(texts)} texts; use 1 … {len(texts)}"
            )
        if min(map(len, texts)) < 2:
            raise ValueError(
                "texts: one has less than two tokens, so there is nothing to predict"
            )
        self.texts = nn.utils.rnn.pad_sequence(list(texts), True, IGNORE)  # (N, longest)
        self.lengths = torch.tensor([len(text) for text in texts])
        self.batch_size, self.seed, self.objective = batch_size, seed, objective

    def __repr__(self) -> str:
        checksum = zlib.crc32(self.texts.numpy().tobytes())
        return f"Batches({len(self.texts)} texts, checksum {checksum:08x}, {self.batch_size}, seed {self.seed})"

    def __call__(self, step: int) -> Pair:
        """Inputs and targets of one step."""
        epoch, place = divmod(step, len(self.texts) // self.batch_size)
        # One seed an epoch and one a step, so a run that goes on needs to know its step alone.
        order = torch.randperm(len(self.texts), generator=_generator(self.seed, epoch))
        chosen = order[place * self.batch_size :][: self.batch_size]
        batch = self.texts[chosen, : int(self.lengths[chosen].max())]
        return self.objective(batch, _generator(self.seed, step))


def _generator(*numbers: int) -> torch.Generator:
    return torch.Generator().manual_seed(zlib.crc32(repr(numbers).encode()))
