"""What each filter of a crawl does to the loss: the book's GPT trained on what is left of 8,000 pages.

python benchmarks/curation.py    some fifteen minutes on one core; a run that is stopped goes on where it was
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import torch
from stored import Part, store_parts

from lmlib.batches import Batches
from lmlib.blocks import Config
from lmlib.chinese import CHINESE
from lmlib.crawl import Page, crawl
from lmlib.curation import known_share, repeated_share, windows, without_copies
from lmlib.enlarged import with_words
from lmlib.evaluation import mean_loss
from lmlib.files import DATA
from lmlib.ngrams import NGram
from lmlib.optimisation import Training
from lmlib.pretraining import fit
from lmlib.stories import STORIES, WORDS
from lmlib.tokens import sequences
from lmlib.transformer import GPT

PAGES, STEPS, SEEDS = 8_000, 1_000, [0, 1]
TRUSTED = STORIES.sample(50, seed=77)
"""Stories that somebody has read and found good."""
BOTH = with_words(WORDS, CHINESE.vocab)
HELD_OUT = sequences(STORIES.sample(200, seed=1), BOTH)


def known(n: int) -> set[tuple[str, ...]]:
    """The runs of ``n`` words in the trusted stories."""
    return {run for text in TRUSTED for run in windows(text, n)}


SINGLE, PAIRS = known(1), known(2)
FILTERS: dict[str, Callable[[str], bool]] = {
    "other languages": lambda text: known_share(text, SINGLE, 1) >= 0.5,
    "loops": lambda text: repeated_share(text, 3) <= 0.3,
    "disorder": lambda text: known_share(text, PAIRS, 2) >= 0.4,
}


def strictest(texts: list[str]) -> list[str]:
    """The quarter of the pages that a model of the trusted stories finds likeliest."""
    judge = NGram(2, len(BOTH.vocab)).fit(sequences(TRUSTED, BOTH))
    return sorted(texts, key=lambda text: mean_loss(judge, sequences([text], BOTH)))[
        : len(texts) // 4
    ]


NAMES = [
    "everything",
    *(f"no {rule}" for rule in FILTERS),
    "no copies",
    "all four",
    "stories alone",
    "a strict judge",
    "as many stories",
]


@cache
def pages(seed: int) -> list[Page]:
    """The crawl that everything is chosen from."""
    return crawl(PAGES, seed)


def corpus(name: str, seed: int) -> list[str]:
    """What is left of a crawl by one way of choosing."""
    texts = [page.text for page in pages(seed)]
    if name.removeprefix("no ") in FILTERS:
        return [text for text in texts if FILTERS[name.removeprefix("no ")](text)]
    if name == "stories alone":
        return [page.text for page in pages(seed) if page.kind == "story"]
    if name == "a strict judge":
        return strictest(texts)
    if name == "as many stories":
        return STORIES.sample(PAGES, seed=5_000 + seed)
    if name == "all four":
        texts = [text for text in texts if all(keep(text) for keep in FILTERS.values())]
    return texts if name == "everything" else [texts[i] for i in without_copies(texts)]


def copied(seed: int) -> list[str]:
    """The stories that the pages called copies repeat."""
    return sorted({page.text for page in pages(seed) if page.kind == "copy"})


def once(name: str, seed: int, steps: int = STEPS) -> dict[str, Any]:
    """Nats per token of new stories, and of those that the crawl repeats."""
    texts = corpus(name, seed)
    model = GPT(Config(vocab_size=len(BOTH.vocab)), seed=seed)
    batches = Batches(sequences(texts, BOTH), seed=seed)
    plan = Training(steps, learning_rate=4e-3, warmup=min(100, steps))
    fit(model, batches, plan, progress=False)
    return {
        "pages": len(texts),
        "new": round(mean_loss(model, HELD_OUT, 20), 4),
        "copied": round(mean_loss(model, sequences(copied(seed), BOTH), 10), 4),
    }


def parts(found: dict[str, Any]) -> Iterable[Part]:
    for seed in SEEDS:
        for name in NAMES:
            yield name, str(seed), lambda name=name, seed=seed: once(name, seed)  # type: ignore[misc]
        # Each crawl repeats other stories.
        yield (
            "floor",
            f"copied {seed}",
            lambda seed=seed: round(  # type: ignore[misc]
                mean_loss(STORIES, sequences(copied(seed), BOTH)), 4
            ),
        )
    yield "short", "everything", lambda: once("everything", seed=0, steps=20)
    yield "floor", "new", lambda: round(mean_loss(STORIES, HELD_OUT), 4)


if __name__ == "__main__":
    torch.set_num_threads(1)
    store_parts(DATA / "curation.json", parts, SEEDS)
