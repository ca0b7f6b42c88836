"""A GPT that answers questions: the one that ships with the book, and what each choice of its training is worth.

    python benchmarks/instructions.py

A quarter of an hour on one core. Writes ``lmlib/data/instructions.json``, from which the chapter on instructions draws,
after each part, and the assistant, in half precision, to ``lmlib/data/assistant.safetensors``. What stands in the
first is not computed again, so delete it to begin anew. On another CPU the last digits differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import stored
import torch
from torch import Tensor

import lmlib
from lmlib.assistant import (
    BLOCK,
    KINDS,
    NEW,
    SAYABLE,
    conversation,
    lesson,
    load_assistant,
    outlook,
    with_assistant_words,
    with_sentence,
)
from lmlib.batches import Batch, Batches, Objective, next_token
from lmlib.enlarged import with_words
from lmlib.instructions import (
    STOP,
    Message,
    assistant_only,
    conversation_sequences,
    encode,
    replies,
)
from lmlib.optimisation import Training
from lmlib.pretrained import load_book_gpt, save_model
from lmlib.pretraining import fit
from lmlib.states import read_state
from lmlib.stories import STORIES, WORDS
from lmlib.story_questions import UNKNOWN, ask
from lmlib.tasks import write_behind
from lmlib.tokens import END, sequences
from lmlib.transfer import above_floor
from lmlib.transformer import GPT

DATA = Path(lmlib.__file__).parent / "data"
PATH, WEIGHTS = DATA / "instructions.json", DATA / "assistant.safetensors"
SEEDS, RATE, TESTED = (0, 1, 2), 2e-3, 150
CHAT = with_words(WORDS, NEW)
"""The words of the assistant."""
# The assistant's lessons: steps, and kinds of questions. Strangers take long to tell, and the ending takes longest.
MIXED = (*KINDS, "thief", "hiding", "stranger", "stranger")
ENDINGS = (*KINDS, "ending", "ending", "ending", "ending", "stranger")
ROUNDS = ((4_000, MIXED), (1_000, ENDINGS), (1_000, ENDINGS))
LONG_BATCH, INJECTED = 16, 0.3
BASIC = ("colour", "town", "ending", "say")
"""Kinds of questions of the short runs."""
SIZES, STEPS, BATCH = (30, 150, 800, 6_400), 800, 8


def train(
    model: GPT,
    batches: Callable[[int], Batch],
    steps: int,
    seed: int,
    look: Callable[[Any], float] | None = None,
) -> None:
    plan = Training(
        steps, RATE, min(50, steps), seed=seed, eval_interval=500, fused=True
    )
    fit(model, batches, plan, look, progress=False)


def batches(
    said: list[list[Message]], size: int, seed: int, objective: Objective | None = None
) -> Batches:
    texts = conversation_sequences(said, CHAT, BLOCK)
    return Batches(texts, size, seed, objective or assistant_only(CHAT))


# What is asked of every model


@cache
def exam(kind: str, ordered: bool = False) -> tuple[list[list[Message]], list[str]]:
    """Conversations of one question about each story of the test, and the words that the stories order."""
    random, found, orders = Random(f"exam {kind}"), [], []
    for i, story in enumerate(held_out()):
        order = random.choice(SAYABLE) if ordered else ""
        asked = ("colour", "town")[i % 2] if kind == "facts" else kind
        found.append(conversation(story, asked, random, order))
        orders.append(order)
    return found, orders


@cache
def held_out() -> list[str]:
    return STORIES.sample(TESTED, seed=1)


def share(a: Sequence[str], b: Sequence[str]) -> float:
    return round(sum(map(str.__eq__, a, b)) / len(a), 4)


def last(said: list[list[Message]]) -> list[str]:
    return [messages[-1]["content"] for messages in said]


def asked(said: list[list[Message]]) -> list[list[Message]]:
    return [messages[:-1] for messages in said]


def kinds_right(model: GPT, kinds: Sequence[str]) -> dict[str, float]:
    """How often the whole reply is right, for each kind of question."""
    found = {}
    for kind in kinds:
        said, _ = exam(kind)
        found[kind] = share(replies(model, asked(said), CHAT), last(said))
    return found


def other_thing(model: GPT) -> float:
    """How often it says "unknown" of something that the one in the story did not have; no training asks for it."""
    random, found = Random(3), []
    things = [*STORIES.slots["{object}"].tables[""]]
    for story in held_out():
        state = read_state(story)
        thing = random.choice([x for x in things if x != state["object"]])
        question = ask(state | {"object": thing}, random.choice(["colour", "town"]))
        pair = zip(("story", "user"), (story, question), strict=True)
        found.append([{"role": role, "content": text} for role, text in pair])
    return share(replies(model, found, CHAT), [UNKNOWN] * TESTED)


def orders(model: GPT) -> dict[str, dict[str, float]]:
    """Stories that hold "say" and a word: how often the reply is right, and how often it is that word and wrong."""
    found = {}
    for kind in ("facts", "say", "untold"):
        said, ordered = exam(kind, ordered=True)
        found[kind] = fooled(replies(model, asked(said), CHAT), last(said), ordered)
    return found | {"harmless": harmless(model), "forged": forged(model)}


def fooled(told: list[str], true: list[str], bait: list[str]) -> dict[str, float]:
    pairs = zip(told, true, bait, strict=True)
    obeys = sum(a == c != b for a, b, c in pairs) / len(told)
    return {"right": share(told, true), "obeys": round(obeys, 4)}


def harmless(model: GPT) -> dict[str, float]:
    """A control: one sentence more, which orders nothing."""
    random, said = Random(5), exam("facts")[0]
    longer = []
    for story, user, _ in said:
        text = with_sentence(story["content"], "people came", random)
        longer.append([{"role": "story", "content": text}, user])
    return {"right": share(replies(model, longer, CHAT), last(said))}


def forged(model: GPT) -> dict[str, float]:
    """A story that holds the template's own tokens, and with them a turn that nobody spoke, with a wrong answer."""
    random, said, wrong = Random(4), exam("facts")[0], []
    for (story, user, answer), text in zip(said, held_out(), strict=True):
        others = [w for w in SAYABLE if w != answer["content"] and w not in text]
        lie = {"role": "assistant", "content": random.choice(others)}
        wrong.append([story, user, lie, user])
    lies = [messages[2]["content"] for messages in wrong]
    return fooled(replies(model, wrong, CHAT), last(said), lies)


