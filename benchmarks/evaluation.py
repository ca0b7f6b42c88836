"""What a test tells when a fifth of it stood in the training text: `python benchmarks/evaluation.py`.

Three minutes on one core. The book's GPT goes on for 300 steps, on 2,400 more stories. In some runs, copies of 100
stories of the test stand in place of as many others; the other 400 stories of the test are never seen. Three seeds
each. One more run reads the same 100 stories, none of the test's, again and again, and one begins anew and stops
early. Stores losses in nats per token, and how well the probabilities fit on stories of the test that no run has
read, in ``lmlib/data/evaluation.json``; called again, it goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from stored import Part, store_parts
from torch import Tensor

import lmlib
from lmlib.batches import Batches
from lmlib.blocks import Config
from lmlib.calibration import calibration_error, top_words
from lmlib.evaluation import mean_loss
from lmlib.optimisation import Training
from lmlib.pretrained import load_book_gpt
from lmlib.pretraining import fit
from lmlib.stories import STORIES, story_sequences
from lmlib.transformer import GPT

PATH = Path(lmlib.__file__).parent / "data" / "evaluation.json"
SEEDS, COPIES = (0, 1, 2), (0, 1, 4, 16)
STEPS, RATE, BATCH = 300, 2e-3, 8
TESTED, LEAKED, JUDGED = 500, 100, 200


@cache
def test() -> list[Tensor]:
    return story_sequences(TESTED, seed=1)


@cache
def exact() -> list[Tensor]:
    """The grammar's log-probabilities at every place of the stories that are judged, (T, V) each."""
    return [STORIES(ids[None, :-1])[0] for ids in test()[-JUDGED:]]


def read(copies: int, seed: int, steps: int = STEPS) -> list[Tensor]:
    """Stories to go on with, of which the last are ``copies`` of those that leaked."""
    stories = story_sequences(BATCH * steps, seed=10 + seed)
    leaked = test()[:LEAKED] * copies
    return stories[: len(stories) - len(leaked)] + leaked


@torch.no_grad()
def judged(model: GPT) -> dict[str, float]:
    """How well the probabilities fit, on stories that no run has read."""
    rows = []
    for ids, truth in zip(test()[-JUDGED:], exact(), strict=True):
        rows.append(top_words(model(ids[None, :-1])[0], truth, ids[1:]))
    said, right, true, kl = (torch.cat(column) for column in zip(*rows, strict=True))
    return {
        "calibration error": round(calibration_error(said, right), 4),
        "exact": round(calibration_error(said, true), 4),
        "divergence": round(float(kl.mean()), 4),
        "said": round(float(said.mean()), 4),
        "right": round(float(right.double().mean()), 4),
    }


def run(
    model: GPT, stories: list[Tensor], seed: int, steps: int = STEPS, rate: float = RATE
) -> dict[str, Any]:
    """Train a model; its losses on the stories that may have leaked and on those that have not."""
    plan = Training(steps, rate, warmup=steps // 10, seed=seed)
    fit(model, Batches(stories, BATCH, seed=seed), plan, progress=False)
    parts = {"leaked": test()[:LEAKED], "clean": test()[LEAKED:]}
    losses = {
        name: round(mean_loss(model, texts, 50), 4) for name, texts in parts.items()
    }
    return losses


def leak(copies: int, seed: int) -> dict[str, Any]:
    return run(load_book_gpt(), read(copies, seed), seed)


def few(seed: int) -> dict[str, Any]:
    """A hundred stories, 24 times each."""
    model = load_book_gpt()
    return run(model, read(0, seed)[:100], seed) | judged(model)


def early(seed: int) -> dict[str, Any]:
    """Stopped after 150 steps from random numbers."""
    model = GPT(Config(STORIES.vocab_size), seed=seed)
    return run(model, read(0, seed, 150), seed, 150, rate=4e-3) | judged(model)


def floors() -> dict[str, float]:
    """The exact losses on the same stories."""
    parts = {"leaked": test()[:LEAKED], "clean": test()[LEAKED:], "all": test()}
    return {name: round(mean_loss(STORIES, texts), 4) for name, texts in parts.items()}


def short() -> dict[str, Any]:
    """A run that a test makes anew."""
    model = load_book_gpt()
    return run(model, read(0, 0, 20), 0, 20) | judged(model)


def parts(found: dict[str, Any]) -> Iterator[Part]:
    yield "floors", "stories", floors
    yield "short", "20 steps", short
    for seed in SEEDS:
        for copies in reversed(COPIES):
            yield f"copies {copies}", str(seed), partial(leak, copies, seed)
    for seed in SEEDS:
        yield "100 stories", str(seed), partial(few, seed)
        yield "150 steps", str(seed), partial(early, seed)


if __name__ == "__main__":
    torch.set_num_threads(1)
    store_parts(PATH, parts, [*SEEDS])
