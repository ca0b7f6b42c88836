"""The training loop, and checkpoints to go on from.

>>> from lmlib.batches import Batches
>>> from lmlib.transformer import GPT, Config
>>> sequences = [torch.tensor([0, 1, 2, 3, 0])] * 8
>>> model = GPT(Config(vocab_size=4, block_size=4, n_layer=1, n_head=1, d_model=8))
>>> plan = Training(steps=90, warmup=10, eval_interval=30)
>>> history = fit(model, Batches(sequences), plan, progress=False)
>>> [record.step for record in history], history[-1].loss < 0.1
([30, 60, 90], True)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import tqdm

from lmlib import distributed
from lmlib.batches import IGNORE, Batch
from lmlib.devices import device_of, move, own_randomness
from lmlib.optimisation import Training, learning_rate, make_optimiser
from lmlib.runs import Run
from lmlib.training_step import loss_function, train_step

_FREE = ("precision", "compile", "fused")
"""What may change from an interrupted run to the one that goes on: it changes digits, not the plan."""


@dataclass(frozen=True)
class Record:
    """One line of a training log: mean loss since the last one, and what was evaluated besides."""

    step: int
    loss: float  # nats per token
    eval_loss: float | None = None


def fit(
    model: nn.Module,
    batches: Callable[[int], Batch],
    training: Training,
    evaluate: Callable[[nn.Module], float] | None = None,
    checkpoint: str | Path | None = None,
    progress: bool = True,
    on_record: Callable[[Record], None] | None = None,
) -> list[Record]:
    """Train ``model`` in place, on its own device; returns its log, a record every ``eval_interval`` steps.

    ``evaluate`` is called with the model at each record, for a loss on held-out text, say, and
    ``on_record`` with the record. With a ``checkpoint``, the run is stored there at each record, and
    goes on from there where the file exists: it ends with the same weights as a run that was never
    interrupted. Under ``torchrun``, all processes share each batch, and the first one stores.
    Raises ValueError where the loss is no number any more, or where the checkpoint is damaged or
    belongs to another model, other sequences or another plan.
    """
    device, optimiser = device_of(model), make_optimiser(model, training)
    run = Run(checkpoint, model, optimiser, _plan(training, batches))
    log = [Record(**stored) for stored in run.resume()]
    done = log[-1].step if log else 0
    learner, loss_fn = distributed.distribute(model), loss_function(training)
    losses: list[float] = []
    with own_randomness(device), _bar(training.steps, done, progress) as bar:
        for step in range(done, training.steps):
            model.train()
            _prepare(step, training, optimiser)
            batch, count = _share(move(batches(step), device))
            part_loss = partial(loss_fn, count=count)
            loss = train_step(learner, batch, optimiser, training.clip, part_loss)
            losses.append(_finite(loss, step, training))
            bar.update()
            if _is_due(step, training):
                log.append(_record(step + 1, losses, model, evaluate))
                bar.set_postfix(loss=f"{log[-1].loss:.3f}")
                if on_record:
                    on_record(log[-1])
                run.store([*map(asdict, log)])
    model.eval()
    return log


def _plan(training: Training, batches: object) -> dict[str, object]:
    """What a run must have in common with the one that goes on from it."""
    settings = {k: v for k, v in asdict(training).items() if k not in _FREE}
    return {"training": settings, "batches": repr(batches)}


def _bar(steps: int, done: int, progress: bool) -> tqdm:
    shown = progress and distributed.rank() == 0
    hidden = {} if shown else {"disable": True}  # else TQDM_DISABLE decides
    return tqdm(desc="training", total=steps, leave=False, initial=done, **hidden)


def _prepare(step: int, training: Training, optimiser: torch.optim.Optimizer) -> None:
    # The seed of the dropout, which must differ where the rows of a batch do.
    torch.manual_seed(training.seed + step + (distributed.rank() << 32))
    for group in optimiser.param_groups:
        group["lr"] = learning_rate(step, training)


def _is_due(step: int, training: Training) -> bool:
    """Whether a record follows this step; one follows the last in any case."""
    return (step + 1) % training.eval_interval == 0 or step + 1 == training.steps


def _share(batch: Batch) -> tuple[Batch, Tensor | None]:
    """This process's rows, and the count that makes the mean over processes the loss of the batch.

    Rows differ in length, so the mean of the processes' own means would be another number.
    """
    if distributed.size() == 1:
        return batch, None
    return distributed.share(batch), (batch[1] != IGNORE).sum() / distributed.size()


def _finite(loss: Tensor, step: int, training: Training) -> float:
    """The loss over all processes, if it is a number."""
    found = float(distributed.mean(loss))
    if not math.isfinite(found):
        raise ValueError(
            f"learning_rate: the loss is no number at step {step + 1}; use "
            f"less than {training.learning_rate}, or a longer warmup"
        )
    return found


def _record(
    step: int,
    losses: list[float],
    model: nn.Module,
    evaluate: Callable[[nn.Module], float] | None,
) -> Record:
    """The mean of ``losses``, which are then forgotten, and what ``evaluate`` finds."""
    mean = sum(losses) / len(losses)
    losses.clear()
    model.eval()
    return Record(step, mean, evaluate(model) if evaluate else None)
