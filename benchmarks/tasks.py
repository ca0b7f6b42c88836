"""One GPT for four tasks, and how many sentence pairs a translator needs: `python benchmarks/tasks.py`.

Ten minutes on one core. The book's GPT with new words is trained on ``lmlib.task_gpt.kinds_of_tasks``, in two rounds.
The first seed's weights go to ``lmlib/data/tasks.safetensors`` in half precision. Then this GPT, and as a control the
same network that has read nothing, are trained on sentence pairs alone, of which there are few or many. Stores what
each run reaches on stories that none has read in ``lmlib/data/tasks.json``; a run that is there is not done again.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from stored import Part, store_parts

import lmlib
from lmlib.batches import Batch, Batches, answer_behind
from lmlib.chinese import in_both
from lmlib.dictionary import Pair, learn_dictionary, word_by_word
from lmlib.evaluation import mean_loss
from lmlib.metrics import corpus_bleu
from lmlib.optimisation import Training
from lmlib.pretrained import load_book_gpt, load_model, save_model
from lmlib.pretraining import fit
from lmlib.states import read_state
from lmlib.stories import STORIES, WORDS
from lmlib.suggestions import hit_rate
from lmlib.task_gpt import as_writer, kinds_of_tasks, with_task_words
from lmlib.tasks import MARK, Task, task_sequences, write_answers
from lmlib.tokens import WordTokenizer, sequences
from lmlib.told import FACTS, chat, dialogues, facts_kept, summary
from lmlib.transformer import GPT

DATA = Path(lmlib.__file__).parent / "data"
PATH, WEIGHTS = DATA / "tasks.json", DATA / "tasks.safetensors"
KEPT = Path(tempfile.gettempdir(), "lmlib-tasks")  # what the second round begins with
STEPS, RATE, SEEDS = 1_600, 4e-3, [0, 1, 2]
STORIES_READ = 4_000
BATCHES = {"translate": 32, "chat": 8, "write": 8}
# Which kind comes when, and the highest learning rate. In the second round there is more to read.
ROUNDS = (((0, 1, 2, 1), RATE), ((1, 2, 1, 2, 0), 3e-3))
PAIRS, PAIR_STEPS = (64, 512, 4_096), 300
TESTED = 50  # stories, from seed 1, which no model has read
KINDS = ("first", "follow-up", "alone")
STARTS = ("pre-trained", "from scratch")


def begin(start: str, seed: int) -> tuple[GPT, WordTokenizer]:
    """The book's GPT, or the same network with random numbers, and room for the tasks."""
    read = load_book_gpt()
    return with_task_words(read if start == STARTS[0] else GPT(read.config, seed), seed)


def behind_marks(
    tasks: list[Task], words: WordTokenizer, batch: int, seed: int
) -> Batches:
    """Batches of which the answers alone count."""
    objective = answer_behind(words.ids[MARK])
    return Batches(task_sequences(tasks, words), batch, seed, objective)


