"""Pictures of 8 × 8 cells and their captions: one sequence holds both, each cell a token beside the words.

A caption says shape, colour and corner; where in its corner the shape stands is drawn freely, one of four places.

>>> picture = draw("a red ring at the top left", 0, 1)
>>> print("\\n".join(picture[:3]))
·RRR····
·R·R····
·RRR····
>>> describe(picture)
'a red ring at the top left'
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from random import Random

from lmlib.tasks import MARK, Task
from lmlib.tokens import END, WordTokenizer

SIZE = 8
EMPTY = "·"
SHAPES = {
    "block": ("###", "###", "###"),
    "ring": ("###", "# #", "###"),
    "cross": (" # ", "###", " # "),
    "star": ("# #", " # ", "# #"),
}
COLOURS = {"red": "R", "green": "G", "blue": "B", "yellow": "Y"}
CORNERS = {
    "top left": (0, 0), "top right": (0, 4), "bottom left": (4, 0), "bottom right": (4, 4)
}  # fmt: skip
OFFSETS = (*product((0, 1), repeat=2),)
"""How far a shape stands below and right of the outermost place in its corner."""

Picture = tuple[str, ...]
"""Eight rows of eight cells, each ``EMPTY`` or the letter of a colour."""

_KINDS = (*product(SHAPES, COLOURS, CORNERS),)
CAPTIONS = tuple(
    f"a {colour} {shape} at the {corner}" for shape, colour, corner in _KINDS
)
"""All 64 captions."""
HELD_OUT = tuple(c for i, c in enumerate(CAPTIONS) if (i // 16 + i // 4 + i) % 4 == 0)
"""A quarter of them to be kept for tests: any two of their three facts occur together in others."""

CELLS = WordTokenizer(
    [END, MARK, EMPTY, *COLOURS.values(), *dict.fromkeys(" ".join(CAPTIONS).split())]
)
"""The tokenizer of both: words of captions, and cells."""


def draw(caption: str, down: int, right: int) -> Picture:
    """The picture of a caption, its shape 0 or 1 cells down and right in its corner.

    Raises ValueError for a caption that is not one of ``CAPTIONS``, and other offsets.
    """
    if caption not in CAPTIONS:
        raise ValueError(
            f"caption: {caption!r} is none of CAPTIONS, as {CAPTIONS[0]!r} is"
        )
    if (down, right) not in OFFSETS:
        raise ValueError(f"down, right: {down} and {right}; use 0 or 1")
    shape, colour, corner = _KINDS[CAPTIONS.index(caption)]
    top, left = CORNERS[corner]
    rows = [[EMPTY] * SIZE for _ in range(SIZE)]
    for i, line in enumerate(SHAPES[shape]):
        for j, mark in enumerate(line):
            if mark == "#":
                rows[top + down + i][left + right + j] = COLOURS[colour]
    return tuple("".join(row) for row in rows)


_CAPTION_OF = {draw(c, *offset): c for c in CAPTIONS for offset in OFFSETS}


def describe(picture: Sequence[str]) -> str | None:
    """The caption that a picture can have been drawn from; None where there is none."""
    return _CAPTION_OF.get(tuple(picture))


def as_words(picture: Sequence[str]) -> str:
    """The cells of a picture as words, row by row, spaces between them."""
    return " ".join("".join(picture))


def as_picture(words: str) -> Picture | None:
    """The rows of a picture that was written as words; None where they are not as many cells as one has."""
    cells = words.split()
    if len(cells) != SIZE * SIZE or not {*cells} <= {EMPTY, *COLOURS.values()}:
        return None
    text = "".join(cells)
    return tuple(text[i : i + SIZE] for i in range(0, len(text), SIZE))


def picture_tasks(captions: Sequence[str], n: int, seed: int) -> list[Task]:
    """``n`` tasks with captions drawn from these: by turns the picture to a caption, and the caption to a picture."""
    random = Random(seed)
    tasks = []
    for i in range(n):
        caption = random.choice(captions)
        cells = as_words(draw(caption, *random.choice(OFFSETS)))
        tasks.append(Task(cells, caption) if i % 2 else Task(caption, cells))
    return tasks
