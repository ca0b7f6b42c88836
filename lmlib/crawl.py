"""A small web of which we know what each page is: stories, copies of stories, and what else one finds.

>>> pages = crawl(1000, seed=0)
>>> pages[0].kind, sum(page.kind == "story" for page in pages)
('shuffled', 400)
"""

from __future__ import annotations

import random
from typing import NamedTuple

from lmlib.chinese import in_chinese
from lmlib.stories import STORIES

SHARES = {
    "story": 0.40,
    "copy": 0.15,
    "near copy": 0.10,
    "shuffled": 0.15,
    "loop": 0.10,
    "chinese": 0.10,
}
"""What part of the pages is of each kind."""
SOURCES = 10
"""So many stories are copied."""


class Page(NamedTuple):
    """A text, and what it is: one of :data:`SHARES`."""

    text: str
    kind: str


def crawl(n: int, seed: int) -> list[Page]:
    """``n`` pages in random order, with the kinds in their shares; the same seed gives the same pages.

    Copies are of the same few stories. A near copy has other words in two of its sentences. What is
    shuffled has the words of a story in random order, and a loop says one sentence of it again and
    again. Raises ValueError for so few pages that a kind has none.
    """
    counts = {kind: round(share * n) for kind, share in SHARES.items()}
    counts["story"] += n - sum(counts.values())  # what rounding left over
    if min(counts.values()) < 1:
        raise ValueError(f"n: {n} pages are too few for all kinds; use 10 or more")
    draw = random.Random(seed)
    stories = STORIES.sample(sum(counts.values()) + SOURCES, seed=1_000 + seed)
    sources = [stories.pop() for _ in range(SOURCES)]
    pages = [
        Page(_made(kind, stories.pop(), draw.choice(sources), draw), kind)
        for kind, count in counts.items()
        for _ in range(count)
    ]
    draw.shuffle(pages)
    return pages


def _made(kind: str, story: str, source: str, draw: random.Random) -> str:
    """The text of a page of one kind, of a story that no other page has and of one that is copied."""
    words = story.split()
    if kind == "shuffled":
        draw.shuffle(words)
    if kind == "loop":
        sentence = draw.choice(story.split(" . ")[:-1]) + " ."
        words = (sentence.split() * len(words))[: len(words)]
    if kind == "chinese":
        return in_chinese(story)
    if kind == "copy":
        return source
    return _near(source, story, draw) if kind == "near copy" else " ".join(words)


def _near(source: str, other: str, draw: random.Random) -> str:
    """The story ``source`` with two sentences from another one, of the same places."""
    mine, theirs = (text.removesuffix(" .").split(" . ") for text in (source, other))
    for i in draw.sample(range(len(mine)), 2):
        mine[i] = theirs[i]
    return " . ".join(mine) + " ."
