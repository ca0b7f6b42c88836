"""Scaling laws of the book's GPT: many sizes, many lengths of training, and how far each ends above the floor.

    python benchmarks/scaling.py

About 25 minutes on one core. Each finished run is one line of ``_build/scaling.jsonl``, so an
interrupted script goes on where it stopped. It then writes ``lmlib/data/scaling.json``, from which
the chapter on scale draws and fits. On another CPU the last digits differ.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

import stored
import torch
from torch import Tensor, nn

import lmlib
from lmlib.batches import Batches
from lmlib.blocks import Config
from lmlib.evaluation import bootstrap, token_losses
from lmlib.ngrams import NGram
from lmlib.optimisation import Training
from lmlib.pretraining import fit
from lmlib.scaling_laws import ScalingLaw, fit_scaling_law
from lmlib.stories import STORIES
from lmlib.tokens import WordTokenizer, sequences
from lmlib.transformer import GPT, count_parameters

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
    rate: float = (
        0.28  # the highest learning rate is this / width: a few tries, wider wants less
    )


def once(leg: str, width: int, steps: int, seed: int) -> Run:
    """Every story is new: as many as the steps read."""
    return Run(leg, width, steps, steps * BATCH, seed)


GRID = [
    once("grid", width, steps, seed)
    for seed in (0, 1)
    for width in (64, 48, 32, 24, 16, 12, 8)
    for steps in (2000, 1000, 500, 250)
]
REPEATED = [Run("repeated", 64, 800, n, seed=0) for n in (6400, 1600, 400, 100)]
TOO_FAST = replace(once("too fast", 64, 2000, 0), rate=0.48)
# Ten times the work of the largest of GRID; and as long a run of the same width, to see which it was.
LARGER = once("larger", 128, 6000, 0)
LONGER = once("longer", 64, 6000, 0)


@cache
def texts(n: int, seed: int) -> list[Tensor]:
    return sequences(STORIES.sample(n, seed), WordTokenizer(STORIES.vocab))


@cache
def exam() -> tuple[list[Tensor], Tensor, dict[str, Tensor], Tensor]:
    """Held-out stories; their floor; three kinds of words, as masks; which words are the last town.

    ``recalled`` are words that only a look back decides: the grammar is certain there, and a 5-gram
    is not, though it has counted 20,000 stories. ``mood`` are the two words that depend on a mood which
    must be guessed from earlier ones. ``rest`` are all others.
    """
    held_out = texts(300, 10**6)
    floor = torch.cat(token_losses(STORIES, held_out))
    five = NGram(5, STORIES.vocab_size).fit(texts(20_000, 0))
    recalled = (floor < 1e-3) & (torch.cat(token_losses(five, held_out)) - floor > 0.1)
    mood = torch.cat([mood_words(ids) for ids in held_out])
    cue = torch.tensor([STORIES.ids[word] for word in ("led", "back", "to")])
    town = torch.cat([after(cue, ids) for ids in held_out])
    return (
        held_out,
        floor,
        {"recalled": recalled, "mood": mood, "rest": ~(recalled | mood)},
        town,
    )


def mood_words(ids: Tensor) -> Tensor:
    """(T − 1) mask over what is predicted: the word before "people", and the one that ends the story."""
    mask = torch.zeros(len(ids) + 1, dtype=torch.bool)
    mask[:-2] = ids[1:] == STORIES.ids["people"]
    mask[len(ids) - 3] = True  # before the full stop and the last <end>
    return mask[1:-1]


def after(cue: Tensor, ids: Tensor) -> Tensor:
    """(T − 1) mask over what is predicted: the word after ``cue``."""
    starts = ids.unfold(0, len(cue) + 1, 1)[:, :-1].eq(cue).all(-1)
    return torch.cat([torch.zeros(len(cue) - 1, dtype=torch.bool), starts])


def marks(model: nn.Module) -> dict[str, float]:
    """Nats above the floor per token, in all, and what each kind of words adds to it."""
    held_out, floor, kinds, town = exam()
    losses = torch.cat(token_losses(model, held_out)).double()
    excess = losses - floor
    found = {
        "excess": excess.mean(),
        "error": excess.std() / math.sqrt(len(excess)),
        **{name: (excess * mask).mean() for name, mask in kinds.items()},
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
        learning_rate=run.rate / run.width,
        warmup=run.steps // 10,
        eval_interval=50,
    )
    batches = Batches(stories(run), BATCH, run.seed)
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


def forecast(runs: list[dict], larger: Run) -> dict[str, dict]:
    """What laws fitted to ``runs`` expect of a larger one: of all that lies above the floor, and of the rest."""
    config = Config(vocab_size=STORIES.vocab_size, d_model=larger.width)
    size = count_parameters(GPT(config)), sum(len(ids) - 1 for ids in stories(larger))

    def law(part: str, chosen: list[dict]) -> ScalingLaw:
        columns = zip(
            *((r["parameters"], r["tokens"], r[part]) for r in chosen), strict=True
        )
        return fit_scaling_law(*(list(column) for column in columns), floor=0.0)

    def ends(part: str) -> list[float]:
        interval = bootstrap(
            lambda chosen: [law(part, chosen).loss(*size)], runs, draws=100
        )
        return [float(end) for end in interval[:, 0]]

    return {
        part: {"loss": float(law(part, runs).loss(*size)), "interval": ends(part)}
        for part in ("excess", "rest")
    }


def stories(run: Run) -> list[Tensor]:
    """Those that a run is trained on; another seed draws others."""
    return texts(run.stories, 100 + run.seed)


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


def store(**found: dict) -> None:
    """Write what is known so far; the forecast is written before the larger run is done."""
    _, floor, kinds, _ = exam()
    shares = {
        name: round(float(mask.double().mean()), 4) for name, mask in kinds.items()
    }
    about = {"floor": round(float(floor.mean()), 6), "shares": shares}
    seconds = sum(run["seconds"] for run in finished())
    runs = [{k: v for k, v in run.items() if k != "seconds"} for run in finished()]
    stored.store(DATA, {**about, **found, "runs": runs}, seeds=[0, 1], seconds=seconds)


def main() -> None:
    torch.set_num_threads(1)
    LINES.parent.mkdir(exist_ok=True)
    complete(GRID)
    grid = [run for run in finished() if run["leg"] == "grid"]
    expected = forecast(grid, LARGER)
    print(expected, flush=True)
    store(forecast=expected)
    complete([LARGER, TOO_FAST, LONGER, *REPEATED])
    store(forecast=expected)


if __name__ == "__main__":
    main()
