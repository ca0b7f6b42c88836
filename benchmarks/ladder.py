"""The book's GPT and its rivals on the same stories, after as many steps and after as many seconds.

    python benchmarks/ladder.py

About a quarter of an hour on one core. It writes ``lmlib/data/ladder.json``, which the chapter on pre-training
draws. Seconds are those of the processor, on one thread, without the evaluations. On another CPU the last digits
differ.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch
from stored import store
from torch import Tensor, nn

import lmlib
from lmlib.baselines import FeedForwardLM, RecurrentLM
from lmlib.batches import Batches
from lmlib.blocks import Config
from lmlib.evaluation import loss_after, mean_loss, token_losses
from lmlib.optimisation import Training
from lmlib.pretraining import fit
from lmlib.stories import STORIES, WORDS, story_sequences
from lmlib.transformer import GPT, count_parameters

DATA = Path(lmlib.__file__).parent / "data" / "ladder.json"
SEEDS = [0, 1, 2]
STEPS = 1_500
RATES = (2e-3, 4e-3, 8e-3)  # tried once each; a model keeps the one it ends best with
V = STORIES.vocab_size
MODELS: dict[str, Callable[[int], nn.Module]] = {
    "feed-forward": lambda seed: FeedForwardLM(V, seed=seed),
    "recurrent": lambda seed: RecurrentLM(V, d_model=96, seed=seed),
    "GPT": lambda seed: GPT(Config(V), seed=seed),
}


@cache
def stories(n: int, seed: int) -> list[Tensor]:
    return story_sequences(n, seed)


def run(
    name: str, steps: int, rate: float, seed: int, records: int = 15
) -> dict[str, Any]:
    """One run: seconds, loss on the 200 held-out stories and at their last town, and the log of the first 100."""
    model, held_out = MODELS[name](seed), stories(200, 1)
    spent, log = [0.0], []

    def evaluate(model: nn.Module) -> float:
        spent[0] -= time.process_time()
        losses = token_losses(model, held_out[:100], batch_size=25)
        town = loss_after(WORDS.encode("back to"), losses, held_out[:100], last=True)
        log.append([round(torch.cat(losses).mean().item(), 4), round(town, 3)])
        spent[0] += time.process_time()
        return 0.0

    plan = Training(
        steps,
        learning_rate=rate,
        warmup=min(100, steps // 2),
        seed=seed,
        eval_interval=max(1, steps // records),
    )
    batches = Batches(stories(20_000, 0), seed=seed)
    start = time.process_time()
    found = fit(model, batches, plan, evaluate, progress=False)
    seconds = time.process_time() - start - spent[0]
    losses = token_losses(model, held_out, batch_size=25)
    return {
        "model": name,
        "parameters": count_parameters(model),
        "steps": steps,
        "rate": rate,
        "seed": seed,
        "seconds": round(seconds, 1),
        "loss": round(torch.cat(losses).mean().item(), 4),
        "town": round(
            loss_after(WORDS.encode("back to"), losses, held_out, last=True), 3
        ),
        "log": [[record.step, *row] for record, row in zip(found, log, strict=True)],
    }


def measure() -> dict[str, Any]:
    """The rates that were tried, and the runs: all for as many steps, and the rivals for the GPT's seconds too."""
    held_out = stories(200, 1)
    tried, runs = [], []
    for name in MODELS:
        tried += [run(name, 400, rate, seed=9) for rate in RATES]
        best = min((r for r in tried if r["model"] == name), key=lambda r: r["loss"])
        runs += [run(name, STEPS, best["rate"], seed) for seed in SEEDS]
    spent = sorted(r["seconds"] for r in runs if r["model"] == "GPT")[len(SEEDS) // 2]
    for name in ("feed-forward", "recurrent"):
        own = [r for r in runs if r["model"] == name]
        each = sorted(r["seconds"] for r in own)[len(SEEDS) // 2] / STEPS
        steps = round(spent / each, -2)
        runs += [run(name, int(steps), own[0]["rate"], seed) for seed in SEEDS]
    return {
        "floor": round(mean_loss(STORIES, held_out), 4),
        "floor of the log": round(mean_loss(STORIES, held_out[:100]), 4),
        "tried": [{k: r[k] for k in ("model", "rate", "loss")} for r in tried],
        "runs": runs,
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    start = time.perf_counter()
    found = measure()
    store(DATA, found, seeds=SEEDS, seconds=time.perf_counter() - start)
    for r in found["runs"]:
        print(
            "{model:14} {steps:6} steps {seconds:6} s {loss:.4f} {town:.2f}".format(**r)
        )
