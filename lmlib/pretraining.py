"""The training loop, and checkpoints to go on from.

>>> from lmlib.batches import Batches
>>> from lmlib.transformer import GPT, Config
>>> texts = [torch.tensor([0, 1, 2, 3, 0])] * 8
>>> model = GPT(Config(vocab_size=4, block_size=4, n_layer=1, n_head=1, d_model=8))
>>> history = fit(model, Batches(texts), Training(steps=90, warmup=10, every=30), progress=False)
>>> [record.step for record in history], history[-1].loss < 0.1
([30, 60, 90], True)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from lmlib.batches import IGNORE, Pair
from lmlib.devices import device_of, move, own_randomness
from lmlib.processes import check_same, loss_of_share, mean, rank, spread
from lmlib.runs import resume_run, store_run

Loss = Callable[[nn.Module, Pair], Tensor]
"""A model and what it is asked → how wrong it is, a single number."""
_FREE = ("precision", "compile")
"""What may change from an interrupted run to the one that goes on: it changes digits, not the plan."""


@dataclass(frozen=True)
class Training:
    """How a model is trained. Raises ValueError for numbers that make no sense."""

    steps: int
    learning_rate: float = 6e-3  # the highest
    warmup: int = 100  # steps until it is reached
    weight_decay: float = 0.0  # of matrices; biases and norms never decay
    clip: float = 1.0  # longest gradient
    seed: int = 0  # of the dropout
    every: int = 100  # steps from one record, and one checkpoint, to the next
    precision: Literal["float32", "bfloat16"] = "float32"  # of matrix products
    compile: bool = False  # the loss with torch.compile, which takes a minute first

    def __post_init__(self) -> None:
        for name in ("steps", "learning_rate", "clip", "every"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(
                    f"{name}: {getattr(self, name)} must be above 0 and finite"
                )
        if not 0 <= self.warmup <= self.steps:
            raise ValueError(
                f"warmup: {self.warmup} steps of {self.steps}; use 0 … {self.steps}"
            )
        if not 0 <= self.weight_decay < math.inf:
            raise ValueError(
                f"weight_decay: {self.weight_decay} must be 0 or more and finite; use 0 for none"
            )
        if self.precision not in ("float32", "bfloat16"):
            raise ValueError(
                f"precision: {self.precision!r} is not known; use 'float32' or 'bfloat16'"
            )


@dataclass(frozen=True)
class Record:
    """One line of a training log: mean loss since the last one, and what was measured besides."""

    step: int
    loss: float  # nats a token
    measured: float | None = None


def learning_rate(step: int, training: Training) -> float:
    """Up in a straight line, then down along a cosine to 0: formula `eq:schedule`.

    >>> plan = Training(steps=1000, learning_rate=1.0, warmup=100)
    >>> [round(learning_rate(step, plan), 3) for step in (0, 49, 100, 550, 999)]
    [0.01, 0.5, 1.0, 0.5, 0.0]
    """
    if step < training.warmup:
        return training.learning_rate * (step + 1) / training.warmup
    progress = (step - training.warmup) / max(1, training.steps - training.warmup)
    return training.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))


def loss_of(model: nn.Module, pair: Pair, reduction: str = "mean") -> Tensor:
    """Mean loss in nats over the targets that are asked: formula `eq:cross-entropy`."""
    inputs, targets = pair
    logits = model(*inputs) if isinstance(inputs, tuple) else model(inputs)
    logits, targets = logits.flatten(0, -2), targets.flatten()
    return F.cross_entropy(logits, targets, ignore_index=IGNORE, reduction=reduction)


def make_optimiser(model: nn.Module, training: Training) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter 2019) over the parameters that are not frozen; only matrices decay."""
    learned = [p for p in model.parameters() if p.requires_grad]
    matrices = [p for p in learned if p.dim() >= 2]
    vectors = [p for p in learned if p.dim() < 2]
    return torch.optim.AdamW(
        [
            {"params": matrices, "weight_decay": training.weight_decay},
            {"params": vectors, "weight_decay": 0.0},
        ],
        lr=training.learning_rate,
        betas=(0.9, 0.95),
        fused=True,
    )


