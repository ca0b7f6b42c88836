"""The exercises of a chapter, read where they stand: text, solution, visible check, hidden inputs.

By hand are written only these: the three cells of the chapter, the generators in
``assignments/<topic>/inputs.py``, and the mistakes in ``assignments/<topic>/mistakes.toml``.
"""

from __future__ import annotations

import hashlib
import importlib.util
import random
import re
import tomllib
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import nbformat
from nbformat import NotebookNode

from lmlib.classroom.diagnosis import Check, Example
from lmlib.classroom.exercises import Exercise, needed, with_formulas
from lmlib.classroom.values import encode

BOOK = Path(__file__).parents[2]


class Mistake(NamedTuple):
    """A wrong answer, and what is said of it."""

    source: str
    hint: str


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
        statement = re.search(
            r"```\{exercise\}\n:label: .*?\n\n(.*?)\n```", text, re.DOTALL
        )
        level = re.search(r"\*\((easy|medium|hard), (\d+) minutes\)\*", text)
        if statement is None or level is None:
            raise ValueError(
                f"exercise {name!r} of chapter {self.topic!r} has no {{exercise}} directive with a difficulty"
            )
        chapter = "\n".join(cell.source for cell in self.cells)
        text = with_formulas(statement[1], chapter, self.topic)
        return Exercise(name, text, solution, check, level[1], int(level[2]))

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
        return checks_of(self.setup(exercise.check), exercise.check, exercise.function)

    def mistakes(self) -> dict[str, list[Mistake]]:
        """For each exercise wrong answers that students gave, with a hint for each."""
        path = self.book / "assignments" / self.topic / "mistakes.toml"
        return {
            name: [self._mistake(name, **entry) for entry in entries]
            for name, entries in tomllib.loads(path.read_text("utf-8")).items()
        }

    def _mistake(
        self, name: str, hint: str, change: list[str] | None = None, code: str = ""
    ) -> Mistake:
        """One that is written as a change of the solution, or as code of its own."""
        solution = self.exercises[name].solution
        source = solution.replace(*change) if change else code.strip()
        if source == solution:
            raise ValueError(f"exercise {name!r}: {change or code!r} changes nothing")
        return Mistake(source, hint)

    def forms(self) -> dict[str, list[str]]:
        """For each exercise right answers in the many forms that students give them."""
        path = self.book / "assignments" / self.topic / "forms.toml"
        return {
            name: [entry["code"].strip() for entry in entries]
            for name, entries in tomllib.loads(path.read_text("utf-8")).items()
        }

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


def checks_of(setup: str, source: str, function: str) -> Check:
    """The check that a cell's ``source`` makes, which is not run."""
    found: list[Check] = []

    def check_answer(
        exercise: str, answer: Any, *examples: Example, right: str, **settings: Any
    ) -> None:
        found.append(Check(exercise, function, examples, **settings))

    space: dict[str, Any] = {}
    exec(compile(setup, "setup", "exec"), space)
    space |= {"check_answer": check_answer, function: None}
    exec(compile(source, "check", "exec"), space)
    return found[0]
