"""Scaling laws of the book's GPT: many sizes, many lengths of training, and how far each ends above the floor.

    python benchmarks/scaling.py

About 35 minutes on one core. Each finished run is one line of ``_build/scaling.jsonl``, so an
interrupted script goes on where it stopped. It then writes ``lmlib/data/scaling.json``, from which
the chapter on scale draws and fits. On another processor the last digits differ.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn

import lmlib
from lmlib.batches import Batches
from lmlib.evaluation import token_losses
from lmlib.ngrams import NGram
from lmlib.pretraining import Training, fit
from lmlib.stories import STORIES
from lmlib.tokens import WordTokenizer, sequences
from lmlib.transformer import GPT, Config, count_parameters

LINES = Path(__file__).parents[1] / "_build" / "scaling.jsonl"
DATA = Path(lmlib.__file__).parent / "data" / "scaling.json"
BATCH = 8  # stories a step


@dataclass(frozen=True)
class Run:
    """``width`` is C. Of ``stories`` each is read once, unless there are more steps than they fill."""

    leg: str
    width: int
    steps: int
    stories: int
    seed: int


def once(leg: str, width: int, steps: int, seed: int) -> Run:
    """Every story is new: as many as the steps read."""
    return Run(leg, width, steps, steps * BATCH, seed)


GRID = [
    once("grid", width, steps, seed)
    for seed in (0, 1, 2)
    for width in (8, 12, 16, 24, 32, 48, 64)
    for steps in (250, 500, 1000, 2000)
]
REPEATED = [
    Run("repeated", 64, 800, stories, seed)
    for seed in (0, 1)
    for stories in (50, 100, 200, 400, 800, 1600)
]
LARGER = [once("larger", 128, 4000, seed) for seed in (0, 1)]


@cache
def texts(n: int, seed: int) -> list[Tensor]:
    return sequences(STORIES.sample(n, seed), WordTokenizer(STORIES.vocab))


@cache
def exam() -> tuple[list[Tensor], Tensor, Tensor, Tensor]:
    """Held-out stories; their floor; which words only a look back decides; which word is the last town.

    A look back is needed where the grammar is certain and a 5-gram is not, though it has counted
    20,000 stories.
    """
    held_out = texts(300, 10**6)
    floor = torch.cat(token_losses(STORIES, held_out))
    five = NGram(5, STORIES.vocab_size).fit(texts(20_000, 0))
    recalled = (floor < 1e-3) & (torch.cat(token_losses(five, held_out)) - floor > 0.1)
    cue = torch.tensor(WordTokenizer(STORIES.vocab).encode("led back to"))
    town = torch.cat(
        [
            torch.tensor([t >= 3 and torch.equal(ids[t - 3 : t], cue) for t in range(len(ids))])[1:]
            for ids in held_out
        ]
    )  # fmt: skip
    return held_out, floor, recalled, town


def marks(model: nn.Module) -> dict[str, float]:
    """Nats above the floor per token, in all, and what the recalled words and the others add to it."""
    held_out, floor, recalled, town = exam()
    losses = torch.cat(token_losses(model, held_out)).double()
    excess = losses - floor
    found = {
        "excess": excess.mean(),
        "error": excess.std() / math.sqrt(len(excess)),
        "recalled": (excess * recalled).mean(),
        "others": (excess * ~recalled).mean(),
        "town_nats": losses[town].mean(),
        "town_right": right(model, held_out, town),
    }
    return {name: round(float(value), 6) for name, value in found.items()}


@torch.no_grad()
def right(model: nn.Module, held_out: list[Tensor], town: Tensor) -> Tensor:
    """The share of last towns to which the model gives the highest logit."""
    hits = [model(ids[None, :-1])[0].argmax(-1) == ids[1:] for ids in held_out]
    return torch.cat(hits)[town].double().mean()


def do(run: Run) -> dict:
    """Train one model and measure it; where stories repeat, at the record that validation likes best."""
    config = Config(vocab_size=STORIES.vocab_size, d_model=run.width)
    model = GPT(config, seed=run.seed)
    training = Training(
        steps=run.steps,
        learning_rate=0.06 / math.sqrt(run.width),  # a few tries: wider models want less
        warmup=run.steps // 10,
        every=50,
    )
    # The stories of another seed begin elsewhere, so no two seeds share one.
    batches = Batches(texts(run.stories, 100 + run.seed), BATCH, run.seed)
    best: list[tuple[float, dict[str, float]]] = []

    def measure(model: nn.Module) -> float:
        loss = torch.cat(token_losses(model, texts(60, 2 * 10**6))).mean().item()
        if not best or loss < best[0][0]:
            best[:] = [(loss, marks(model))]
        return loss

    start = time.perf_counter()
    repeated = run.leg == "repeated"
    fit(model, batches, training, measure if repeated else None, progress=False)
    tables = sum(
        p.numel() for p in (model.decoder.embed.weight, model.decoder.position.weight)
    )
    return {
        **asdict(run),
        "parameters": count_parameters(model),
        "in_blocks": count_parameters(model) - tables,
        "tokens": int(sum((batches(s)[1] >= 0).sum() for s in range(run.steps))),
        **(best[0][1] if repeated else marks(model)),
        "seconds": round(time.perf_counter() - start, 1),
    }


def finished() -> list[dict]:
    lines = LINES.read_text().splitlines() if LINES.exists() else []
    return [json.loads(line) for line in lines]


def complete(runs: list[Run]) -> None:
    """Do the runs that no line tells of, and append a line for each."""
    done = {tuple(line[name] for name in asdict(runs[0])) for line in finished()}
    for run in runs:
        if tuple(asdict(run).values()) not in done:
            line = json.dumps(do(run))
            print(line, flush=True)
            with LINES.open("a") as file:
                file.write(line + "\n")


def main() -> None:
    torch.set_num_threads(1)
    LINES.parent.mkdir(exist_ok=True)
    complete(GRID + REPEATED)
    _, floor, recalled, _ = exam()
    about = {
        "floor": round(float(floor.mean()), 6),
        "recalled_share": round(float(recalled.double().mean()), 4),
    }
    DATA.write_text(json.dumps({**about, "runs": finished()}, indent=0) + "\n", "utf-8")


if __name__ == "__main__":
    main()