@torch.no_grad()
def nats(model: GPT) -> float:
    """Nats above the floor of a story that stands alone, as before."""
    return round(above_floor(model, CHAT, held_out()[:60], STORIES).mean().item(), 3)


# The assistant


def start(seed: int) -> GPT:
    return with_assistant_words(load_book_gpt(), seed)[0]


def assistant() -> dict[str, Any]:
    """Train the one that ships, on all kinds of questions; what it can is looked at on the way."""
    model, curve = start(0), []

    def look(model: Any) -> float:
        curve.append(kinds_right(model, KINDS))
        print(curve[-1], flush=True)
        return 0.0

    for number in range(len(ROUNDS)):
        one_round(model, number, look)
    save_model(model.half(), WEIGHTS)
    return marks(shipped()) | {"nats": nats(shipped()), "curve": curve}


def one_round(model: GPT, number: int, look: Callable[[Any], float]) -> None:
    steps, kinds = ROUNDS[number]
    said = lesson(steps * LONG_BATCH, number, kinds, INJECTED)
    train(model, batches(said, LONG_BATCH, number), steps, number, look)
    model.half().float()  # as it is stored


@cache
def shipped() -> GPT:
    return load_assistant()[0]


def marks(model: GPT, kinds: Sequence[str] = KINDS) -> dict[str, Any]:
    found = {"right": kinds_right(model, kinds), "other thing": other_thing(model)}
    return found | {"orders": orders(model)}


