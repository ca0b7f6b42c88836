"""A student's answers in nbgrader's ``submitted/``: the newest that were handed in, in a fresh copy of the release.

So what a student did to tests, metadata, cell ids or file names decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import nbformat

from lmlib.classroom.answers import Submission
from lmlib.classroom.assignments import Assignment, topics
from lmlib.classroom.course import Course
from lmlib.classroom.handed_in import Download
from lmlib.classroom.newest import Found, grade_id, newest
from lmlib.classroom.sources import collected, in_doubt, keep, source, why_older
from lmlib.classroom.statements import same
from lmlib.classroom.texts import fenced, unfenced
from lmlib.classroom.words import questions
from lmlib.files import write_whole


@dataclass(frozen=True)
class Submitted:
    """What became of a student's files."""

    path: PurePosixPath
    answers: int
    trouble: str | None
    kept: str | None
    """Why what was collected before stays."""
    remark: str | None


def submit(
    course: Course,
    assignment: Assignment,
    student: str,
    downloads: list[Download],
    place: str,
    even_if_older: bool = False,
) -> Submitted:
    """Copy one of a student's files, the oldest of which comes first.

    ``place`` is where the student's name was read. An older file than the one that was collected before is copied
    only with ``even_if_older``, and one without answers never.
    """
    topic = assignment.topic
    found, lost = newest(course, assignment, downloads)
    trouble = _trouble(course, topic, found, lost)
    target = course.notebook("submitted", topic, student)
    answered = target.exists() and _answered(target, assignment)
    old = collected(course, topic, student) if answered else None
    new = source(found.download, place, found.answers)
    kept = None
    if answered and not found.answers:
        kept = "The earlier file stays."
    elif old and not even_if_older and (why := why_older(old, new)):
        kept = f"Not taken: {why}. To take it, give --even-if-older."
    own = found.own if found.answers else 0
    remarks = [f"It has {own} text cells of their own."] if own else []
    if kept is None:
        remarks += filter(None, [in_doubt(old, new) if old else None])
        write_whole(target, _notebook(course, assignment, found, trouble))
        keep(course, topic, student, old, new)
    remark = " ".join(remarks) or None
    return Submitted(found.download.path, len(found.answers), trouble, kept, remark)


def _notebook(
    course: Course, assignment: Assignment, found: Found, trouble: str | None
) -> str:
    """The release with a student's answers, and all of the code: some of it may be needed to run them."""
    path = course.notebook("release", assignment.topic)
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if (name := grade_id(cell)) in found.answers:
            text, answer = cell.cell_type == "markdown", found.answers[name]
            cell.source = fenced(answer) if text else answer
    exercises = assignment.exercises.items()
    notebook.metadata["cells"] = found.submission.cells
    notebook.metadata["until"] = {n: found.submission.until(e) for n, e in exercises}
    if trouble:
        notebook.metadata["trouble"] = trouble
    return nbformat.writes(notebook) + "\n"


def _trouble(course: Course, topic: str, found: Found, lost: list[str]) -> str | None:
    trouble = found.submission.trouble
    if not found.answers:
        trouble = trouble or _other_assignment(course, topic, found.submission)
    return " ".join(filter(None, [trouble, *lost])) or None


def _answered(submitted: Path, assignment: Assignment) -> bool:
    cells = nbformat.read(submitted, as_version=4).cells
    sources = {grade_id(cell): cell.source for cell in cells}
    exercises = assignment.exercises.items()
    code = (n in sources and not same(sources[n], e.stub) for n, e in exercises)
    return any(code) or any(unfenced(sources.get(n, "")) for n in questions(assignment))


def _other_assignment(course: Course, topic: str, submission: Submission) -> str | None:
    """Where most of the functions of a file belong. A name or two may stand elsewhere by chance."""
    found = {
        other: sum(submission.defines(e.function) for e in exercises.values())
        for other in topics(course.book)
        if (exercises := course.assignment(other).exercises)
    }
    most = max(found, key=found.__getitem__)
    if found[most] > found.get(topic, 0):
        return f"The file belongs to the assignment {most!r}."
    return None
