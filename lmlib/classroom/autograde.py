"""The step that nbgrader takes instead of running a student's notebook, and what tells a finished grade."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Unicode

from lmlib.classroom import sandbox
from lmlib.classroom.course import Course
from lmlib.classroom.grading import Expected, grade


@lru_cache
def expectations(course: Course, topic: str) -> dict[str, Expected]:
    """For each exercise of a topic. Computed once in a process."""
    assignment = course.assignment(topic)
    return {
        name: Expected(assignment, exercise, course.seed)
        for name, exercise in assignment.exercises.items()
    }


@lru_cache
def _basis(course: Course, topic: str) -> str:
    return course.seed + course.assignment(topic).digest()


def fingerprint(course: Course, topic: str, student: str) -> str:
    """Changes when anything changes that decides a student's grade."""
    notebook = course.notebook("submitted", topic, student).read_bytes()
    return hashlib.sha256(notebook + _basis(course, topic).encode()).hexdigest()


class Sandboxed(NbGraderPreprocessor):
    """nbgrader's step that gives the cells their outputs: an error where an answer is wrong."""

    course = Unicode(help="folder of the class").tag(config=True)
    book = Unicode(help="clone of the book").tag(config=True)
    sandboxed = Bool(True, help="whether answers run in bubblewrap").tag(config=True)

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Grade every answer of a notebook."""
        course = Course(self.course, Path(self.book))
        topic, student = (
            resources["nbgrader"][key] for key in ("assignment", "student")
        )
        cells = {
            c.metadata.nbgrader.grade_id: c
            for c in nb.cells
            if "nbgrader" in c.metadata
        }
        trouble, waited = nb.metadata.get("trouble"), False
        for name, expected in expectations(course, topic).items():
            right, reason = grade(expected, cells[name].source, self.sandboxed)
            if trouble and reason == "Not answered.":
                reason = f"Not answered. {trouble}"
            cells[f"{name}-check"].outputs = [_output(right, reason)]
            waited |= sandbox.WAITED in reason
        # Where an answer waited, perhaps the machine was busy: the next grading tries once more.
        if not waited:
            nb.metadata["fingerprint"] = fingerprint(course, topic, student)
        return nb, resources


def _output(right: bool, reason: str) -> NotebookNode:
    if right:
        return new_output("stream", name="stdout", text=reason + "\n")
    return new_output("error", ename="Not yet", evalue=reason, traceback=[reason])
