"""Finds the answers in words of a notebook that was handed in, and keeps them so that nothing in them can run."""

from __future__ import annotations

import re
from typing import NamedTuple

from lmlib.classroom.cells import Cell, cells_of
from lmlib.classroom.words import TEXT_STUB, Question

TEXT_LIMIT = 20_000
"""Characters of an answer that are kept: far above honest work."""

_PICTURE = re.compile(r"data:[\w/+.;=-]+,[A-Za-z0-9+/=%_-]{200,}")
"""A picture inside of a text: Colab writes pasted ones so."""


class Words(NamedTuple):
    """What a student wrote in words."""

    answers: dict[str, str]
    own: int
    """Text cells that answer no question."""


def words_in(data: bytes, asked: dict[str, Question], released: list[Cell]) -> Words:
    """The answers in words of a file, and how many text cells of their own a student wrote beside them.

    An answer is known by nbgrader's name of its cell. Where that was lost, it is what stands below the heading of
    its question, up to the next heading of an exercise.
    """
    given = {_words(cell.source) for cell in released}
    lines = {line.strip() for cell in released for line in cell.source.splitlines()}
    headings = dict.fromkeys(line for line in lines if line.startswith("## "))
    headings |= {question.heading: name for name, question in asked.items()}
    names = {cell.name for cell in released} - {None}
    found: dict[str, list[str]] = {}
    own, here = 0, None
    for cell in _readable(data):
        text, heading = cell.source, _heading(cell, headings)
        if heading:
            here = headings[heading]
            text = "\n".join(t for t in text.splitlines() if t.strip() not in lines)
        elif cell.name in names:
            here = cell.name if cell.name in asked else None
        code = cell.kind == "code" and cell.name not in asked
        if code or _words(text) in given:
            continue
        if text := _clean(text):
            own += here is None
            found.setdefault(here or "", []).append(text)
    answers = {n: "\n\n".join(t) for n, t in found.items() if n}
    return Words({n: t[:TEXT_LIMIT] for n, t in answers.items()}, own)


def _readable(data: bytes) -> list[Cell]:
    try:
        return cells_of(data)
    except ValueError:  # why is said elsewhere
        return []


def _heading(cell: Cell, headings: dict[str, str | None]) -> str | None:
    if cell.kind == "code":
        return None
    return next(
        (s for s in map(str.strip, cell.source.splitlines()) if s in headings), None
    )


def _words(text: str) -> str:
    return " ".join(text.split())


def _clean(text: str) -> str:
    """Without the line that was given, and without signs that no page shows, but for those that join letters."""
    lines = (line for line in text.splitlines() if line.strip() != TEXT_STUB)
    kept = _PICTURE.sub("(a picture)", "\n".join(lines))[:TEXT_LIMIT]
    kept = kept.encode("utf-8", "replace").decode()
    shown = (c if c.isprintable() or c in "\n\t\u200c\u200d" else " " for c in kept)
    return "".join(shown).strip()


def fenced(text: str) -> str:
    """Markdown that shows a text as it was typed: no HTML, no link and no picture in it comes to life.

    >>> print(fenced("<b>bold</b>"))
    ```text
    <b>bold</b>
    ```
    """
    runs = map(len, re.findall("`+", text))
    fence = "`" * max(3, 1 + max(runs, default=0))
    return f"{fence}text\n{text}\n{fence}"


def unfenced(source: str) -> str:
    """The text in a submitted cell, or nothing where there is no answer.

    >>> unfenced(fenced("one\\ntwo")), unfenced(TEXT_STUB)
    ('one\\ntwo', '')
    """
    return "\n".join(source.splitlines()[1:-1]) if source.startswith("```") else ""
