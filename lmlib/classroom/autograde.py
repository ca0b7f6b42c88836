"""The step that nbgrader takes instead of running a student's notebook, and what tells a finished grade."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Unicode

from lmlib.classroom.course import Course
from lmlib.classroom.grading import Grade, Grader
from lmlib.classroom.release import CHECK
from lmlib.classroom.statements import same
from lmlib.classroom.tasks import Answer, Task
from lmlib.files import write_whole


@lru_cache
def tasks(course: Course, topic: str) -> dict[str, Task]:
    """The exercises of a topic. Made once in a process."""
    assignment = course.assignment(topic)
    exercises = assignment.exercises.items()
    return {name: Task(assignment, exercise) for name, exercise in exercises}


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
        for name, grade in self._grades(course, topic, student, nb).items():
            check = cells[f"{name}-check"]
            reason, trouble = grade.reason, nb.metadata.get("trouble")
            if trouble and reason == "Not answered.":
                reason = f"Not answered. {trouble}"
            check.outputs = [_output(grade.right, reason)]
            check.metadata["note"] = grade.note
        nb.metadata["fingerprint"] = fingerprint(course, topic, student)
        return nb, resources

    def _grades(
        self, course: Course, topic: str, student: str, nb: NotebookNode
    ) -> dict[str, Grade]:
        """Grades as they were made once: an answer that throws dice does not throw them again."""
        key, known = fingerprint(course, topic, student), tasks(course, topic)
        kept = grades_on_record(course, topic, student, key)
        missing = {name: task for name, task in known.items() if name not in kept}
        if missing:
            grader = Grader(missing, course.seed, self.sandboxed)
            answers = {name: _answer(nb, task) for name, task in missing.items()}
            kept |= grader.grade(answers)
            keep(course, topic, student, key, {name: kept[name] for name in known})
        return kept


class ShortChecks(NbGraderPreprocessor):
    """A step before the feedback pages: a check's code is long, and what it says is enough."""

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Keep the output of each check."""
        for cell in nb.cells:
            if CHECK in cell.metadata.get("tags", []):
                cell.source = "# What the check says:"
        return nb, resources


def grades_on_record(
    course: Course, topic: str, student: str, key: str
) -> dict[str, Grade]:
    """The grades that were made of the answers with this fingerprint."""
    try:
        kept = json.loads(record(course, topic, student).read_text("utf-8"))
        if kept["fingerprint"] == key:
            return {name: Grade(*grade) for name, grade in kept["grades"].items()}
    except (OSError, ValueError, LookupError, TypeError):
        pass  # never graded, or cut off by a full disk
    return {}


def keep(
    course: Course, topic: str, student: str, key: str, grades: dict[str, Grade]
) -> None:
    """Put grades on record."""
    kept = json.dumps({"fingerprint": key, "grades": grades}, indent=1)
    write_whole(record(course, topic, student), kept)


def record(course: Course, topic: str, student: str) -> Path:
    """Where the grades of a student's answers stand, for the day when they are asked for again."""
    return course.path / "grades" / topic / f"{student}.json"


def _answer(nb: NotebookNode, task: Task) -> Answer | None:
    """What a collected notebook holds for an exercise."""
    (saved,) = (
        cell.source
        for cell in nb.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") == task.exercise.name
    )
    if same(saved, task.exercise.stub):
        return None
    last = nb.metadata.get("until", {}).get(task.exercise.name, 0)
    return Answer(saved, nb.metadata.get("cells", [])[:last])


def _output(right: bool, reason: str) -> NotebookNode:
    if right:
        return new_output("stream", name="stdout", text=reason + "\n")
    return new_output("error", ename="Not yet", evalue=reason, traceback=[reason])
