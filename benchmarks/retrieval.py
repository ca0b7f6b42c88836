"""Questions about stories, answered from the right one, a wrong one, or none: `python benchmarks/retrieval.py`.

Some minutes on one core. Stores in ``lmlib/data/retrieval.json``, after each part, what the chapter on retrieval
shows; what stands there is not computed again, so delete the file to begin anew.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import stored
import torch

import lmlib
from lmlib.batches import Batches, answer_behind
from lmlib.enlarged import enlarged
from lmlib.evaluation import token_losses
from lmlib.optimisation import Training
from lmlib.pretrained import load_book_gpt
from lmlib.pretraining import fit
from lmlib.retrieval import Index
from lmlib.states import read_state
from lmlib.stories import STORIES, WORDS
from lmlib.story_questions import ASKING, KINDS, UNKNOWN, ask, checked, library, quoted
from lmlib.tasks import MARK, Task, task_sequences, write_answers
from lmlib.tokens import WordTokenizer
from lmlib.transformer import GPT

PATH = Path(lmlib.__file__).parent / "data" / "retrieval.json"
STORE, ROOM = 200, 128
STEPS = {
    "before training": 0,
    "answers": 800,
    "from scratch": 800,
    "may say unknown": 800,
    "quotes": 800,
}


PLAN = {
    "before training": (0,),
    "answers": (0, 1, 2),
    "from scratch": (0, 1),
    "may say unknown": (0,),
    "quotes": (0,),
}
"""The seeds of each kind."""


def lesson(kind: str, n: int, seed: int) -> list[Task]:
    """Questions to train on: a quarter with no story for "answers"; 40 % about another story for the others."""
    draw = random.Random(seed)
    stories = STORIES.sample(n, 1_000 + seed)
    states = [read_state(story) for story in stories]
    tasks = []
    for story, state in zip(stories, states, strict=True):
        what, chance, other = draw.choice([*KINDS]), draw.random(), draw.choice(states)
        asked = (
            other if kind in ("quotes", "may say unknown") and chance < 0.4 else state
        )
        same = (asked["name"], asked["object"]) == (state["name"], state["object"])
        given = {
            "quotes": quoted(state, what),
            "may say unknown": state[what] if same else UNKNOWN,
        }
        closed = kind in ("answers", "from scratch") and chance < 0.25
        prompt = ask(asked, what) if closed else f"{story} {ask(asked, what)}"
        tasks.append(Task(prompt, given.get(kind, state[what])))
    return tasks


def learn(kind: str, seed: int) -> tuple[GPT, WordTokenizer]:
    """The book's GPT, adapted to questions; or one of its size that begins with random numbers."""
    model, words = enlarged(load_book_gpt(), WORDS, [MARK, *ASKING], ROOM, seed=seed)
    if kind == "from scratch":
        model = GPT(model.config, seed=seed)
    steps = STEPS[kind]
    if not steps:
        return model, words
    texts = task_sequences(lesson(kind, 8 * steps, seed), words)
    batches = Batches(texts, 8, seed, answer_behind(words.ids[MARK]))
    fit(
        model,
        batches,
        Training(steps, 3e-3, eval_interval=steps, seed=seed),
        progress=False,
    )
    return model, words


@cache
def exam() -> tuple[list[str], list[dict[str, str]], list[str]]:
    """The store, what its stories say, and for each a kind of question."""
    stories = library(STORE, seed=5)
    draw = random.Random(6)
    return (
        stories,
        [read_state(s) for s in stories],
        [draw.choice([*KINDS]) for _ in stories],
    )


@cache
def documents() -> dict[str, list[int]]:
    """For each question the right document, one at random that is wrong, and the wrong one that looks best."""
    stories, states, kinds = exam()
    draw, index = random.Random(7), Index(stories)
    right = [*range(STORE)]
    wrong = [(i + draw.randrange(1, STORE)) % STORE for i in right]
    ranked = [index.search(ask(s, k), 2) for s, k in zip(states, kinds, strict=True)]
    near = [next(j for j in row if j != i) for i, row in enumerate(ranked)]
    return {"right": right, "wrong": wrong, "near": near}


def bits(rights: list[bool]) -> str:
    return "".join(str(int(right)) for right in rights)


def examined(kind: str, seed: int) -> dict[str, Any]:
    """Which questions it answers rightly, with each document; how often it says what that one says, and "unknown"."""
    model, words = learn(kind, seed)
    stories, states, kinds = exam()
    found: dict[str, Any] = {}
    for name, chosen in documents().items():
        prompts = [
            f"{stories[j]} {ask(s, k)}"
            for j, s, k in zip(chosen, states, kinds, strict=True)
        ]
        said = write_answers(model, prompts, words, 6)
        if kind == "quotes":
            said = [checked(one, s) for one, s in zip(said, states, strict=True)]
        found[name] = judged(said, chosen) | {"loss": loss(model, words, prompts, kind)}
    if kind in ("answers", "from scratch"):
        prompts = [ask(s, k) for s, k in zip(states, kinds, strict=True)]
        said = write_answers(model, prompts, words, 2)
        found["none"] = judged(said, documents()["right"]) | {
            "loss": loss(model, words, prompts, kind)
        }
    return found


def judged(said: list[str], chosen: list[int]) -> dict[str, Any]:
    _, states, kinds = exam()
    true = [s[k] for s, k in zip(states, kinds, strict=True)]
    told = [states[j][k] for j, k in zip(chosen, kinds, strict=True)]
    asked = [ask(s, k) for s, k in zip(states, kinds, strict=True)]
    wrong = [[q, a, b] for q, a, b in zip(asked, true, said, strict=True) if a != b]
    return {
        "right": bits([a == b for a, b in zip(said, true, strict=True)]),
        "as told": round(sum(map(str.__eq__, said, told)) / STORE, 4),
        "unknown": said.count(UNKNOWN) / STORE,
        "errors": wrong[:3],
    }


def loss(
    model: GPT, words: WordTokenizer, prompts: list[str], kind: str
) -> float | None:
    """Nats for the true word; None where a quotation stands before it."""
    if kind == "quotes":
        return None
    _, states, kinds = exam()
    tasks = [Task(p, s[k]) for p, s, k in zip(prompts, states, kinds, strict=True)]
    rows = token_losses(model, task_sequences(tasks, words), batch_size=50)
    return round(
        float(torch.stack([row[-2] for row in rows]).mean()), 4
    )  # then comes END


def parts(found: dict[str, Any]) -> Iterator[stored.Part]:
    for kind, seeds in PLAN.items():
        for seed in seeds:
            yield kind, str(seed), partial(examined, kind, seed)


if __name__ == "__main__":
    stored.store_parts(
        PATH, parts, sorted({seed for seeds in PLAN.values() for seed in seeds})
    )
