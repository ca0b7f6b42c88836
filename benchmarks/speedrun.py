"""The speedrun: how few seconds of training bring a model within 2 % of the floor on the book's stories.

    python benchmarks/speedrun.py                # all that is missing, and the file that the chapter reads
    python benchmarks/speedrun.py --try width=96 steps=300     # a recipe of yours, beside the record
    python benchmarks/speedrun.py --judge width=96 steps=300   # once, in the end, with the stories that judge

About half an hour on one core. Each finished run is one line of ``_build/speedrun.jsonl``, so an interrupted
script goes on where it stopped, and several may share the work. The rules:

- The number of steps is fixed before a run, and all five seeds count: their mean loss on 500 stories that nothing
  was chosen with must be at most 1.02 times the floor of these stories.
- Steps, rates and all else are chosen with other stories, but with the same five seeds. So ``fresh`` trains the
  first line and the last two anew, with seeds that have chosen nothing.
- What is counted is the processor time of the training loop on one thread, batches included. Stories are made
  before, the test is read after, and nothing is evaluated between. Processor time and not the clock's, since
  other programs may run beside it; ``busy`` says how a fixed piece of work went before and after each run.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from contextlib import nullcontext
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from statistics import mean, median
from typing import Any

import torch
import torch.nn.functional as F
from speedrun_model import FastGPT, Shape
from stored import store
from torch import Tensor, nn

import lmlib
from lmlib.batches import IGNORE, Batches
from lmlib.blocks import Config
from lmlib.evaluation import mean_loss
from lmlib.muon import Muon
from lmlib.optimisation import Training
from lmlib.pretraining import fit
from lmlib.stories import STORIES, story_sequences
from lmlib.transformer import GPT

LINES = Path(__file__).parents[1] / "_build" / "speedrun.jsonl"
DATA = Path(lmlib.__file__).parent / "data" / "speedrun.json"
SEEDS = [0, 1, 2, 3, 4]
FRESH = [5, 6, 7, 8, 9]  # have chosen nothing
TARGET, MARGIN = (
    1.02,
    0.002,
)  # the margin is for the difference between the two sets of stories
TEST, CHOOSE = 1, 2  # seeds of the stories that judge, and of those that choose


@dataclass(frozen=True)
class Recipe:
    """A model, and how it is trained; the rates are the highest."""

    steps: int
    shape: Shape = Shape()
    batch: int = 8
    rate: float = 4e-3  # of Adam
    muon: float = 0.0  # of Muon, for the matrices of the blocks; 0 leaves them to Adam
    momentum: float = 0.95  # of Muon
    schedule: str = "cosine"
    warmup: int = 100
    clip: float = 1.0
    grow: bool = (
        False  # a quarter of the steps with half the batch, the last one with twice
    )
    alike: bool = False  # stories of one batch have nearly one length
    bfloat16: bool = False
    compiled: bool = False
    book: bool = False  # the book's own model and loop


@cache
def stories(n: int, seed: int) -> list[Tensor]:
    return story_sequences(n, seed)


@cache
def floor_of(n: int, seed: int) -> float:
    return mean_loss(STORIES, stories(n, seed))


def ratio(model: nn.Module, seed: int, n: int = 500) -> float:
    """The loss on ``n`` stories, in floors of these stories."""
    with torch.no_grad():
        return mean_loss(model, stories(n, seed), batch_size=50) / floor_of(n, seed)


def factor(t: int, r: Recipe) -> float:
    """What the rates of step t are multiplied with."""
    if t < r.warmup:
        return (t + 1) / r.warmup
    done = (t - r.warmup) / (r.steps - r.warmup)
    return {
        "cosine": 0.5 * (1 + math.cos(math.pi * done)),
        "linear": 1 - done,
        "constant": 1.0,
    }[r.schedule]


def batches(r: Recipe, seed: int):
    """Step → inputs and targets."""
    train = stories(20_000, 0)
    if r.alike:  # the order of Batches, sorted within each 256 stories
        order = torch.randperm(
            len(train), generator=torch.Generator().manual_seed(seed)
        ).tolist()
        parts = [order[i : i + 256] for i in range(0, len(order), 256)]
        train = [
            train[i]
            for part in parts
            for i in sorted(part, key=lambda i: len(train[i]))
        ]
        padded = nn.utils.rnn.pad_sequence(train, True, IGNORE)
        lengths = torch.tensor([len(ids) for ids in train])
        mixed = torch.randperm(
            len(train) // r.batch, generator=torch.Generator().manual_seed(seed)
        )

        def sorted_batch(t: int) -> tuple[Tensor, Tensor]:
            own = slice(int(mixed[t]) * r.batch, (int(mixed[t]) + 1) * r.batch)
            ids = padded[own, : int(lengths[own].max())]
            return ids[:, :-1].clamp(min=0), ids[:, 1:]

        return sorted_batch
    if r.grow:
        small, usual, large = (
            Batches(train, n, seed) for n in (r.batch // 2, r.batch, 2 * r.batch)
        )
        return lambda t: (
            small if t < r.steps / 4 else usual if t < 3 * r.steps / 4 else large
        )(t)
    return Batches(train, r.batch, seed)


def optimisers(
    model: nn.Module, r: Recipe
) -> list[tuple[torch.optim.Optimizer, float]]:
    """Muon for the matrices of the blocks, and Adam for the rest; each with its rate."""
    inside = [p for n, p in model.named_parameters() if "blocks" in n and p.dim() == 2]
    rest = [p for p in model.parameters() if not any(p is q for q in inside)]
    settings: dict[str, Any] = {
        "betas": (0.9, 0.95),
        "weight_decay": 0.0,
        "fused": True,
    }
    if not r.muon:
        return [(torch.optim.AdamW([*inside, *rest], lr=r.rate, **settings), r.rate)]
    return [
        (Muon(inside, lr=r.muon, momentum=r.momentum), r.muon),
        (torch.optim.AdamW(rest, lr=r.rate, **settings), r.rate),
    ]


def train(r: Recipe, seed: int) -> tuple[nn.Module, float]:
    """The trained model, and the seconds of the processor."""
    if r.book:
        model: nn.Module = GPT(Config(STORIES.vocab_size), seed=seed)
        plan = Training(r.steps, r.rate, r.warmup, seed=seed)
        own = Batches(stories(20_000, 0), seed=seed)
        start = time.process_time()
        fit(model, own, plan, progress=False)
        return model, time.process_time() - start
    model = FastGPT(STORIES.vocab_size, r.shape, seed)
    steps, given = optimisers(model, r), batches(r, seed)
    narrow = torch.autocast("cpu", torch.bfloat16) if r.bfloat16 else nullcontext()

    def loss_of(inputs: Tensor, targets: Tensor) -> Tensor:
        logits = model(inputs).flatten(0, 1)
        return F.cross_entropy(logits.float(), targets.flatten(), ignore_index=IGNORE)

    loss = torch.compile(loss_of, dynamic=True) if r.compiled else loss_of
    start = time.process_time()
    for t in range(r.steps):
        with narrow:
            now = loss(*given(t))
        for optimiser, _ in steps:
            optimiser.zero_grad()
        now.backward()
        if r.clip:
            nn.utils.clip_grad_norm_(model.parameters(), r.clip)
        for optimiser, rate in steps:
            for group in optimiser.param_groups:
                group["lr"] = rate * factor(t, r)
            optimiser.step()
    return model, time.process_time() - start


def busy(size: int = 256, repeats: int = 60) -> float:
    """Milliseconds of the processor for one product of matrices: how fast the machine is just now."""
    a = torch.randn(size, size, generator=torch.Generator().manual_seed(0))
    start = time.process_time()
    for _ in range(repeats):
        a @ a
    return 1e3 * (time.process_time() - start) / repeats


def once(r: Recipe, seed: int) -> dict[str, Any]:
    """One run, as a line of the file: ``chosen`` is its loss on the stories that choose, in floors."""
    before = busy()
    model, seconds = train(r, seed)
    return {
        "recipe": repr(r),
        "seed": seed,
        "seconds": round(seconds, 2),
        "busy": round((before + busy()) / 2, 3),
        "chosen": round(ratio(model, CHOOSE, 200), 4),
        "ratio": round(ratio(model, TEST), 4),
    }


def kept() -> list[dict[str, Any]]:
    """The runs that are finished."""
    return [*map(json.loads, LINES.read_text().splitlines())] if LINES.exists() else []


def run(r: Recipe, seeds: list[int] = SEEDS) -> list[dict[str, Any]]:
    """The runs of a recipe, one a seed; those that are missing are made."""
    for seed in seeds:
        if not any(o["recipe"] == repr(r) and o["seed"] == seed for o in kept()):
            line = once(r, seed)
            LINES.parent.mkdir(exist_ok=True)
            with LINES.open("a") as file:
                file.write(json.dumps(line) + "\n")
    own = {o["seed"]: o for o in kept() if o["recipe"] == repr(r)}
    return [own[seed] for seed in seeds]


def seek(r: Recipe, tries: int = 5) -> Recipe:
    """The recipe with as few steps as it needs, in 25s, as the stories say that choose."""
    enough: dict[int, bool] = {}
    steps = r.steps
    for _ in range(tries):
        excess = mean(o["chosen"] for o in run(replace(r, steps=steps))) - 1
        enough[steps] = excess <= TARGET - 1 - MARGIN
        low = max((n for n, fits in enough.items() if not fits), default=0)
        high = min((n for n, fits in enough.items() if fits), default=10**6)
        steps = 25 * round(
            steps * (max(excess, 0.005) / (TARGET - 1 - MARGIN)) ** 0.6 / 25
        )
        steps = min(max(steps, low + 25), high - 25)
        if steps <= low or high - low <= 0.08 * high:
            break
    return replace(r, steps=min(n for n, fits in enough.items() if fits))


# The way to the record, a trick at a time, each with the steps that it needs; then what leaving one out costs, and
# what did not help: at the record's steps, or as many stories.
ONE, TWO = Shape(n_layer=1, fused=True), Shape(fused=True)
BASE = Recipe(
    475, ONE, rate=8e-3, muon=0.03, momentum=0.9, schedule="linear", warmup=20
)
RECORD = replace(BASE, steps=400, shape=replace(ONE, tied=False))
BOOK = "the book's own"
WAY = {
    BOOK: Recipe(1050, book=True),
    "fused attention": Recipe(1050, TWO),
    "Muon, straight fall": Recipe(650, TWO, muon=0.03, schedule="linear", warmup=20),
    "momentum 0.9, rate × 2": replace(BASE, steps=550, shape=TWO),
    "one layer": BASE,
    "own head": RECORD,
}
WITHOUT = {
    "without Muon": replace(BASE, steps=1225, muon=0.0, rate=4e-3),
    "with momentum 0.95, as published": replace(BASE, momentum=0.95),
    "rates fall along a cosine": replace(BASE, schedule="cosine"),
    "rates do not fall": replace(BASE, schedule="constant"),
    "without warmup": replace(BASE, warmup=0),
    "without clipping": replace(BASE, clip=0.0),
    "without fused attention": replace(BASE, shape=replace(ONE, fused=False)),
}
SOUGHT = {*WAY} - {BOOK}  # whose steps are those of the next line
TRIED = {
    "rotary positions": replace(BASE, shape=replace(ONE, rotary=True)),
    "QK-norm": replace(BASE, shape=replace(ONE, qk_norm=True)),
    "ReLU²": replace(BASE, shape=replace(ONE, relu2=True)),
    "projections begin at 0": replace(BASE, shape=replace(ONE, zero=True)),
    "no biases": replace(BASE, shape=replace(ONE, bias=False)),
    "norms without gains": replace(BASE, shape=replace(ONE, rms=True)),
    "a head of its own": replace(BASE, shape=replace(ONE, tied=False)),
    "half of the word before added": replace(BASE, shape=replace(ONE, smear=True)),
    "8 attention heads": replace(BASE, shape=replace(ONE, n_head=8)),
    "width 48": replace(BASE, shape=replace(ONE, width=48)),
    "width 96": replace(BASE, shape=replace(ONE, width=96)),
    "feed-forward half as wide": replace(BASE, shape=replace(ONE, wide=2)),
    "batches of 4": replace(BASE, batch=4, steps=950, muon=0.02, rate=6e-3),
    "batches of 16": replace(BASE, batch=16, steps=238, muon=0.04, rate=11e-3),
    "growing batches": replace(BASE, grow=True, steps=422),
    "stories of one length together": replace(BASE, alike=True),
    "products in bfloat16": replace(BASE, bfloat16=True),
    "torch.compile": replace(BASE, compiled=True),
}


def row(kind: str, name: str, r: Recipe) -> dict[str, Any]:
    """What the chapter shows of a recipe."""
    runs = run(r)
    spent, ratios = ([o[key] for o in runs] for key in ("seconds", "ratio"))
    return {
        "kind": kind,
        "name": name,
        "steps": r.steps,
        "batch": r.batch,
        "parameters": sum(
            p.numel() for p in FastGPT(STORIES.vocab_size, r.shape, 0).parameters()
        ),
        "seconds": spent,
        "busy": [o["busy"] for o in runs],
        "ratios": ratios,
        "mean": round(mean(ratios), 4),
        "reached": mean(ratios) <= TARGET,
    }


def measure(part: int = 0, parts: int = 1) -> list[dict[str, Any]]:
    """All rows; or the runs of one part of the recipes, for several that share the work."""
    jobs = [("way", *one) for one in WAY.items()] + [
        ("without", *one) for one in WITHOUT.items()
    ]
    jobs = [*jobs[part::parts]]
    rows = [row(kind, name, seek(r) if name in SOUGHT else r) for kind, name, r in jobs]
    # Seed by seed, so that a busy hour of the machine falls on all of them.
    tried = [*TRIED.items()][part::parts]
    for seed in SEEDS:
        for _, r in tried:
            run(r, [seed])
    return rows + [row("tried", name, r) for name, r in tried]


def fresh() -> list[dict[str, Any]]:
    """The first line of the way and the last two, with other seeds than those that chose their steps."""
    found = []
    for name in (BOOK, "one layer", "own head"):
        ratios = [o["ratio"] for o in run(WAY[name], FRESH)]
        found.append(
            {
                "name": name,
                "steps": WAY[name].steps,
                "seeds": FRESH,
                "ratios": ratios,
                "mean": round(mean(ratios), 4),
            }
        )
    return found


def own(settings: list[str], which: str) -> None:
    """A recipe of the reader's beside the record, seed by seed in turn; ``which`` stories: "chosen", or "ratio"."""
    given = dict(one.split("=") for one in settings)
    names = {f.name for f in fields(Recipe)}
    kinds = {**vars(RECORD.shape), **vars(RECORD)}
    values = {
        k: type(kinds[k])(json.loads(v) if v in ("true", "false") else v)
        for k, v in given.items()
    }
    shape = replace(RECORD.shape, **{k: v for k, v in values.items() if k not in names})
    yours = replace(
        RECORD, shape=shape, **{k: v for k, v in values.items() if k in names}
    )
    made: dict[str, list[dict[str, Any]]] = {"record": [], "yours": []}
    for seed in SEEDS if which == "chosen" else FRESH:
        for name, r in (("record", RECORD), ("yours", yours)):
            done = once(r, seed)
            made[name].append(done)
            print(
                f"seed {seed} {name:8} {done['seconds']:6.1f} s   {done[which]:.4f} × the floor",
                flush=True,
            )
    for name, runs in made.items():
        spent, loss = median(o["seconds"] for o in runs), mean(o[which] for o in runs)
        print(f"all    {name:8} {spent:6.1f} s   {loss:.4f} × the floor")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--try", nargs="+", dest="own", metavar="name=value")
    parser.add_argument("--judge", nargs="+", metavar="name=value")
    parser.add_argument(
        "--part", help="2/4: the second of four that share the work; nothing is written"
    )
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.own:
        own(asked.own, "chosen")
    elif asked.judge:
        own(asked.judge, "ratio")
    elif asked.part:
        part, parts = map(int, asked.part.split("/"))
        measure(part - 1, parts)
    else:
        start = time.perf_counter()
        rows, others = measure(), fresh()
        spent = sum(sum(r["seconds"]) for r in rows)
        found = {
            "target": TARGET,
            "floor": round(floor_of(500, TEST), 4),
            "rows": rows,
            "fresh": others,
        }
        store(DATA, found, seeds=SEEDS, seconds=max(spent, time.perf_counter() - start))
        for r in rows:
            print(
                f"{r['kind']:8}{r['name']:42}{r['steps']:5}{median(r['seconds']):7.1f} s  {r['mean']:.4f}"
            )
