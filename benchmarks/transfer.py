"""Little data: a GPT that learns Chinese from few stories, dictionaries from the context, and pictures beside words.

    python benchmarks/transfer.py

About ten minutes on one core. Writes ``lmlib/data/transfer.json``, from which the chapter on little data draws, after
each part; what stands there is not computed again, so delete the file to begin anew. On another CPU the last digits
differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any

import stored
import torch
from torch import Tensor

import lmlib
from lmlib.batches import IGNORE, Batch, Batches, answer_behind
from lmlib.cells import (
    CAPTIONS,
    CELLS,
    HELD_OUT,
    OFFSETS,
    as_picture,
    as_words,
    describe,
    draw,
    picture_tasks,
)
from lmlib.chinese import CHINESE, in_chinese
from lmlib.enlarged import enlarged, with_words
from lmlib.evaluation import mean_loss
from lmlib.optimisation import Training
from lmlib.pretrained import load_book_gpt, load_shuffled_gpt
from lmlib.pretraining import fit
from lmlib.stories import STORIES, WORDS
from lmlib.tasks import MARK, Task, task_sequences, write_answers
from lmlib.tokens import sequences
from lmlib.transfer import (
    KEYS,
    PAIRS,
    VALUES,
    Episodes,
    Pairs,
    above_floor,
    answers,
    are_right,
    episode,
    seen,
)
from lmlib.transformer import GPT, Config

DATA = Path(lmlib.__file__).parent / "data" / "transfer.json"
SEEDS = (0, 1)
SIZES = {100: 240, 400: 400, 25: 120}  # Chinese stories, and steps
RATE, BATCH = 4e-3, 4

# A language with few texts


def large(seed: int) -> tuple[GPT, Any]:
    """The book's GPT with rows for the Chinese words, which are drawn anew for each seed."""
    return enlarged(load_book_gpt(), WORDS, CHINESE.vocab, seed=seed)


def nothing(seed: int) -> GPT:
    return GPT(large(0)[0].config, seed=seed)


def shuffled(seed: int) -> GPT:
    return enlarged(load_shuffled_gpt(), WORDS, CHINESE.vocab, seed=seed)[0]


BOTH = with_words(WORDS, CHINESE.vocab)
"""The tokenizer of both languages."""
STARTS: dict[str, Callable[[int], GPT]] = {
    "from nothing": nothing,
    "after English": lambda seed: large(seed)[0],
    "after shuffled words": shuffled,
}


@cache
def chinese(n: int, seed: int) -> list[str]:
    return [in_chinese(story) for story in STORIES.sample(n, seed)]


@torch.no_grad()
def facts(model: GPT, stories: Sequence[str]) -> float:
    """How often colour, object and town, which are told before, are the likeliest words where they come again."""
    right = []
    for tokens in sequences(stories, BOTH):
        said = model(tokens[None, :-1])[0].argmax(-1)
        right += [said[place] == tokens[place] for place in (-11, -10, -8)]
    return torch.stack(right).float().mean().item()


