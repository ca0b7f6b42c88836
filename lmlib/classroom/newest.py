"""Which of a student's files counts: the newest that holds an answer."""

from __future__ import annotations

from typing import NamedTuple

import nbformat
from nbformat import NotebookNode

from lmlib.classroom.answers import FILE_LIMIT, Submission
from lmlib.classroom.assignments import Assignment
from lmlib.classroom.cells import Cell
from lmlib.classroom.course import Course
from lmlib.classroom.handed_in import Download, Unreadable
from lmlib.classroom.names import shown
from lmlib.classroom.texts import words_in
from lmlib.classroom.words import questions

STUDENT_LIMIT = 3 * FILE_LIMIT
"""Bytes that are read of one student's files together."""
OBJECTS, ITEMS = 1_000_000, 20_000_000
"""Braces and commas in a file: far above honest work, and what takes memory when JSON is read."""


class Found(NamedTuple):
    """The file of a student that counts."""

    download: Download
    submission: Submission
    answers: dict[str, str]
    own: int


def newest(
    course: Course, assignment: Assignment, downloads: list[Download]
) -> tuple[Found, list[str]]:
    """The newest file that holds an answer, or else the newest; and which newer ones nobody can read."""
    read: list[Found] = []
    lost: list[str] = []
    room = STUDENT_LIMIT
    released = nbformat.read(course.notebook("release", assignment.topic), as_version=4)
    given = [Cell(c.cell_type, c.source, grade_id(c) or None) for c in released.cells]
    for download in reversed(downloads):
        if room <= 0:
            lost.append(
                f"More than {STUDENT_LIMIT >> 20} MB: older files were not read."
            )
            break
        try:
            data = _content(download)
        except Unreadable as error:
            lost.append(str(error))
            continue
        room -= len(data)
        read.append(_found(assignment, download, data, given))
        if read[-1].answers:
            return read[-1], lost
    nothing = Found(downloads[-1], Submission(b'{"cells": []}'), {}, 0)
    return (read or [nothing])[0], lost


def _content(download: Download) -> bytes:
    data, name = download.read(), shown(download.path)
    if data.startswith(b"PK\3\4") and download.path.suffix.lower() == ".zip":
        raise Unreadable(f"{name!r} is a zip file: unpack it, and collect its folder.")
    if data.count(b"{") > OBJECTS or data.count(b",") > ITEMS:
        raise Unreadable(
            f"{name!r} has far more parts than a notebook: it was not read."
        )
    return data


def _found(
    assignment: Assignment, download: Download, data: bytes, given: list[Cell]
) -> Found:
    submission = Submission(data)
    code = {n: submission.answer(e) for n, e in assignment.exercises.items()}
    words = words_in(data, questions(assignment), given)
    answers = {n: source for n, source in code.items() if source is not None}
    return Found(download, submission, answers | words.answers, words.own)


def grade_id(cell: NotebookNode) -> str:
    """nbgrader's name of a cell, or nothing."""
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")
