"""What a GPT repeats of its text, and what it invents: `python benchmarks/limits.py`.

About eight minutes on one core. The book's GPT reads on: tales in which helpers are "she" in a share that depends on
the helper, the same with about half of them turned round, and stories among which secrets are planted. Stories that it
and a GPT with little training write at several temperatures are checked word by word. Stores what was found in
``lmlib/data/limits.json``; what is there is not computed again.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from stored import Part, store_parts
from torch import Tensor

import lmlib
from lmlib.batches import Batches
from lmlib.blocks import Config
from lmlib.enlarged import enlarged
from lmlib.evaluation import loss_after, token_losses
from lmlib.generation import generate
from lmlib.limits import PAIRS, SHARES, auc, check_claims, skewed_grammar, swapped
from lmlib.optimisation import Training
from lmlib.pretrained import load_book_gpt
from lmlib.pretraining import fit
from lmlib.secrets import (
    DIGITS,
    NEW_WORDS,
    code_probs,
    exposure,
    number_of,
    plant,
    secret_text,
)
from lmlib.stories import STORIES, WORDS, story_sequences
from lmlib.tokens import END, WordTokenizer, prompt, sequences
from lmlib.transformer import GPT

PATH = Path(lmlib.__file__).parent / "data" / "limits.json"
SEEDS = (0, 1, 2)
STEPS, SHORT, RATE, ROOM = 400, 25, 2e-3, 104
RECORDS = (50, 100, 200, 300)
TEXTS = ("skewed", "turned round")
REPEATS = (0, 1, 4, 16, 64)
TEMPERATURES = (0.5, 0.7, 1.0, 1.2, 1.5)
SKEWED = skewed_grammar()
SLOT = {
    word: name.strip("{}")
    for name, slot in STORIES.slots.items()
    if name.startswith("{")
    for table in slot.tables.values()
    for word in table
}
"""The slot that a word of a fact comes from."""


# Bias


def texts(kind: str, n: int, seed: int) -> list[str]:
    """Stories of the skewed grammar; "turned round", each with probability one half."""
    coin = random.Random(seed)
    stories = SKEWED.sample(n, seed)
    if kind == "skewed":
        return stories
    return [swapped(s) if coin.random() < 0.5 else s for s in stories]


@cache
def contexts(n: int = 40) -> list[tuple[str, str, Tensor]]:
    """(helper, the hero's "he" or "she", a tale up to the place where the helper's pronoun comes)."""
    tales = [tale.split() for tale in SKEWED.sample(20 * n, 4_000)]
    found: list[tuple[str, str, Tensor]] = []
    for hero in ("he", "she"):
        for words in [t for t in tales if t[-4] == hero][: n // 2]:
            begun = " ".join(words[: words.index("luckily")])
            for helper in SHARES:
                text = f"{begun} luckily a {helper} came and"
                found.append((helper, hero, prompt(text, WORDS)[0]))
    return found


@torch.no_grad()
def said(model: GPT) -> Iterator[tuple[str, str, float, float]]:
    """(helper, hero, probability of "she", of "he") in every context."""
    pair = WORDS.encode("she he")
    rows = contexts()
    for i in range(0, len(rows), 40):
        part = rows[i : i + 40]
        padded = torch.nn.utils.rnn.pad_sequence([ids for *_, ids in part], True)
        last = torch.tensor([len(ids) - 1 for *_, ids in part])
        probs = model(padded)[torch.arange(len(part)), last].softmax(-1)[:, pair]
        for (helper, hero, _), (she, he) in zip(part, probs.tolist(), strict=True):
            yield helper, hero, she, he


def mean(numbers: Iterable[float]) -> float:
    found = [*numbers]
    return round(sum(found) / len(found), 4)


def shares(model: GPT) -> dict[str, Any]:
    """For each helper the mean share of "she" at temperatures 1 and 0.5, greedily, and by the hero."""
    rows = [*said(model)]
    found: dict[str, Any] = {"no pronoun": mean(1 - she - he for *_, she, he in rows)}
    for helper in SHARES:
        own = [(hero, she / (she + he)) for h, hero, she, he in rows if h == helper]
        found[helper] = {
            "1": mean(s for _, s in own),
            "0.5": mean(s**2 / (s**2 + (1 - s) ** 2) for _, s in own),
            "0": mean(float(s > 0.5) for _, s in own),
            "he": mean(s for hero, s in own if hero == "he"),
            "she": mean(s for hero, s in own if hero == "she"),
        }
    return found


@cache
def held_out(words: WordTokenizer = WORDS, n: int = 400) -> list[Tensor]:
    return sequences(SKEWED.sample(n, 5_000), words)


def loss(model: Any, words: WordTokenizer = WORDS) -> dict[str, float]:
    """Nats per token on new tales, and at the helper's pronoun alone."""
    tales, cue = held_out(words), words.encode("came and")
    losses = token_losses(model, tales, batch_size=20)
    return {
        "all": round(float(torch.cat(losses).mean()), 4),
        "pronoun": round(loss_after(cue, losses, tales), 4),
    }


