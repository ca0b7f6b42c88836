"""One training run on one process and on two, which share each batch: tokens/s, and the same loss.

    python benchmarks/processes.py

The runs take turns, each in processes of its own that ``torchrun`` starts; medians are reported.
When run by itself, it stores what it found in ``lmlib/data/processes.json``, which the book shows.
"""

from __future__ import annotations

import datetime
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch
from run import processor
from stored import store

import lmlib
from lmlib import distributed
from lmlib.batches import IGNORE, Batch
from lmlib.optimisation import Training
from lmlib.pretraining import fit
from lmlib.stories import STORIES
from lmlib.train.corpus import stories
from lmlib.train.presets import PRESETS
from lmlib.transformer import GPT

DATA = Path(lmlib.__file__).parent / "data" / "processes.json"
WAYS = [(1, 1), (2, 1), (1, 2)]
"""Processes, and threads of each."""
SIZE, BATCH, WARM_UP, STEPS = "1m", 32, 3, 15


class Timed:
    """Batches that note when they are asked for, and how many tokens they ask for."""

    def __init__(self) -> None:
        self.batches = stories(BATCH, n=2_000).batches
        self.times: list[float] = []
        self.tokens: list[int] = []

    def __call__(self, step: int) -> Batch:
        self.times.append(time.perf_counter())
        pair = self.batches(step)
        self.tokens.append(int((pair[1] != IGNORE).sum()))
        return pair


def train() -> tuple[float, float]:
    """Tokens/s and mean loss of the run, as this process sees them."""
    batches, model = Timed(), GPT(PRESETS[SIZE].config(STORIES.vocab_size))
    plan = Training(STEPS, learning_rate=2e-3, warmup=5, eval_interval=STEPS)
    log = fit(model, batches, plan, progress=False)
    batches.times.append(time.perf_counter())
    spent = [b - a for a, b in zip(batches.times, batches.times[1:], strict=False)]
    rates = [n / s for n, s in zip(batches.tokens, spent, strict=True)]
    return statistics.median(rates[WARM_UP:]), log[-1].loss


def work() -> None:
    """What each process does; the first one prints what it found."""
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    distributed.join("gloo")
    found = train()
    if distributed.rank() == 0:
        print("FOUND", json.dumps(found))
    distributed.leave()


def launch(n: int, threads: int) -> tuple[float, float]:
    """Tokens/s and loss of one run on ``n`` processes."""
    torchrun = (sys.executable, "-m", "torch.distributed.run", "--standalone")
    done = subprocess.run(
        [*torchrun, "--nproc-per-node", str(n), __file__, "work"],
        env={
            **os.environ,
            "OMP_NUM_THREADS": str(threads),
            "OMP_WAIT_POLICY": "passive",
        },
        text=True,
        stdout=subprocess.PIPE,
        check=True,
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("FOUND "))
    rate, loss = json.loads(line.removeprefix("FOUND "))
    return rate, loss


def runs(rounds: int = 3) -> list[dict[str, Any]]:
    """One row for each of ``WAYS``."""
    found = [[launch(*way) for way in WAYS] for _ in range(rounds)]
    return [
        {
            "processes": n,
            "threads": threads,
            "tokens_per_second": round(statistics.median(rate for rate, _ in column)),
            "loss": column[0][1],
        }
        for (n, threads), column in zip(WAYS, zip(*found, strict=True), strict=True)
    ]


def rows_of(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Two processes against one, in the form of the table."""
    one, two, threads = found

    def row(work: str, name: str, peer: dict[str, Any], unit: str) -> dict[str, Any]:
        ours, theirs = two[name], peer[name]
        ratio = ours / theirs
        return {
            "work": work,
            "ours": ours,
            "peer": theirs,
            "ratio": ratio,
            "unit": unit,
        }

    speed, unit = (
        "training on 2 processes, a thread each: against 1 process of",
        "tokens/s",
    )
    return [
        row(f"{speed} 1 thread", "tokens_per_second", one, unit),
        row(f"{speed} 2 threads", "tokens_per_second", threads, unit),
        row(f"mean loss of {STEPS} steps, 2 processes against 1", "loss", one, "nats"),
    ]


def measure() -> list[dict[str, Any]]:
    """Rows: work, ours, peer, ratio, unit."""
    return rows_of(runs())


def main() -> None:
    start = time.perf_counter()
    found = runs()
    about = {
        "date": datetime.date.today().isoformat(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "torch": torch.__version__,
        "rows": found,
    }
    store(DATA, about, seeds=[0], seconds=time.perf_counter() - start)
    for row in rows_of(found):
        print(
            "{ours:12,.6g} {peer:12,.6g} {ratio:10.7f}  {unit:9} {work}".format(**row)
        )


if __name__ == "__main__":
    if sys.argv[1:] == ["work"]:
        work()
    else:
        main()