def train_step(
    model: nn.Module,
    pair: Pair,
    optimiser: torch.optim.Optimizer,
    clip: float,
    loss_of: Loss = loss_of,
) -> Tensor:
    """One step: every parameter moves a little downhill. Returns the loss before it."""
    loss = loss_of(model, pair)
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimiser.step()
    return loss.detach()


class Learner(nn.Module):
    """A model that computes its own loss: what is compiled, and what several processes share.

    Weights stay float32; with ``precision`` bfloat16, matrix products are computed from numbers of
    16 bits (Micikevicius et al. 2018, who used another kind of 16 bits).
    """

    def __init__(self, model: nn.Module, precision: str = "float32") -> None:
        super().__init__()
        self.model, self.precision = model, precision

    def forward(self, pair: Pair, reduction: str = "mean") -> Tensor:
        """The loss as :func:`loss_of`."""
        if self.precision == "float32":
            return loss_of(self.model, pair, reduction)
        with torch.autocast(pair[1].device.type, torch.bfloat16):
            return loss_of(self.model, pair, reduction)


def _learner(model: nn.Module, training: Training) -> nn.Module:
    learner: nn.Module = Learner(model, training.precision)
    if training.compile:
        learner.compile()  # in place, so names stay
    return spread(learner)


def _step(
    learner: nn.Module,
    batches: Callable[[int], Pair],
    step: int,
    optimiser: torch.optim.Optimizer,
    training: Training,
) -> float:
    """Step number ``step`` of the plan; returns the loss before it, over all processes."""
    # Of the dropout, which must differ where the texts do.
    torch.manual_seed(training.seed + step + (rank() << 32))
    for group in optimiser.param_groups:
        group["lr"] = learning_rate(step, training)
    batch = move(batches(step), device_of(learner))
    loss = train_step(learner, batch, optimiser, training.clip, loss_of_share)
    if not math.isfinite(found := float(mean(loss))):
        raise ValueError(
            f"learning_rate: the loss is no number at step {step + 1}; use "
            f"less than {training.learning_rate}, or a longer warmup"
        )
    return found


def fit(
    model: nn.Module,
    batches: Callable[[int], Pair],
    training: Training,
    measure: Callable[[nn.Module], float] | None = None,
    checkpoint: str | Path | None = None,
    progress: bool = True,
    on_record: Callable[[Record], None] | None = None,
) -> list[Record]:
    """Train ``model`` in place, on its own device; returns its log, a record every ``training.every`` steps.

    ``measure`` is called with the model at each record, for a loss on held-out text, say, and
    ``on_record`` with the record. With a ``checkpoint``, the run is stored there at each record, and
    goes on from there where the file exists: it ends with the same weights as a run that was never
    interrupted. Under ``torchrun``, all processes share each batch, and the first one stores.
    Raises ValueError where the loss is no number any more, or where the checkpoint is damaged or
    belongs to another model, other texts or another plan.
    """
    optimiser, path = make_optimiser(model, training), Path(checkpoint or "")
    settings = {k: v for k, v in asdict(training).items() if k not in _FREE}
    plan = {"training": settings, "batches": repr(batches)}
    log: list[Record] = []
    if checkpoint and path.exists():
        log = [Record(**stored) for stored in resume_run(path, model, optimiser, plan)]
    start, total = (log[-1].step if log else 0), 0.0
    check_same("checkpoint", start)
    learner = _learner(model, training)
    hidden = (
        {} if progress and rank() == 0 else {"disable": True}
    )  # else TQDM_DISABLE decides
    steps = range(start, training.steps)
    bar = tqdm(steps, "training", training.steps, leave=False, initial=start, **hidden)
    model.train()
    with own_randomness(device_of(model)):
        for step in bar:
            total += _step(learner, batches, step, optimiser, training)
            if (step + 1) % training.every == 0 or step + 1 == training.steps:
                average = total / (step + 1 - (log[-1].step if log else 0))
                model.eval()
                found = measure(model) if measure else None
                model.train()
                log.append(Record(step + 1, average, found))
                bar.set_postfix(loss=f"{average:.3f}")
                total = 0.0
                if on_record:
                    on_record(log[-1])
                if checkpoint and rank() == 0:
                    store_run(path, model, optimiser, plan, [asdict(r) for r in log])
    model.eval()
    return log


if __name__ == "__main__":
    from lmlib.terminal import main

    raise SystemExit(main())
