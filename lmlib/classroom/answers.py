"""Finds answers in whatever was handed in: the functions by their names, and what those need.

Nothing else of a submission is used: no metadata, no outputs, no tests. Nothing of it runs here.
"""

from __future__ import annotations

import builtins
import re
from bisect import bisect_left, bisect_right

from lmlib.classroom.cells import cells_of
from lmlib.classroom.exercises import Exercise
from lmlib.classroom.no_notebook import NAMES
from lmlib.classroom.statements import UNREADABLE, Part, parts_of, plain_python, same
from lmlib.workshop.road import ROAD

FILE_LIMIT, CODE_LIMIT = 100 << 20, 300_000
"""Bytes of a file and characters of code that are read: both far above honest work."""
SET_UP = "# Installs lmlib where it is missing"
"""How the first cell of every notebook begins."""
DAMAGED = "The file is no notebook, or it is damaged: it cannot be read."


class Submission:
    """The code of a file, read as far as it can be. ``trouble`` says in words what could not.

    >>> Submission(b'{"cells": [{"cell_type": "code", "source": "x = 1"}]}').cells
    ['x = 1']
    >>> Submission(b"").trouble
    'The file is empty.'
    """

    def __init__(self, data: bytes) -> None:
        self.trouble: str | None = None
        self.parts: list[Part] = []
        self.broken: list[str] = []
        self.cells: list[str] = []
        """Cells in order, as plain Python; empty where Python cannot read one."""
        room = CODE_LIMIT
        for cell, source in enumerate(self._sources(data)):
            if len(source) > room:
                self.trouble = f"Only {CODE_LIMIT:,} characters of code are read: a long cell was left out."
                self.cells.append("")
                continue
            room -= len(source)
            try:
                self.parts += parts_of(source, cell)
                self.cells.append(plain_python(source))
            except UNREADABLE:
                self.broken.append(source)
                self.cells.append("")

    def _sources(self, data: bytes) -> list[str]:
        if not data.strip():
            self.trouble = "The file is empty."
        elif len(data) > FILE_LIMIT:
            self.trouble = f"The file has more than {FILE_LIMIT >> 20} MB."
        else:
            try:
                code = (cell.source for cell in cells_of(data) if cell.kind == "code")
                return [source.encode("utf-8", "replace").decode() for source in code]
            except ValueError:
                self.trouble = DAMAGED
        return []

    def answer(self, exercise: Exercise) -> str | None:
        """The source of an answer with all that it needs, or None where there is none.

        The last definition counts, as in a notebook that is run from top to bottom, unless it is the
        empty one that the student was given. Of a helper that is defined twice, the one counts that was
        there when the answer's cell ran: what stands below belongs to something else.
        """
        places = self._places(exercise)
        if exercise.function not in places:
            return self._broken_answer(exercise)
        answer = places[exercise.function][-1]
        taken, unknown = self._needed(answer, places)
        if unknown:
            taken |= {*places.get("*", [])}
        return "\n\n".join(self.parts[n].source for n in sorted(taken))

    def until(self, exercise: Exercise) -> int:
        """How many cells there are from the top to the last that gives the function a meaning."""
        found = self._places(exercise).get(exercise.function)
        return self.parts[found[-1]].cell + 1 if found else 0

    def _places(self, exercise: Exercise) -> dict[str, list[int]]:
        """For each name the statements that give it a meaning.

        A function that nobody has filled in gives none. Nor is it an answer that the first cells use its
        name: to install the book, or to import its own function for exercises that need it. Where the book
        lends a part, an answer is not wrong because the student's own part is.
        """
        places: dict[str, list[int]] = {}
        lent = {*ROAD} - {exercise.function}
        for n, part in enumerate(self.parts):
            cell = "".join(self.cells[part.cell : part.cell + 1])
            first = part.from_the_book or cell.startswith(SET_UP)
            for name in part.binds if not part.empty else ():
                if name in lent and not part.from_the_book:
                    continue
                if name != exercise.function or not (
                    first or same(part.source, exercise.stub)
                ):
                    places.setdefault(name, []).append(n)
        return places

    def _needed(
        self, answer: int, places: dict[str, list[int]]
    ) -> tuple[set[int], set[str]]:
        """The statements that an answer is made of, and names that none of them explains."""
        taken, unknown = {answer}, set()
        wanted = [(name, answer) for name in self.parts[answer].uses]
        while wanted:
            name, by = wanted.pop()
            if found := places.get(name):
                if (n := self._meant(name, by, answer, found)) not in taken:
                    taken.add(n)
                    wanted += [(used, n) for used in self.parts[n].uses]
            elif name not in NAMES and not hasattr(builtins, name):
                unknown.add(name)
        return taken, unknown

    def _meant(self, name: str, by: int, answer: int, found: list[int]) -> int:
        """Of the statements that give a name a meaning, the one that statement ``by`` refers to.

        ``k += 1`` and ``f = wraps(f)`` refer to what stood there before. A function refers to what is there
        when it is called, which is when the answer's cell has run.
        """
        if name in self.parts[by].binds:
            before = bisect_left(found, by)
        else:
            end = self.parts[answer].cell
            before = bisect_right(found, end, key=lambda n: self.parts[n].cell)
        return found[max(0, before - 1)]

    def _broken_answer(self, exercise: Exercise) -> str | None:
        """The cell that would define the function, if Python could read it."""
        definition = rf"^[ \t]*def[ \t]+{exercise.function}\b"
        found = [s for s in self.broken if re.search(definition, s, re.MULTILINE)]
        return found[-1] if found else None

    def defines(self, function: str) -> bool:
        """Whether a function stands anywhere in the submission."""
        parts = (part.binds for part in self.parts if not part.from_the_book)
        return any(function in binds for binds in parts) or any(
            f"def {function}" in source for source in self.broken
        )
