"""Answers that students give: wrong ones, each with a hint, and right ones in forms that nobody thought of.

``assignments/<topic>/mistakes.toml`` and ``forms.toml`` hold them. The tests grade each of them.
"""

from __future__ import annotations

import tomllib
from typing import Any, NamedTuple

from lmlib.classroom.assignments import Assignment


class Mistake(NamedTuple):
    """A wrong answer, and what is said of it."""

    source: str
    hint: str


def mistakes(assignment: Assignment) -> dict[str, list[Mistake]]:
    """The wrong answers to each exercise. Raises ValueError where one is the solution."""
    return {
        name: [_mistake(assignment.exercises[name].solution, **one) for one in found]
        for name, found in _read(assignment, "mistakes.toml").items()
    }


def _mistake(
    solution: str, hint: str, change: tuple[str, str] | None = None, code: str = ""
) -> Mistake:
    """One that is written as a change of the solution, or as code of its own."""
    source = solution.replace(*change) if change else code.strip()
    if source == solution:
        raise ValueError(f"mistake: {change or code!r} changes nothing")
    return Mistake(source, hint)


def forms(assignment: Assignment) -> dict[str, list[str]]:
    """The right answers to each exercise."""
    found = _read(assignment, "forms.toml")
    return {name: [one["code"].strip() for one in found[name]] for name in found}


def _read(assignment: Assignment, file: str) -> dict[str, Any]:
    path = assignment.book / "assignments" / assignment.topic / file
    return tomllib.loads(path.read_text("utf-8"))