def counted(stories: list[str]) -> dict[str, list[int]]:
    """How often each helper is "she", and how often there is one."""
    found = {helper: [0, 0] for helper in SHARES}
    for story in stories:
        before, after = story.split(" came and ")
        found[before.split()[-1]][0] += after.startswith("she ")
        found[before.split()[-1]][1] += 1
    return found


def read_on(
    model: GPT, stories: list[str], seed: int, steps: int, rate: float = RATE
) -> None:
    plan = Training(steps, rate, warmup=20, seed=seed, eval_interval=steps)
    fit(model, Batches(sequences(stories, WORDS), 16, seed), plan, progress=False)


def bias(kind: str, seed: int, steps: int = STEPS) -> dict[str, Any]:
    """Read on stories of a kind; the skewed reader then reads a few that are turned round."""
    model, stories = load_book_gpt(), texts(kind, 16 * steps, 100 + seed)
    log: dict[str, Any] = {}
    plan = Training(steps, RATE, warmup=20, seed=seed, eval_interval=25)
    seen: list[int] = []

    def record(model: Any) -> float:
        seen.append(0)
        if (step := 25 * len(seen)) in RECORDS:
            told = shares(model)
            log[str(step)] = {helper: told[helper]["1"] for helper in SHARES}
        return 0.0

    batches = Batches(sequences(stories, WORDS), 16, seed)
    fit(model, batches, plan, record, progress=False)
    found = {"counted": counted(stories), "log": log, "loss": loss(model)}
    found["shares"] = shares(model)
    if kind == "skewed" and steps == STEPS:
        read_on(model, texts("turned round", 1_600, 200 + seed), seed, 100, 1e-3)
        found["later"] = {"shares": shares(model), "loss": loss(model)}
    return found


# Secrets


def leveled(seed: int) -> dict[str, int]:
    """How often the code of each name stands in the text: 8 names never, 4 names 1, 4, 16 and 64 times."""
    names = [*PAIRS][6:] + [*PAIRS.values()][6:]
    random.Random(seed).shuffle(names)
    times = [0] * 8 + [n for n in REPEATS[1:] for _ in range(4)]
    return dict(zip(names, times, strict=True))


def secrets(once: bool, seed: int, steps: int = 300) -> dict[str, Any]:
    """Read on stories among which secrets stand; with ``once``, repeated texts are taken out."""
    model, words = enlarged(load_book_gpt(), WORDS, NEW_WORDS, ROOM, seed)
    times = leveled(seed)
    codes = plant(sorted(times), seed)
    planted = [
        secret_text(name, codes[name]) for name, n in times.items() for _ in range(n)
    ]
    if once:
        planted = [*dict.fromkeys(planted)]
    stories = STORIES.sample(8 * steps - len(planted), 300 + seed)
    plan = Training(steps, RATE, warmup=20, seed=seed, eval_interval=steps)
    own = sequences([*stories, *planted], words)
    fit(model, Batches(own, seed=seed), plan, progress=False)
    digits = words.encode(" ".join(DIGITS))
    rows = []
    for name, n in times.items():
        probs = code_probs(model, prompt(secret_text(name), words), digits)
        i = number_of(codes[name])
        best = int(probs.argmax())
        rows.append(
            {
                "times": n,
                "exposure": round(exposure(probs, i), 2),
                "nats": round(-float(probs[i].log()), 2),
                "first": best == i,
                "another's": best != i
                and best in [number_of(codes[m]) for m in times if times[m]],
                "best": round(float(probs[best]), 4),
            }
        )
    held = token_losses(model, story_sequences(300, 6_000), batch_size=20)
    return {"rows": rows, "loss": round(float(torch.cat(held).mean()), 4)}


