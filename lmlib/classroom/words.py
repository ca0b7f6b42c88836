"""Exercises that are answered in words: nobody grades them here, but they are collected, shown and given points.

In the chapter such an exercise has two cells: a Markdown cell with the ``{exercise}`` directive and a level, as
any other, and behind it a Markdown cell with the tag ``exercise-answer`` and the metadata ``exercise: <name>``.
It holds a model answer, inside of a directive that folds it away, such as ``{dropdown}``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_raw_cell

from lmlib.classroom.assignments import Assignment, tags
from lmlib.classroom.exercises import POINTS, stated

TEXT_STUB = "*Write your answer here, in place of this line.*"


IN_WORDS = "Where an exercise asks for words, write into the text cell below it. A person reads that."


@dataclass(frozen=True)
class Question:
    """One exercise to be answered in words."""

    name: str
    statement: str
    difficulty: str
    minutes: int
    answer: str
    """A model answer, in Markdown."""
    after: str | None
    """The exercise in code that stands before it."""

    @property
    def points(self) -> int:
        """1 for easy, 2 for medium, 3 for hard."""
        return POINTS[self.difficulty]

    @property
    def heading(self) -> str:
        """The line in a student's notebook below which the answer stands."""
        title = self.statement.removeprefix("**").split("** ", 1)[0]
        return f"## {title.rstrip('.')}"


def questions(assignment: Assignment) -> dict[str, Question]:
    """The exercises of a chapter that are answered in words, by name."""
    found: dict[str, Question] = {}
    after = None
    chapter = "\n".join(cell.source for cell in assignment.cells)
    for place, cell in enumerate(assignment.cells):
        if "exercise-solution" in tags(cell):
            after = cell.metadata["exercise"]
        elif "exercise-answer" in tags(cell):
            name, text = cell.metadata["exercise"], assignment.cells[place - 1].source
            about = stated(name, text, chapter, assignment.topic)
            found[name] = Question(name, *about, _unfolded(cell.source), after)
    return found


def _unfolded(source: str) -> str:
    directive = re.fullmatch(
        r"(`{3,}|:{3,})\{[\w-]+\}.*\n(?::.*\n)*\s*((?:.|\n)*?)\s*\1\s*", source
    )
    return directive[2] if directive else source


def in_words(
    assignment: Assignment,
    after: str | None,
    statement: Callable[[Question], str],
    cells: Callable[[Question, str], list[NotebookNode]] | None = None,
) -> list[NotebookNode]:
    """The cells of the questions that stand behind an exercise in code, or before all: nbgrader's, or others."""
    make = cells or question_cells
    found = [q for q in questions(assignment).values() if q.after == after]
    return [cell for q in found for cell in make(q, statement(q))]


def question_cells(question: Question, statement: str) -> list[NotebookNode]:
    """Two cells of nbgrader's source; it puts `TEXT_STUB` in place of the model answer."""
    name = question.name
    metadata = {
        "grade_id": name,
        "solution": True,
        "grade": True,
        "locked": False,
        "task": False,
        "schema_version": 3,
        "points": question.points,
    }
    return [
        new_markdown_cell(statement, id=f"{name}-text"),
        new_markdown_cell(question.answer, id=name, metadata={"nbgrader": metadata}),
    ]


def otter_cells(question: Question, statement: str) -> list[NotebookNode]:
    """The same for Otter, where people grade it as well."""
    name = question.name
    head = f"# BEGIN QUESTION\nname: {name}\nmanual: true\npoints: {question.points}"
    return [
        new_raw_cell(head, id=f"{name}-question"),
        new_markdown_cell(statement, id=f"{name}-text"),
        new_raw_cell("# BEGIN SOLUTION", id=f"{name}-begin"),
        new_markdown_cell(question.answer, id=name),
        new_raw_cell("# END SOLUTION", id=f"{name}-end"),
        new_raw_cell("# END QUESTION", id=f"{name}-question-end"),
    ]