def learn(start: str, n: int, seed: int, english: bool = False) -> dict[str, float]:
    """Train on n Chinese stories, of which a fifth chooses the checkpoint; with ``english``, on as many of these."""
    model, texts = STARTS[start](seed), sequences(chinese(n, 3_000 + seed), BOTH)
    held, mine = texts[: n // 5], texts[n // 5 :]
    batches: Callable[[int], Batch] = Batches(mine, BATCH, seed)
    if english:
        batches = beside(batches, seed)
    best: dict[str, Any] = {"loss": float("inf")}

    def validate(model: Any) -> float:
        loss = mean_loss(model, held[:40], 20)
        if loss < best["loss"]:
            state = {k: v.clone() for k, v in model.state_dict().items()}
            best.update(loss=loss, state=state)
        return loss

    plan = Training(SIZES[n], RATE, warmup=20, eval_interval=SIZES[n] // 5, fused=True)
    fit(model, batches, plan, validate, progress=False)
    model.load_state_dict(best["state"])
    return marks(model)


def beside(batches: Batches, seed: int) -> Callable[[int], Batch]:
    """The batches with as many English stories in each."""
    english = Batches(sequences(STORIES.sample(2_000, 4_000 + seed), BOTH), BATCH, seed)

    def both(step: int) -> Batch:
        pairs = zip(batches(step), english(step), strict=True)
        parts = [[*one, *other] for one, other in pairs]
        x, y = (
            torch.nn.utils.rnn.pad_sequence(part, True, value)
            for part, value in zip(parts, (0, IGNORE), strict=True)
        )
        return x, y

    return both


def marks(model: GPT) -> dict[str, float]:
    """Nats per story above the floor in both languages, and facts that are told again, on 60 new stories."""
    test = STORIES.sample(60, 5_000)
    zh = above_floor(model, BOTH, chinese(60, 5_000), CHINESE)
    en = above_floor(model, BOTH, test, STORIES)
    found = {"chinese": zh.mean().item(), "english": en.mean().item()}
    found["facts"] = facts(model, chinese(60, 5_000))
    return {name: round(value, 4) for name, value in found.items()}


def language(seed: int) -> Iterator[stored.Part]:
    for n in SIZES:
        for start in STARTS:
            # A control, where it costs little.
            if n == 100 or not start.endswith("words"):
                name = f"{start} {n} {seed}"
                yield "chinese", name, partial(learn, start, n, seed)
    mixed = partial(learn, "after English", 400, seed, english=True)
    yield "chinese", f"with English 400 {seed}", mixed


# Pictures and words

SEEN = [caption for caption in CAPTIONS if caption not in HELD_OUT]
SHOWN = (SEEN[0], SEEN[20], SEEN[44], HELD_OUT[6])
STEPS = (100, 250, 500, 1000)


def with_other_answers(tasks: Sequence[Task], seed: int) -> list[Task]:
    """A control: each prompt with the answer of another task of its kind."""
    kinds = [[*tasks[0::2]], [*tasks[1::2]]]
    for kind in kinds:
        answers = [task.answer for task in kind]
        Random(seed).shuffle(answers)
        kind[:] = [Task(t.prompt, a) for t, a in zip(kind, answers, strict=True)]
    return [task for pair in zip(*kinds, strict=True) for task in pair]


def drawn_by(
    model: GPT, captions: Sequence[str], seed: int
) -> list[tuple[str, ...] | None]:
    how = {"temperature": 1.0, "generator": torch.Generator().manual_seed(seed)}
    return [*map(as_picture, write_answers(model, captions, CELLS, 65, **how))]


def picture_marks(model: GPT, captions: Sequence[str]) -> dict[str, float]:
    """Of what it draws, how much is a picture, and how much the one asked for; and how many captions are right."""
    asked = [caption for caption in captions for _ in range(2)]
    said = [describe(picture or ()) for picture in drawn_by(model, asked, seed=0)]
    shown = [
        as_words(draw(caption, *OFFSETS[i % 4])) for i, caption in enumerate(asked)
    ]
    told = write_answers(model, shown, CELLS, 10)
    return {
        "pictures": share(what is not None for what in said),
        "drawn": share(a == b for a, b in zip(said, asked, strict=True)),
        "told": share(a == b for a, b in zip(told, asked, strict=True)),
    }


def share(right: Iterable[bool]) -> float:
    found = [*right]
    return round(sum(found) / len(found), 4)


def see(seed: int, control: bool = False) -> dict[str, Any]:
    """A GPT of the book's size that learns pictures and captions, both ways, and what it draws on the way."""
    tasks = picture_tasks(SEEN, 4_000, seed)
    if control:
        tasks = with_other_answers(tasks, seed)
    model = GPT(Config(vocab_size=len(CELLS.vocab), block_size=80), seed=seed)
    objective = answer_behind(CELLS.ids[MARK])
    batches = Batches(task_sequences(tasks, CELLS), seed=seed, objective=objective)
    found: dict[str, Any] = {"pictures": {}}

    def look(model: Any) -> float:
        step = 50 * (len(looked) + 1)
        looked.append(step)
        if step in STEPS:
            pictures = drawn_by(model, SHOWN, seed=1)
            found["pictures"][str(step)] = [p or ["?"] for p in pictures]
        return 0.0

    looked: list[int] = []
    plan = Training(STEPS[-1], RATE, warmup=50, eval_interval=50, fused=True)
    fit(model, batches, plan, look, progress=False)
    places = Counter(
        "".join(picture or ["?"]) for picture in drawn_by(model, SEEN[:1] * 80, seed=2)
    )
    keys = ["".join(draw(SEEN[0], *offset)) for offset in OFFSETS]
    found["places"] = [places[key] for key in keys]
    parts = {"seen": SEEN, "held out": HELD_OUT}
    return found | {name: picture_marks(model, part) for name, part in parts.items()}


def pictures(seed: int) -> Iterator[stored.Part]:
    if seed == 0:
        yield "pictures", "0", partial(see, 0)
        yield "pictures", "other captions 0", partial(see, 0, control=True)


# Dictionaries in the context

TABLES = {"all": (0, 1_300), "1": (1, 300)}  # dictionaries, and steps


def dictionary(seed: int) -> dict[str, str]:
    """A value for each key, drawn once: what a model can learn by heart."""
    random = Random(seed)
    return {key: random.choice(VALUES) for key in KEYS}


def read(tables: int, steps: int, seed: int) -> dict[str, Any]:
    """Train on so many dictionaries (0: on new ones each time), and ask for them, and for new ones."""
    own = [dictionary(1_000 * seed + i) for i in range(tables)]
    model = GPT(Config(len(PAIRS.vocab), block_size=64, positions="rotary"), seed=seed)
    curve: list[float] = []

    def look(model: Any) -> float:
        curve.append(round(new_ones(model)[was_seen()].mean().item(), 4))
        return curve[-1]

    plan = Training(steps, 3e-3, warmup=30, eval_interval=100, fused=True)
    fit(model, Episodes(32, seed, own), plan, look, progress=False)
    known = [
        episode(Random(f"own {i}"), table=own[i % tables] if own else None)
        for i in range(400)
    ]
    first = are_right(answers(model, known, PAIRS), known)[:, 0]
    right, was = new_ones(model), was_seen()
    return {
        "own, k = 0": round(first.float().mean().item(), 4),
        "new, seen": round(right[was].mean().item(), 4),
        "new, unseen": round(right[~was].mean().item(), 4),
        "new": [round(x, 4) for x in right.mean(0).tolist()],
        "curve": curve,
    }


@cache
def new_texts() -> list[Pairs]:
    return [episode(Random(f"test {i}")) for i in range(400)]


def was_seen() -> Tensor:
    return torch.tensor([seen(pairs) for pairs in new_texts()])


def new_ones(model: GPT) -> Tensor:
    """Whether each answer is right, (400, 9)."""
    return are_right(answers(model, new_texts(), PAIRS), new_texts()).float()


def dictionaries(name: str, seed: int) -> stored.Part:
    return "context", f"{name} {seed}", partial(read, *TABLES[name], seed)


def parts(found: Any) -> Iterator[stored.Part]:
    for seed in SEEDS:
        yield from language(seed)
        yield from pictures(seed)
        yield dictionaries("1", seed)
        yield dictionaries("all", seed)


def main() -> None:
    torch.set_num_threads(1)
    stored.store_parts(DATA, parts, [*SEEDS])


if __name__ == "__main__":
    main()