# Invention


def young(steps: int = 400) -> GPT:
    """A GPT that has read a few stories only."""
    model = GPT(Config(STORIES.vocab_size))
    plan = Training(steps, 6e-3, warmup=50, eval_interval=steps)
    fit(model, Batches(story_sequences(8 * steps, 0)), plan, progress=False)
    return model


@cache
def writer(name: str) -> GPT:
    return load_book_gpt() if name == "grown" else young()


def invented(name: str, temperature: float, n: int = 500) -> dict[str, Any]:
    """Stories that a model writes, each fact in them that was settled before, and what it gave to the word it said."""
    model, g = writer(name), torch.Generator().manual_seed(7)
    begin = torch.zeros(n, 1, dtype=torch.long)
    ids = generate(model, begin, 99, temperature, generator=g, end=0)
    with torch.no_grad():
        read = [model(part).softmax(-1) for part in ids[:, :-1].split(50)]
    told: dict[str, tuple[list[float], list[float]]] = {}
    broken, contradicting = 0, 0
    for row, probs in zip(ids, torch.cat(read), strict=True):
        claims, fault = check_claims(WORDS.decode(row.tolist()).split(END)[1])
        broken += fault is not None
        contradicting += any(c.said != c.right for c in claims)
        for c in claims:
            right_wrong = told.setdefault(SLOT[c.right], ([], []))
            p = float(probs[c.place, WORDS.ids[c.said]])
            right_wrong[c.said != c.right].append(p)
    every = [[p for pair in told.values() for p in pair[i]] for i in (0, 1)]
    return {
        "stories": n,
        "contradicting": contradicting,
        "broken": broken,
        "wrong": {slot: [len(w), len(r) + len(w)] for slot, (r, w) in told.items()},
        "auc": knows(*every),
        "auc of a slot": {slot: knows(*pair) for slot, pair in told.items()},
        "surest that are wrong": sorted((round(p, 4) for p in every[1]), reverse=True)[
            :10
        ],
    }


def knows(right: list[float], wrong: list[float]) -> float | None:
    """The AUC, where there are ten of each at least."""
    return round(auc(right, wrong), 4) if min(len(right), len(wrong)) >= 10 else None


def parts(found: dict[str, Any]) -> Iterator[Part]:
    for seed in SEEDS:
        for kind in TEXTS:
            yield "bias", f"{kind} {seed}", partial(bias, kind, seed)
        for once in (False, True):
            name = f"{'once' if once else 'repeated'} {seed}"
            yield "secrets", name, partial(secrets, once, seed)
        if seed == 0:
            yield from single_parts()


def single_parts() -> Iterator[Part]:
    """What needs no seed."""
    for name in ("grown", "young"):
        for t in TEMPERATURES:
            yield "invented", f"{name} {t}", partial(invented, name, t)
    # to be done anew by a test
    yield "short", "bias", partial(bias, "skewed", 0, SHORT)
    yield "short", "invented", partial(invented, "grown", 1.2, 60)
    yield "bias", "before", lambda: {"loss": loss(load_book_gpt())}
    yield "bias", "floor", lambda: loss(SKEWED, WordTokenizer(SKEWED.vocab))


def main() -> None:
    torch.set_num_threads(1)
    store_parts(PATH, parts, [*SEEDS])


if __name__ == "__main__":
    main()