def train(
    model: GPT,
    batches: Callable[[int], Batch],
    steps: int,
    seed: int,
    rate: float = RATE,
) -> None:
    plan = Training(steps, rate, warmup=min(100, steps // 2), seed=seed)
    fit(model, batches, plan, progress=False)


def in_turns(kinds: Sequence[Batches], order: Sequence[int]) -> Callable[[int], Batch]:
    """A batch of one kind at each step, so that short answers count as much as long ones."""

    def batch(step: int) -> Batch:
        return kinds[order[step % len(order)]](step)

    return batch


def right(said: list[str], tasks: list[Task]) -> float:
    """The share of answers that are right in every word."""
    hits = [a == task.answer for a, task in zip(said, tasks, strict=True)]
    return sum(hits) / len(hits)


@cache
def held_out() -> list[str]:
    return STORIES.sample(TESTED, seed=1)


def test_pairs() -> list[Pair]:
    return [pair for story in held_out() for pair in in_both(story)]


def asked(kind: str) -> list[Task]:
    """First questions, follow-ups behind them, or follow-ups alone."""
    found = []
    for story in held_out():
        for first, then in dialogues(story):
            said = {"first": (first.prompt,), "alone": (then.prompt,)}
            turns = said.get(kind, (*first, then.prompt))
            answer = first.answer if kind == "first" else then.answer
            found.append(Task(chat(story, *turns), answer))
    return found


def measured(model: GPT, words: WordTokenizer) -> dict[str, float]:
    """How often each task is done without a mistake, and what the stories cost, in nats per token."""
    summaries = [Task(f"summary : {story}", summary(story)) for story in held_out()]
    pairs = [Task(f"translate : {english}", said) for english, said in test_pairs()]
    said = write_answers(model, [task.prompt for task in summaries], words, 24)
    kept = [facts_kept(*both) for both in zip(said, held_out(), strict=True)]
    found = {"summary": right(said, summaries), "facts": sum(kept) / TESTED}
    for fact in FACTS:
        told = [read_state(story)[fact] for story in held_out()]
        right_words = [a in b.split() for a, b in zip(told, said, strict=True)]
        found[fact] = sum(right_words) / TESTED
    others = {"translation": pairs} | {kind: asked(kind) for kind in KINDS}
    for name, tasks in others.items():
        said = write_answers(model, [task.prompt for task in tasks], words, 24)
        found[name] = right(said, tasks)
    stories = sequences(held_out(), WORDS)
    found["story"] = mean_loss(as_writer(model, words), stories)
    found["hits"] = hit_rate(as_writer(model, words), [s[:-1] for s in stories], k=3)
    return {name: round(value, 4) for name, value in found.items()}


def one_round(number: int, seed: int) -> dict[str, float]:
    """Go on training on all kinds of tasks, and measure; the weights are kept, in half precision."""
    model, words = begin(STARTS[0], seed)
    if number:
        model = load_model(KEPT / f"{seed}, {number - 1}.safetensors").float()
    kinds = kinds_of_tasks(STORIES.sample(STORIES_READ, seed=2 + number), seed)
    batches = [behind_marks(kinds[k], words, size, seed) for k, size in BATCHES.items()]
    order, rate = ROUNDS[number]
    train(model, in_turns(batches, order), STEPS, seed, rate)
    KEPT.mkdir(exist_ok=True)
    last = number + 1 == len(ROUNDS) and seed == SEEDS[0]
    path = WEIGHTS if last else KEPT / f"{seed}, {number}.safetensors"
    save_model(model.half(), path)
    return measured(model.float(), words)


def some_pairs(count: int, seed: int) -> list[Pair]:
    """The first sentences of stories to train on, other stories for each seed."""
    stories = STORIES.sample(count // 10 + 1, seed=10 + seed)
    return [pair for story in stories for pair in in_both(story)][:count]


def translator(
    start: str, count: int, seed: int, steps: int = PAIR_STEPS
) -> dict[str, float]:
    """Trained on ``count`` sentence pairs: sentences with no mistake, and BLEU."""
    model, words = begin(start, seed)
    tasks = [Task(f"translate : {e}", f) for e, f in some_pairs(count, seed)]
    train(model, behind_marks(tasks, words, BATCHES["translate"], seed), steps, seed)
    said = write_answers(
        model, [f"translate : {e}" for e, _ in test_pairs()], words, 24
    )
    return marks(said)


def marks(said: list[str]) -> dict[str, float]:
    """Of translations of the test's sentences."""
    true = [f for _, f in test_pairs()]
    exact = sum(a == b for a, b in zip(said, true, strict=True)) / len(true)
    return {"exact": round(exact, 4), "bleu": round(corpus_bleu(said, true), 4)}


def by_dictionary(count: int, seed: int) -> dict[str, float]:
    """The same of word by word, and the share of sentences of which the pairs have every word."""
    pairs = some_pairs(count, seed)
    known = learn_dictionary(pairs)
    seen = {word for e, _ in pairs for word in e.split()}
    whole = [seen >= {*e.split()} for e, _ in test_pairs()]
    found = marks([word_by_word(e, known) for e, _ in test_pairs()])
    return found | {"known": round(sum(whole) / len(whole), 4)}


def parts(found: dict[str, Any]) -> Iterator[Part]:
    for seed in SEEDS:
        yield "first round", str(seed), partial(one_round, 0, seed)
        yield "all tasks", str(seed), partial(one_round, 1, seed)
        for count in PAIRS:
            row = f"{count}, {seed}"
            yield "dictionary", row, partial(by_dictionary, count, seed)
            for start in STARTS:
                yield start, row, partial(translator, start, count, seed)
    # to be done anew by a test
    yield "short", "64, 0", partial(translator, STARTS[0], 64, 0, 40)
    yield "floor", "story", lambda: mean_loss(STORIES, sequences(held_out(), WORDS))


def main() -> None:
    """All parts that are not stored yet."""
    torch.set_num_threads(1)
    store_parts(PATH, parts, SEEDS)


if __name__ == "__main__":
    main()
