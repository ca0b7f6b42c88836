"""A student's answers in nbgrader's ``submitted/``: the newest that were handed in, in a fresh copy of the release.

So what a student did to tests, metadata, cell ids or file names decides nothing.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import NamedTuple

import nbformat

from lmlib.classroom.answers import Submission
from lmlib.classroom.assignments import Assignment, topics
from lmlib.classroom.course import Course
from lmlib.classroom.handed_in import Download, Unreadable
from lmlib.classroom.statements import same
from lmlib.files import write_whole


class Found(NamedTuple):
    """The file of a student that counts."""

    path: PurePosixPath
    submission: Submission
    answers: dict[str, str]


def submit(
    course: Course, assignment: Assignment, student: str, downloads: list[Download]
) -> tuple[PurePosixPath, int, str | None]:
    """Copy one of a student's files, the oldest of which comes first.

    Returns its path, how many answers it holds, and what is wrong.
    """
    topic = assignment.topic
    (path, submission, answers), lost = _newest(assignment, downloads)
    trouble = submission.trouble
    if not answers:
        trouble = trouble or _other_assignment(course, topic, submission)
    trouble = " ".join(filter(None, [trouble, *lost])) or None
    target = course.notebook("submitted", topic, student)
    if not answers and target.exists() and _answered(target, assignment):
        return path, 0, f"{trouble or ''} The earlier file stays.".strip()
    notebook = nbformat.read(course.notebook("release", topic), as_version=4)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = answers.get(name, cell.source)
    if trouble:
        notebook.metadata["trouble"] = trouble
    write_whole(target, nbformat.writes(notebook) + "\n")
    return path, len(answers), trouble


def _newest(
    assignment: Assignment, downloads: list[Download]
) -> tuple[Found, list[str]]:
    """The newest file that holds an answer, or else the newest; and which newer ones nobody can read."""
    read: list[Found] = []
    lost: list[str] = []
    for download in reversed(downloads):
        try:
            submission = Submission(download.read())
        except Unreadable as error:
            lost.append(str(error))
            continue
        found = {n: submission.answer(e) for n, e in assignment.exercises.items()}
        answers = {n: source for n, source in found.items() if source is not None}
        read.append(Found(download.path, submission, answers))
        if answers:
            return read[-1], lost
    nothing = Found(downloads[-1].path, Submission(b'{"cells": []}'), {})
    return (read or [nothing])[0], lost


def _answered(submitted: Path, assignment: Assignment) -> bool:
    sources = {
        cell.metadata.get("nbgrader", {}).get("grade_id"): cell.source
        for cell in nbformat.read(submitted, as_version=4).cells
    }
    exercises = assignment.exercises.items()
    return any(n in sources and not same(sources[n], e.stub) for n, e in exercises)


def _other_assignment(course: Course, topic: str, submission: Submission) -> str | None:
    for other in topics(course.book):
        functions = [e.function for e in course.assignment(other).exercises.values()]
        if other != topic and any(map(submission.defines, functions)):
            return f"The file belongs to the assignment {other!r}."
    return None
