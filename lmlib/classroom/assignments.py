"""The exercises of a chapter, read where they stand: text, solution, visible check, hidden inputs.

By hand are written only these: the three cells of the chapter, the generators in
``assignments/<topic>/inputs.py``, and the answers of students in two files beside them (`known`).
"""

from __future__ import annotations

import hashlib
import importlib.util
import random
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
from nbformat import NotebookNode

from lmlib.classroom.checks import check_of
from lmlib.classroom.diagnosis import Check
from lmlib.classroom.exercises import Exercise, needed, stated
from lmlib.classroom.values import encode

BOOK = Path(__file__).parents[2]


class Assignment:
    """The exercises of one chapter. Raises ValueError where there is no such chapter.

    >>> Assignment("softmax").exercises["reheat"].function
    'reheat'
    """

    def __init__(self, topic: str, book: Path = BOOK) -> None:
        self.topic, self.book = topic, book
        known = topics(book)
        if topic not in known:
            raise ValueError(
                f"topic: {topic!r} is not known; use one of {', '.join(known)}"
            )
        path = book / "chapters" / f"{topic}.ipynb"
        self.cells = nbformat.read(path, as_version=4).cells
        first = self.cells[0].source.splitlines()[0]
        self.title = first.removeprefix("# ")

    def __repr__(self) -> str:
        return f"Assignment({self.topic!r}: {', '.join(self.exercises)})"

    @cached_property
    def exercises(self) -> dict[str, Exercise]:
        """By name, in the order of the chapter."""
        found = {}
        for place, solution in enumerate(self.cells):
            if "exercise-solution" in tags(solution):
                text, check = self.cells[place - 1], self.cells[place + 1]
                name = solution.metadata["exercise"]
                found[name] = self._exercise(
                    name, text.source, solution.source, check.source
                )
        return found

    def _exercise(self, name: str, text: str, solution: str, check: str) -> Exercise:
        chapter = "\n".join(cell.source for cell in self.cells)
        text, difficulty, minutes = stated(name, text, chapter, self.topic)
        return Exercise(name, text, solution, check, difficulty, minutes)

    @cached_property
    def offered(self) -> str:
        """What the first cell of the student's notebook gives: imports and functions of the chapter."""
        sources = [
            text for e in self.exercises.values() for text in (e.solution, e.check)
        ]
        return needed("\n".join(self._setup_cells), *sources)

    def setup(self, *sources: str) -> str:
        """The part of `offered` that ``sources`` need. An import of torch takes a second; most do without."""
        return needed(self.offered, *sources)

    @property
    def _setup_cells(self) -> list[str]:
        apart = {"exercise-solution", "exercise-check", "install"}
        code = [cell for cell in self.cells if cell.cell_type == "code"]
        return [cell.source for cell in code if not tags(cell) & apart]

    @cached_property
    def inputs_module(self) -> ModuleType:
        """``assignments/<topic>/inputs.py``: one generator of arguments for each exercise."""
        path = self.book / "assignments" / self.topic / "inputs.py"
        spec = importlib.util.spec_from_file_location(f"inputs_of_{self.topic}", path)
        if spec is None or spec.loader is None or not path.is_file():
            raise ValueError(
                f"topic: {self.topic!r} has no hidden inputs; write {path}"
            )
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def inputs(self, name: str, seed: str) -> list[Any]:
        """The hidden inputs of an exercise, encoded. The class's secret ``seed`` decides them."""
        generator = getattr(self.inputs_module, name.replace("-", "_"))
        return [
            encode(list(args)) for args in generator(random.Random(f"{seed} {name}"))
        ]

    def check(self, exercise: Exercise) -> Check:
        """The visible check, as it stands in the chapter."""
        space: dict[str, Any] = {}
        exec(self.setup(exercise.check), space)
        return check_of(space, exercise.check, exercise.function)

    def digest(self) -> str:
        """Changes when anything changes that decides a grade."""
        inputs = self.book / "assignments" / self.topic / "inputs.py"
        text = (
            repr(self.exercises)
            + "".join(self._setup_cells)
            + inputs.read_text("utf-8")
        )
        return hashlib.sha256(text.encode()).hexdigest()


def topics(book: Path = BOOK) -> list[str]:
    """The chapters that have an assignment. Raises ValueError where the book's sources are not there."""
    found = sorted(path.parent.name for path in book.glob("assignments/*/inputs.py"))
    if not found:
        raise ValueError(
            f"book: {book} holds no assignments; run this in a clone of the book"
        )
    return found


def tags(cell: NotebookNode) -> set[str]:
    """The tags of a cell."""
    return set(cell.metadata.get("tags", []))
