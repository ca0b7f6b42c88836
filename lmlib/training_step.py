"""One step of training: the loss of a batch, and every parameter a little downhill.

>>> model = nn.Sequential(nn.Embedding(3, 3))  # a bigram model
>>> optimiser = torch.optim.SGD(model.parameters(), lr=1.0)
>>> batch = torch.tensor([[0, 1]]), torch.tensor([[1, 2]])
>>> before = train_step(model, batch, optimiser, clip=1.0)
>>> bool(loss_of(model, batch) < before)
True
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lmlib.batches import IGNORE, Batch
from lmlib.fused import keeping_weights
from lmlib.optimisation import Training, autocast

Loss = Callable[[nn.Module, Batch], Tensor]
"""A model and a batch → how wrong it is, a single number."""


def loss_of(model: nn.Module, batch: Batch, count: Tensor | None = None) -> Tensor:
    """Mean loss in nats over the targets: formula `eq:cross-entropy`.

    With ``count`` their sum is divided by that number instead, as for a part of a larger batch.
    """
    inputs, targets = batch
    logits = model(*inputs) if isinstance(inputs, tuple) else model(inputs)
    logits, targets = logits.flatten(0, -2), targets.flatten()
    if count is None:
        return F.cross_entropy(logits, targets, ignore_index=IGNORE)
    return (
        F.cross_entropy(logits, targets, ignore_index=IGNORE, reduction="sum") / count
    )


def loss_function(training: Training) -> Callable[..., Tensor]:
    """:func:`loss_of` in the precision of the plan, fused and compiled where it says so.

    Weights stay float32; with bfloat16, matrix products are computed from numbers of 16 bits
    (Micikevicius et al. 2018, who used another kind of 16 bits).
    """

    def loss(model: nn.Module, batch: Batch, count: Tensor | None = None) -> Tensor:
        with autocast(batch[1].device, training.precision):
            return loss_of(model, batch, count)

    quick = torch.compile(loss) if training.compile else loss

    def fused(model: nn.Module, batch: Batch, count: Tensor | None = None) -> Tensor:
        with keeping_weights(False):
            return quick(model, batch, count)

    return fused if training.fused else quick


def train_step(
    model: nn.Module,
    batch: Batch,
    optimiser: torch.optim.Optimizer,
    clip: float,
    loss_fn: Loss = loss_of,
) -> Tensor:
    """One step: every parameter moves a little downhill. Returns the loss before it."""
    loss = loss_fn(model, batch)
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimiser.step()
    return loss.detach()
