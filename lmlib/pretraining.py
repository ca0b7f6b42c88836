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

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from lmlib.batches import IGNORE, Pair
from lmlib.checkpoints import fill, load_tensors, save_tensors


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


def loss_of(model: nn.Module, pair: Pair) -> Tensor:
    """Mean loss in nats over the targets that are asked: formula `eq:cross-entropy`."""
    inputs, targets = pair
    logits = model(*inputs) if isinstance(inputs, tuple) else model(inputs)
    return F.cross_entropy(logits.flatten(0, -2), targets.flatten(), ignore_index=IGNORE)


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
    model: nn.Module, pair: Pair, optimiser: torch.optim.Optimizer, clip: float
) -> Tensor:
    """One step: every parameter moves a little downhill. Returns the loss before it."""
    loss = loss_of(model, pair)
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimiser.step()
    return loss.detach()


def fit(
    model: nn.Module,
    batches: Callable[[int], Pair],
    training: Training,
    measure: Callable[[nn.Module], float] | None = None,
    checkpoint: str | Path | None = None,
    progress: bool = True,
) -> list[Record]:
    """Train ``model`` in place; returns its log, a record every ``training.every`` steps.

    ``measure`` is called with the model at each record, for a loss on held-out text, say. With a
    ``checkpoint``, the run is stored there at each record, and goes on from there where the file
    exists: it ends with the same weights as a run that was never interrupted.
    Raises ValueError where the loss is no number any more, or where the checkpoint is damaged or
    belongs to another model, other texts or another plan.
    """
    optimiser = make_optimiser(model, training)
    plan = {"training": asdict(training), "batches": repr(batches)}
    log: list[Record] = []
    if checkpoint and Path(checkpoint).exists():
        log = _resume(Path(checkpoint), model, optimiser, plan)
    start, total = (log[-1].step if log else 0), 0.0
    bar = tqdm(
        range(start, training.steps),
        "training",
        initial=start,
        total=training.steps,
        leave=False,
        **({} if progress else {"disable": True}),  # else TQDM_DISABLE decides
    )
    model.train()
    with torch.random.fork_rng(devices=[]):
        for step in bar:
            torch.manual_seed(training.seed + step)  # of the dropout
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(step, training)
            total += float(train_step(model, batches(step), optimiser, training.clip))
            if not math.isfinite(total):
                raise ValueError(
                    f"learning_rate: the loss is no number at step {step + 1}; use "
                    f"less than {training.learning_rate}, or a longer warmup"
                )
            if (step + 1) % training.every == 0 or step + 1 == training.steps:
                mean = total / (step + 1 - (log[-1].step if log else 0))
                model.eval()
                log.append(Record(step + 1, mean, measure(model) if measure else None))
                model.train()
                bar.set_postfix(loss=f"{mean:.3f}")
                total = 0.0
                if checkpoint:
                    _store(Path(checkpoint), model, optimiser, plan, log)
    model.eval()
    return log


def _learned(optimiser: torch.optim.Optimizer) -> list[Tensor]:
    return [p for group in optimiser.param_groups for p in group["params"]]


def _store(
    path: Path,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    plan: dict,
    log: list[Record],
) -> None:
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for i, p in enumerate(_learned(optimiser)):
        tensors |= {f"optimiser.{i}.{name}": t for name, t in optimiser.state[p].items()}
    metadata = {
        "plan": json.dumps(plan),
        "log": json.dumps([asdict(record) for record in log]),
    }
    save_tensors(path, tensors, metadata)


def _resume(
    path: Path, model: nn.Module, optimiser: torch.optim.Optimizer, plan: dict
) -> list[Record]:
    tensors, metadata = load_tensors(path)
    if "plan" not in metadata:
        raise ValueError(
            f"checkpoint: {str(path)!r} is no training run; give another name, or delete it"
        )
    stored = json.loads(metadata["plan"])
    for key in plan:
        if stored[key] != plan[key]:
            raise ValueError(
                f"checkpoint: {str(path)!r} belongs to another run: its {key} were {stored[key]}, "
                f"not {plan[key]}; give another name, or delete it"
            )
    parts: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        part, rest = name.split(".", 1)
        parts.setdefault(part, {})[rest] = tensor
    fill(model, parts["model"], f"checkpoint: {str(path)!r}")
    for i, p in enumerate(_learned(optimiser)):
        optimiser.state[p] = {
            name.split(".")[1]: t
            for name, t in parts["optimiser"].items()
            if name.startswith(f"{i}.")
        }
    return [Record(**record) for record in json.loads(metadata["log"])]
