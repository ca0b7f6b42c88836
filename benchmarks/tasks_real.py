"""The four tasks, asked of a real model: `python benchmarks/tasks_real.py`. Two minutes on one core.

SmolLM2-135M-Instruct sums up ten stories in a sentence, translates sentences, answers first questions and
follow-ups, with what was said before and without it, and suggests words of stories, also behind others. It writes the
likeliest token each time. Stores what it wrote in ``lmlib/data/tasks_real.json``; a part that is there is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from stored import Part, store_parts

import lmlib
from lmlib.chinese import in_both
from lmlib.interop.real import RealModel, load_real
from lmlib.stories import STORIES
from lmlib.suggestions import hit_rate
from lmlib.told import Dialogue, dialogues

PATH = Path(lmlib.__file__).parent / "data" / "tasks_real.json"
SUMMED, CHATS, BEHIND, ROUNDS = 10, 3, 5, 4
CHOSEN = (0, 2, 4)  # of the six dialogues of a story


def stories(count: int) -> list[str]:
    return STORIES.sample(count, seed=1)


def readable(story: str) -> str:
    """As English is written: no space before a full stop, and sentences that begin with a capital."""
    parts = [part.strip() for part in story.split(" .") if part.strip()]
    return " ".join(f"{part[0].upper()}{part[1:]}." for part in parts)


def summed(real: RealModel, story: str) -> str:
    return real.ask(f"Summarize this story in one sentence. {readable(story)}", 48)


def translated(real: RealModel, sentence: str) -> str:
    return real.ask(f"Translate into Chinese: {readable(sentence)}", 32)


def talk(real: RealModel, story: str, said: Dialogue) -> dict[str, str]:
    """The model's answers to a first question, to the follow-up behind it, and to the follow-up alone."""

    def answer(*turns: str) -> str:
        begun = f"{readable(story)} Answer in one or two words. {turns[0]}"
        messages = [
            {"role": ("user", "assistant")[i % 2], "content": text}
            for i, text in enumerate([begun, *turns[1:]])
        ]
        return real.go_on(real.chat(*messages), 12)

    first, then = (task.prompt.replace(" ?", "?") for task in said)
    found = {"first": answer(first)}
    found["follow-up"] = answer(first, found["first"], then)
    found["alone"] = answer(then)
    return found


def hits(real: RealModel, number: int) -> list[float]:
    """Of the tokens of each of some stories behind one another, how many are among three suggestions."""
    told = [readable(s) for s in stories(BEHIND * ROUNDS)[number::ROUNDS]]
    cuts = [real.encode("\n".join(told[:n]))[0] for n in range(1, len(told) + 1)]
    logits = real.model(cuts[-1][None])[0].detach()
    starts = [0, *map(len, cuts[:-1])]
    found = []
    for a, b in zip(starts, map(len, cuts), strict=True):
        part = logits[None, a : b - 1]
        found.append(round(hit_rate(lambda _, part=part: part, [cuts[-1][a:b]], 3), 4))
    return found


def parts(found: dict[str, Any]) -> Iterator[Part]:
    real = load_real()
    for number in range(ROUNDS):
        yield "hits", str(number), partial(hits, real, number)
    for number, story in enumerate(stories(SUMMED)):
        yield "summaries", str(number), partial(summed, real, story)
    for number, (english, _) in enumerate(in_both(stories(1)[0])):
        if number in (0, 2, 4, 5, 9):
            yield "chinese", english, partial(translated, real, english)
    for number, story in enumerate(stories(CHATS)):
        for i in CHOSEN:
            said = dialogues(story)[i]
            yield "dialogues", f"{number}, {i}", partial(talk, real, story, said)


def main() -> None:
    """All parts that are not stored yet."""
    torch.set_num_threads(1)
    store_parts(PATH, parts, [1])


if __name__ == "__main__":
    main()
