"""A clinic of broken runs: the book's small GPT trained once as it should be, and again with one thing wrong each time.

    python benchmarks/clinic.py

Some minutes on one core. Writes ``lmlib/data/clinic.json``, from which the clinic draws its curves, after each run;
what stands there is not trained again, so delete the file to begin anew. On another CPU the last digits differ.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import stored
import torch
from torch import Tensor, nn

import lmlib
from lmlib.batches import Batch, Batches, next_token
from lmlib.optimisation import Training, learning_rate
from lmlib.stories import STORIES, WORDS
from lmlib.tokens import sequences
from lmlib.training_step import loss_of
from lmlib.transformer import GPT, Config

DATA = Path(lmlib.__file__).parent / "data" / "clinic.json"
STEPS, EVERY, LENGTH = 400, 20, 192


@cache
def stories(n: int, seed: int) -> list[Tensor]:
    return sequences(STORIES.sample(n, seed), WORDS)


@cache
def held_out() -> Tensor:
    """Sixty stories, padded with -100."""
    return nn.utils.rnn.pad_sequence(stories(60, 3_001), True, -100)


@dataclass(frozen=True)
class Run:
    """What may go wrong. The defaults are those of a healthy run."""

    rate: float = 6e-3
    warmup: int = 100
    dropout: float = 0.0
    texts: Callable[[], list[Tensor]] = lambda: stories(3_200, 3_000)
    shuffled: bool = True
    objective: Callable[[Tensor], Batch] = lambda batch: next_token(batch, None)  # type: ignore[arg-type]
    causal: bool = True
    start: float = 1.0  # all initial weights are multiplied by this
    zero_grad: bool = True
    evaluates: bool = True  # model.eval() before the held-out loss
    block_size: int = 100


def not_shifted(batch: Tensor) -> Batch:
    inputs, _ = next_token(batch, None)  # type: ignore[arg-type]
    return inputs, batch[:, :-1]


def padding_counts(batch: Tensor) -> Batch:
    """Every text filled up with <end>, and the filling is asked for."""
    short = LENGTH + 1 - batch.shape[1]
    ids = nn.functional.pad(batch.clamp(min=0), (0, short))
    return ids[:, :-1], ids[:, 1:]


def of_another_text(batch: Tensor) -> Batch:
    inputs, targets = next_token(batch, None)  # type: ignore[arg-type]
    return inputs, targets.roll(1, dims=0)


@cache
def in_order() -> list[Tensor]:
    """The same stories by the alphabet."""
    return sequences(sorted(STORIES.sample(3_200, 3_000)), WORDS)


HEALTHY = Run()
RUNS = {
    "healthy": HEALTHY,
    "rate too high": replace(HEALTHY, rate=0.3),
    "rate too low": replace(HEALTHY, rate=6e-5),
    "no warm-up": replace(HEALTHY, rate=6e-2, warmup=0),
    "with warm-up": replace(HEALTHY, rate=6e-2),
    "targets not shifted": replace(HEALTHY, objective=not_shifted),
    "padding counts": replace(HEALTHY, objective=padding_counts, block_size=LENGTH),
    "no mask": replace(HEALTHY, causal=False),
    "targets of another text": replace(HEALTHY, objective=of_another_text),
    "starts at zero": replace(HEALTHY, start=0.0),
    "starts huge": replace(HEALTHY, start=8.0),
    "gradient never zeroed": replace(HEALTHY, zero_grad=False),
    "dropout at evaluation": replace(HEALTHY, dropout=0.4, evaluates=False),
    "dropout": replace(HEALTHY, dropout=0.4),
    "sorted": replace(
        HEALTHY, texts=in_order, shuffled=False
    ),
    "few stories": replace(HEALTHY, texts=lambda: stories(40, 3_000)),
    "test stories in training": replace(
        HEALTHY, texts=lambda: stories(20, 3_000) + stories(60, 3_001)
    ),
}  # fmt: skip


def made(run: Run) -> GPT:
    model = GPT(Config(len(WORDS.vocab), run.block_size, dropout=run.dropout))
    set_causal(model, run.causal)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if "norm" not in name:
                p.mul_(run.start)
    return model


@torch.no_grad()
def evaluated(model: GPT, run: Run) -> tuple[float, float]:
    """The held-out loss as this run takes it, and as it should be taken."""
    model.train(not run.evaluates)
    own = loss_of(model, run.objective(held_out())).item()
    model.eval()
    set_causal(model, True)
    honest = loss_of(model, HEALTHY.objective(held_out())).item()
    set_causal(model, run.causal)
    return own, honest


def set_causal(model: GPT, causal: bool) -> None:
    for block in model.decoder.blocks:
        block.attention.causal = causal


def train(run: Run, steps: int = STEPS) -> dict[str, Any]:
    """Mean training loss since the last record, and held-out loss, every ``EVERY`` steps; step 0 first."""
    torch.manual_seed(0)
    model, plan = made(run), Training(STEPS, run.rate, run.warmup)
    optimiser = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.95), weight_decay=0)
    texts = Batches(run.texts(), objective=lambda batch, g: (batch, batch))
    training, own, honest, losses = [], [], [], []
    for step in range(steps + 1):
        batch = texts(step)[0] if run.shuffled else rows(run.texts(), step)
        model.train()
        loss = loss_of(model, run.objective(batch))
        losses.append(loss.item())
        if step % EVERY == 0:
            training.append(sum(losses) / len(losses))
            losses = []
            for kept, found in zip((own, honest), evaluated(model, run), strict=True):
                kept.append(found)
        if run.zero_grad:
            optimiser.zero_grad()
        optimiser.param_groups[0]["lr"] = learning_rate(step, plan)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
    found = {"training": training, "held out": own, "taken rightly": honest}
    return {name: [round(loss, 4) for loss in values] for name, values in found.items()}


def rows(texts: list[Tensor], step: int) -> Tensor:
    """Eight texts, as they lie in the file."""
    start = 8 * step % len(texts)
    return nn.utils.rnn.pad_sequence(texts[start : start + 8], True, -100)


def main() -> None:
    torch.set_num_threads(1)
    found = json.loads(DATA.read_text("utf-8")) if DATA.exists() else {}
    runs, start = found.get("runs", {}), time.perf_counter()
    before = found.get("made_by", {"seconds": 0})["seconds"]
    for name, run in RUNS.items():
        if name not in runs:
            runs[name] = train(run)
            seconds = before + time.perf_counter() - start
            ends = {kind: values[-1] for kind, values in runs[name].items()}
            print(f"{seconds:5.0f} {name}: {ends}", flush=True)
            shown = {"steps": list(range(0, STEPS + 1, EVERY)), "runs": runs}
            stored.store(DATA, shown, [0, 3_000, 3_001], seconds)


if __name__ == "__main__":
    main()
