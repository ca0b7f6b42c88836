"""Grades: answers run in the sandbox, their values are compared out here, and each grade has a reason.

No answer needs a notebook's kernel, only a function called with arguments; so a plain Python process is
enough, which has no sockets, no protocol and no state to attack, and starts in a tenth of a kernel's time.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

from lmlib.classroom import sandbox
from lmlib.classroom.assignments import Assignment
from lmlib.classroom.exercises import Exercise
from lmlib.classroom.statements import same
from lmlib.classroom.values import decode, equal, expressions

HINT_LIMIT = 600
"""Characters of a hint that are shown: it may hold anything that the answer wrote."""


class Expected:
    """What the reference solution makes of an exercise's hidden inputs. It never enters the sandbox."""

    def __init__(self, assignment: Assignment, exercise: Exercise, seed: str) -> None:
        self.assignment, self.exercise = assignment, exercise
        self.inputs = assignment.inputs(exercise.name, seed)
        if not self.inputs:
            raise ValueError(
                f"exercise {exercise.name!r} has no hidden inputs: all would pass"
            )
        module = assignment.inputs_module
        self.view: Callable[[Any], Any] = getattr(module, "VIEWS", {}).get(
            exercise.name, _as_it_is
        )
        self.untouched = exercise.name in getattr(module, "UNTOUCHED", ())
        space: dict[str, Any] = {}
        exec(self.setup_for(exercise.solution), space)
        given = dict(space)
        exec(exercise.solution, space)
        self.results = [
            self._result(space, decode(args, given)) for args in self.inputs
        ]

    def setup_for(self, *sources: str) -> str:
        """What an answer may use of the chapter, and what the inputs need."""
        return self.assignment.setup(*sources, *expressions(self.inputs))

    def _result(self, space: dict[str, Any], args: list[Any]) -> tuple[str, Any]:
        try:
            return "value", self.view(space[self.exercise.function](*args))
        except Exception as error:
            return "raised", type(error).__name__

    def right(self, results: list[dict[str, Any]]) -> list[bool]:
        """For each hidden input, whether the answer's value is the expected one."""
        if len(results) != len(self.inputs) or not all(
            isinstance(r, dict) for r in results
        ):
            return [False] * len(self.inputs)
        return [
            self._is_right(*one)
            for one in zip(self.inputs, self.results, results, strict=True)
        ]

    def _is_right(
        self, args: Any, expected: tuple[str, Any], got: dict[str, Any]
    ) -> bool:
        kind, value = expected
        if kind == "raised":
            return got.get("raised") == value
        try:
            if self.untouched and got.get("after") != args:
                return False
            return equal(value, self.view(decode(got["value"])))
        except (
            Exception
        ):  # whatever came back, it is nothing that the exercise asks for
            return False


def grade(
    expected: Expected, answer: str | None, sandboxed: bool = True
) -> tuple[bool, str]:
    """Whether an answer is right, and a sentence that says why."""
    exercise = expected.exercise
    if answer is None or same(answer, exercise.stub):
        return False, "Not answered."
    job = {
        "setup": expected.setup_for(answer),
        "answer": answer,
        "function": exercise.function,
    }
    outcome = sandbox.run(job | {"inputs": expected.inputs}, sandboxed)
    if "died" in outcome:
        return False, f"Your function gave nothing back: {outcome['died']}"
    if "broken" in outcome:
        return False, f"The cell does not run: {_name(outcome['broken'])}."
    results = outcome.get("results")
    right = expected.right(results if isinstance(results, list) else [])
    if all(right):
        return True, f"Right for all {len(right)} hidden inputs."
    return False, _hint(expected, answer, sandboxed) or _count(right, results)


def _hint(expected: Expected, answer: str, sandboxed: bool) -> str | None:
    """What the visible check says about the answer: in a sandbox of its own, which has no hidden input."""
    check = expected.exercise.check
    setup = expected.assignment.setup(answer, check)
    outcome = sandbox.run({"setup": setup, "answer": answer, "check": check}, sandboxed)
    hint = outcome.get("hint")
    return _printable(hint) if isinstance(hint, str) else None


def _count(right: list[bool], results: Any) -> str:
    """What is said where the visible check has no hint. One name of an error, since names can tell inputs."""
    n = right.count(False)
    wrong = f"The check in the notebook passes, but the answer fails for {n} of {len(right)} hidden inputs"
    listed = results if isinstance(results, list) else []
    raised = [
        _name(r["raised"]) for r in listed if isinstance(r, dict) and "raised" in r
    ]
    return f"{wrong} ({raised[0]})." if raised else f"{wrong}."


def _name(error: Any) -> str:
    """The name of a built-in exception. Nothing else comes through: it could tell a hidden input."""
    known = isinstance(error, str) and isinstance(getattr(builtins, error, None), type)
    return error if known else "an error"


def _printable(text: str) -> str:
    """A hint without control characters, and no longer than a hint may be."""
    return "".join(c if c.isprintable() else " " for c in text[:HINT_LIMIT])


def _as_it_is(value: Any) -> Any:
    return value
