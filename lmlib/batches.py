"""Sequences in batches, as inputs and targets: next token, masked token, answer only.

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
"""As a target: this position does not count. The number is PyTorch's own choice."""

Batch = tuple[Tensor | tuple[Tensor, ...], Tensor]
"""Inputs of a model, and its targets."""
Objective = Callable[[Tensor, torch.Generator], Batch]


def next_token(batch: Tensor, generator: torch.Generator) -> Batch:
    """The next token is the target at every position: (B, T + 1) → inputs and targets, both (B, T).

    >>> inputs, targets = next_token(torch.tensor([[0, 7, 3, 0]]), torch.Generator())
    >>> inputs.tolist(), targets.tolist()
    ([[0, 7, 3]], [[7, 3, 0]])
    """
    return batch[:, :-1].clamp(min=0), batch[:, 1:]


def masked_token(mask: int, share: float = 0.15) -> Objective:
    """Hide a share of the tokens, which alone are targets: the objective of BERT.

    Devlin et al. (2019): of those chosen, 80 % are replaced by the token ``mask``, 10 % by a random
    one below it, and 10 % stay. Raises ValueError for a share outside (0, 1).
    """
    if not 0 < share < 1:
        raise ValueError(f"share: {share} is outside (0, 1); 0.15 is customary")

    def objective(batch: Tensor, generator: torch.Generator) -> Batch:
        chance = torch.rand(batch.shape, generator=generator) / share
        chosen = (chance < 1) & (batch != IGNORE)
        inputs = batch.clamp(min=0).masked_fill(chosen & (chance < 0.8), mask)
        other = torch.randint(mask, batch.shape, generator=generator)
        inputs = torch.where(chosen & (chance >= 0.8) & (chance < 0.9), other, inputs)
        return inputs, batch.masked_fill(~chosen, IGNORE)

    return objective


def answer_only(length: int) -> Objective:
    """Only the last ``length`` tokens of each sequence are targets: formula `eq:answer-only`.

    Raises ValueError for a length below 1, and for a text that has no more than that.

    >>> answer_only(2)(torch.tensor([[0, 7, 3, 5]]), torch.Generator())[1].tolist()
    [[-100, 3, 5]]
    """
    if length < 1:
        raise ValueError(f"length: {length} asks for nothing; use 1 or more")

    def objective(batch: Tensor, generator: torch.Generator) -> Batch:
        inputs, targets = next_token(batch, generator)
        first = (targets != IGNORE).sum(1, keepdim=True) - length
        if (first < 0).any():
            raise ValueError(
                f"length: {length} tokens of answer leave nothing of a text; use fewer"
            )
        return inputs, targets.masked_fill(
            torch.arange(targets.shape[1]) < first, IGNORE
        )

    return objective


def answer_behind(mark: int) -> Objective:
    """Only what stands behind the last ``mark`` of each sequence is a target: answers of any length, `eq:answer-only`.

    Raises ValueError for a sequence with no ``mark``, or nothing behind it.

    >>> answer_behind(7)(torch.tensor([[0, 7, 3, 5], [7, 5, 4, 1]]), torch.Generator())[1].tolist()
    [[-100, 3, 5], [5, 4, 1]]
    """

    def objective(batch: Tensor, generator: torch.Generator) -> Batch:
        inputs, targets = next_token(batch, generator)
        marks = (batch == mark).flip(1).cumsum(1).flip(1)  # here, and further on
        targets = targets.masked_fill(marks[:, 1:] > 0, IGNORE)
        if (marks[:, 0] == 0).any() or (targets == IGNORE).all(1).any():
            fault = f"mark: {mark} stands before nothing in one of the texts"
            raise ValueError(f"{fault}; put it between prompt and answer")
        return inputs, targets

    return objective


class Batches:
    """Every sequence once an epoch, in an order that the seed decides; batch number ``step`` is always the same.

    Sequences of a batch that are shorter than its longest are padded with ``IGNORE``. Raises ValueError
    where there are fewer sequences than ``batch_size``, or one has less than two tokens.
    """

    def __init__(
        self,
        sequences: Sequence[Tensor],
        batch_size: int = 8,
        seed: int = 0,
        objective: Objective = next_token,
    ) -> None:
        _check(sequences, batch_size)
        self.sequences = nn.utils.rnn.pad_sequence(
            list(sequences), True, IGNORE
        )  # (N, longest)
        self.lengths = torch.tensor([len(tokens) for tokens in sequences])
        self.batch_size, self.seed, self.objective = batch_size, seed, objective

    def __repr__(self) -> str:
        checksum = zlib.crc32(self.sequences.numpy().tobytes())
        shown = f"{len(self.sequences)} sequences, checksum {checksum:08x}"
        return f"Batches({shown}, {self.batch_size}, seed {self.seed})"

    def __call__(self, step: int) -> Batch:
        """Inputs and targets of one step."""
        epoch, position = divmod(step, len(self.sequences) // self.batch_size)
        # One seed an epoch and one a step, so a run that goes on needs to know its step alone.
        order = torch.randperm(
            len(self.sequences), generator=_generator(self.seed, epoch)
        )
        chosen = order[position * self.batch_size :][: self.batch_size]
        batch = self.sequences[chosen, : int(self.lengths[chosen].max())]
        return self.objective(batch, _generator(self.seed, step))


def _generator(*numbers: int) -> torch.Generator:
    return torch.Generator().manual_seed(zlib.crc32(repr(numbers).encode()))


def _check(sequences: Sequence[Tensor], batch_size: int) -> None:
    if not 1 <= batch_size <= len(sequences):
        raise ValueError(
            f"batch_size: {batch_size} of {len(sequences)} sequences; "
            f"use 1 … {len(sequences)}"
        )
    if min(map(len, sequences)) < 2:
        raise ValueError("sequences: one has less than two tokens, nothing to predict")
