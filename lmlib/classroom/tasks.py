"""One exercise as the grader needs it: code for the sandbox, and what must come out of it."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from lmlib.classroom.assignments import Assignment
from lmlib.classroom.calls import Outcome, outcome
from lmlib.classroom.examples import Example
from lmlib.classroom.exercises import Exercise
from lmlib.classroom.magics import UNREADABLE
from lmlib.classroom.values import decode


class Answer(NamedTuple):
    """What a student wrote for an exercise, in two readings."""

    saved: str
    """The function, and what it needs."""
    cells: list[str]
    """The notebook's cells from the top to the one that has the function."""

    @property
    def readings(self) -> list[list[str]]:
        """The notebook from top to bottom, and what can be saved where that does not work."""
        return [self.cells, [self.saved]] if self.cells else [[self.saved]]

    @property
    def digest(self) -> str:
        """Changes with the code that runs in any reading, and not with comments or layout."""
        text = "\n".join(map(_dumped, [self.saved, *self.cells]))
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


@lru_cache(maxsize=1000)
def _dumped(code: str) -> str:
    try:
        return ast.dump(ast.parse(code))
    except UNREADABLE:
        return code


class Task:
    """One exercise as the grader needs it: its visible check, and what the solution makes of hidden inputs."""

    def __init__(self, assignment: Assignment, exercise: Exercise) -> None:
        self.assignment, self.exercise = assignment, exercise
        self.check = assignment.check(exercise)

    @cached_property
    def _given(self) -> dict[str, Any]:
        space: dict[str, Any] = {}
        exec(self.assignment.offered, space)
        return space

    @cached_property
    def _solution(self) -> Any:
        space = dict(self._given)
        exec(self.exercise.solution, space)
        return space[self.exercise.function]

    def examples(self, inputs: list[Any]) -> list[Example]:
        """Hidden inputs with what the solution makes of them. They never enter the sandbox."""
        found = [outcome(self._solution, decode(i, self._given)) for i in inputs]
        return [self._example(*pair) for pair in zip(inputs, found, strict=True)]

    def _example(self, args: Any, found: Outcome) -> Example:
        before = decode(args) if self.check.untouched else []
        if "raised" in found:
            return Example(tuple(before), None, "", found["raised"], None)
        return Example(tuple(before), self.check.seen(found), "", None, None)

    def job(self, readings: list[list[str]], **calls: Any) -> dict[str, Any]:
        """What the sandbox gets: code, and what to call it with."""
        code = [cell for cells in readings for cell in cells]
        code += [calls.get("check", ""), *_expressions(calls.get("inputs", []))]
        setup = self.assignment.setup(*code)
        function = self.exercise.function
        return {"readings": readings, "function": function, "setup": setup, **calls}


def _expressions(value: Any) -> list[str]:
    """The code in an encoded value."""
    if isinstance(value, dict) and "code" in value:
        return [value["code"]]
    if isinstance(value, dict) and "made" in value:
        return [value["made"][0]]
    items: Iterable = value.values() if isinstance(value, dict) else value
    listed = items if isinstance(value, (dict, list)) else []
    return [code for item in listed for code in _expressions(item)]