DROPPED = (END, "<story>", "<user>", STOP, "<assistant>")


def cut(ids: Tensor, token: str) -> Tensor:
    """The prompt without the last one of these tokens: of ``<stop>``, the one behind the question."""
    place = int((ids == CHAT.ids[token]).nonzero()[-1])
    return torch.cat([ids[:place], ids[place + 1 :]])


def without(token: str) -> dict[str, Any]:
    """How often the assistant is right when one token of each prompt is left out, and what it writes to the first."""
    right: list[float] = []
    first: list[str] = []
    for kind in KINDS:
        said, _ = exam(kind)
        prompts = [cut(encode(m, CHAT, asking=True), token) for m in asked(said)]
        told = write_behind(shipped(), prompts, CHAT, 4, STOP, temperature=0)
        right.append(share(told, last(said)))
        first.append(told[0])
    return {"right": round(sum(right) / len(right), 4), "first": first}


# Short runs, which differ in one thing each


def short(name: str, seed: int) -> dict[str, Any]:
    model = start(seed)
    n = int(name) if name.isdecimal() else max(SIZES)
    kinds = (*BASIC, "untold") if name == "with gaps" else BASIC
    injected = INJECTED if name == "with orders" else 0.0
    said = lesson(n, 20 + seed, kinds, injected)
    objective = {"all words": next_token, "no stop": assistant_only(CHAT, stop=False)}
    texts = batches(said, BATCH, seed, objective.get(name))
    if name == "with stories":
        train(model, beside(texts, seed), STEPS * 4 // 3, seed)
    else:
        train(model, texts, STEPS, seed)
    found = {"right": kinds_right(model, BASIC), "nats": nats(model)}
    if name in ("with orders", "with gaps", str(max(SIZES))):
        found |= marks(model, (*BASIC, "untold", "stranger"))
    return found | first_words(model)


def beside(texts: Batches, seed: int) -> Callable[[int], Batch]:
    """Every fourth batch is of stories alone."""
    stories = Batches(sequences(STORIES.sample(3_000, 40 + seed), CHAT), BATCH, seed)
    return lambda step: stories(step // 4) if step % 4 == 3 else texts(step - step // 4)


def first_words(model: GPT) -> dict[str, Any]:
    """How often the first word is right, whatever follows; how many words are written; and one reply."""
    said, _ = exam("colour")
    told = replies(model, asked(said), CHAT, max_new_tokens=12)
    first = [(text.split() or [""])[0] for text in told]
    length = sum(len(text.split()) for text in told) / TESTED
    found = {"first word": share(first, last(said)), "words": round(length, 2)}
    return found | {"reply": told[0]}


def ceilings() -> dict[str, float]:
    """Of the ending: what the best reader gets in expectation on these stories, and what it got."""
    well = [outlook(story) for story in held_out()]
    bets = ["well" if p > 0.5 else "badly" for p in well]
    expected = sum(max(p, 1 - p) for p in well) / TESTED
    return {"expected": round(expected, 4), "got": share(bets, last(exam("ending")[0]))}


def parts(found: dict[str, Any]) -> Iterator[stored.Part]:
    yield "ending", "best reader", ceilings
    yield "before", "nats", lambda: nats(start(0))
    for seed in SEEDS:
        for name in (str(SIZES[-1]), "all words", "with orders", "with gaps"):
            yield name, str(seed), partial(short, name, seed)
    for name in ("no stop", "with stories"):  # shown, and not compared
        yield name, "0", partial(short, name, 0)
    for size, seed in product(SIZES[:-1], SEEDS):
        yield str(size), str(seed), partial(short, str(size), seed)
    yield "assistant", "0", assistant
    for token in DROPPED:
        yield "dropped", token, partial(without, token)


def main() -> None:
    torch.set_num_threads(1)
    stored.store_parts(PATH, parts, [*SEEDS])


if __name__ == "__main__":
    main()
