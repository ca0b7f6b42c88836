"""Scores that people give: for which answer, whether below the grader's, and what waits to be read."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from nbformat import NotebookNode
from nbgrader.api import Gradebook

from lmlib.classroom.course import Course
from lmlib.classroom.newest import grade_id
from lmlib.classroom.shards import graded
from lmlib.classroom.words import questions
from lmlib.files import write_whole


class Score(NamedTuple):
    """What an exercise counts for a student."""

    student: str
    exercise: str
    by_hand: float | None
    by_grader: float | None
    """None for an answer in words, which no grader reads."""
    earlier: bool
    """Whether the score by hand was given for another answer than the one that is there now."""

    @property
    def waits(self) -> bool:
        """Whether it is an answer in words that nobody has read."""
        return self.by_hand is None and self.by_grader is None

    @property
    def below(self) -> bool:
        """Whether the score by hand is less than the grader's."""
        return self.by_hand is not None and self.by_hand < (self.by_grader or 0)

    @property
    def counts(self) -> float | None:
        """The score by hand, where there is one."""
        return self.by_grader if self.by_hand is None else self.by_hand

    @property
    def said(self) -> str | None:
        """What a teacher should know of it."""
        if self.waits:
            return "This answer waits to be read."
        if self.by_hand is None:
            return None
        less = ": less than the grader gives" if self.below else ""
        earlier = ", for an earlier answer" if self.earlier else ""
        if self.by_grader is None:
            return f"{self.by_hand:g} by hand{earlier}"
        return f"{self.by_hand:g} by hand ({self.by_grader:g} by the grader){less}{earlier}"


@lru_cache
def names(course: Course, topic: str) -> dict[str, str]:
    """For each exercise, in code or in words, nbgrader's name of the cell that has the score."""
    assignment = course.assignment(topic)
    code = {name: f"{name}-check" for name in assignment.exercises}
    return code | {name: name for name in questions(assignment)}


def scores(
    course: Course, topic: str, student: str, book: Gradebook
) -> dict[str, Score]:
    """By exercise."""
    sources = _sources(graded(course, topic, student))
    given = _given(course, topic, student)
    found = {}
    for name, cell in names(course, topic).items():
        grade = book.find_grade(cell, topic, topic, student)
        by_hand = grade.manual_score
        earlier = by_hand is not None and (
            given.get(name, _digest(sources[name])) != _digest(sources[name])
        )
        found[name] = Score(student, name, by_hand, grade.auto_score, earlier)
    return found


def remember(course: Course, topic: str, student: str, exercise: str) -> None:
    """Keep for which answer a score by hand was given."""
    sources = _sources(graded(course, topic, student))
    given = _given(course, topic, student) | {exercise: _digest(sources[exercise])}
    write_whole(_file(course, topic, student), json.dumps(given, indent=1))


def _file(course: Course, topic: str, student: str) -> Path:
    return course.path / "by-hand" / student / f"{topic}.json"


def _given(course: Course, topic: str, student: str) -> dict[str, str]:
    try:
        return dict(json.loads(_file(course, topic, student).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _sources(notebook: NotebookNode) -> dict[str, str]:
    return {grade_id(cell): cell.source for cell in notebook.cells}


def _digest(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()[:16]
