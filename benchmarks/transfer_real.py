"""A real model with few examples in its prompt, right and wrong ones; and what a story costs it in two languages.

    python benchmarks/transfer_real.py

About a minute on one core. Writes ``lmlib/data/transfer_real.json``, from which the chapter on little data draws. It
needs the real model, which ``lmlib.interop.real.HOW`` says how to get.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import stored
import torch

import lmlib
from lmlib.chinese import in_chinese
from lmlib.evaluation import token_losses
from lmlib.interop.real import RealModel, load_real
from lmlib.stories import STORIES
from lmlib.transfer import Pairs, episode

DATA = Path(lmlib.__file__).parent / "data" / "transfer_real.json"
TEXTS, SHOTS, STORIES_READ = 24, 8, 6
CAPITALS = (
    "France Paris, Japan Tokyo, Italy Rome, Spain Madrid, Germany Berlin, Russia Moscow, Egypt Cairo, Greece Athens, "
    "Austria Vienna, Portugal Lisbon, Ireland Dublin, Poland Warsaw, Norway Oslo, Sweden Stockholm, Cuba Havana, "
    "Peru Lima, Kenya Nairobi, China Beijing, England London, Hungary Budapest, Finland Helsinki, Iran Tehran"
)
OPPOSITES = (
    "hot cold, big small, up down, fast slow, young old, happy sad, light dark, high low, open closed, hard soft, "
    "rich poor, early late, strong weak, full empty, left right, day night, good bad, black white, yes no, "
    "clean dirty, win lose, before after"
)
KNOWN: dict[str, Pairs] = {
    name: [(a, b) for a, b in (pair.split() for pair in words.split(", "))]
    for name, words in (("capitals", CAPITALS), ("opposites", OPPOSITES))
}


def text(pairs: Pairs) -> str:
    """A line for each pair.

    >>> text([("France", "Paris")])
    'France: Paris\\n'
    """
    return "".join(f"{key}: {value}\n" for key, value in pairs)


def with_others_answers(pairs: Pairs, random: Random) -> Pairs:
    """Each key with the value of another one of these pairs."""
    order = [*range(len(pairs))]
    random.shuffle(order)
    after = {a: b for a, b in zip(order, [*order[1:], order[0]], strict=True)}
    return [(key, pairs[after[i]][1]) for i, (key, _) in enumerate(pairs)]


@torch.no_grad()
def right(real: RealModel, shown: Pairs, meant: Pairs) -> list[bool]:
    """Behind each key, after the lines before: is the first token of the value that is meant the likeliest?"""
    places, ids = [], []
    for key, value in shown:
        ids += real.tokenizer.encode(f"{key}:")
        places.append(len(ids) - 1)
        ids += real.tokenizer.encode(f" {value}\n")
    said = real.model(torch.tensor([[*real.ends.before, *ids]]))[0].argmax(-1)
    due = [real.tokenizer.encode(f" {value}")[0] for _, value in meant]
    first = len(real.ends.before)
    return [said[p + first].item() == d for p, d in zip(places, due, strict=True)]


def one_text(task: str, i: int, wrong: bool = False) -> list[int]:
    """For a text of a task whether the value behind 0, 1, … examples is right, 1 or 0."""
    random = Random(f"{task} {i}")
    known = KNOWN.get(task)
    meant = random.sample(known, SHOTS + 1) if known else episode(random, SHOTS + 1)
    shown = with_others_answers(meant, random) if wrong else meant
    return [*map(int, right(load_real(), shown, meant))]


def few_shots(task: str, wrong: bool = False) -> list[list[int]]:
    return [one_text(task, i, wrong) for i in range(TEXTS)]


def two_languages() -> dict[str, Any]:
    """Tokens and nats of the same stories in English and in Chinese, each read on its own."""
    real, english = load_real(), STORIES.sample(STORIES_READ, 5_000)
    chinese = [in_chinese(story).replace(" ", "") for story in english]
    found = {}
    for name, stories in (("English", english), ("Chinese", chinese)):
        texts = [real.encode(f"\n{story}")[0] for story in stories]
        nats = [row.sum().item() for row in token_losses(real.model, texts)]
        found[name] = {
            "tokens": [len(ids) - 1 for ids in texts],
            "nats": [round(x, 1) for x in nats],
        }
    return found


def parts(found: Any) -> Iterator[stored.Part]:
    yield "shots", "dictionary", partial(few_shots, "dictionary")
    for task in KNOWN:
        yield "shots", task, partial(few_shots, task)
        yield "shots", f"{task}, wrong", partial(few_shots, task, wrong=True)
    yield "stories", "two languages", two_languages


def main() -> None:
    torch.set_num_threads(1)
    stored.store_parts(DATA, parts, [0])


if __name__ == "__main__":
    main()
