"""From a folder of downloads to nbgrader's: who handed in what, and whether that is certain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lmlib.classroom.apart import ZIPPED, apart
from lmlib.classroom.assignments import Assignment, topics
from lmlib.classroom.course import Course
from lmlib.classroom.downloads import opened
from lmlib.classroom.names import shown
from lmlib.classroom.owners import (
    Owned,
    as_of_a_class,
    by_student,
    crowd,
    is_flat,
    require_students,
    several,
)
from lmlib.classroom.sources import collected, kind_of_place
from lmlib.classroom.spelling import plain
from lmlib.classroom.submitted import submit


@dataclass(frozen=True)
class Collected:
    """A file, whose it is, and what could not be read of it."""

    file: str
    student: str
    answers: int
    files: int
    """How many the student handed in. The newest that holds an answer counts."""
    trouble: str | None
    kept: str | None = None
    """Why the file stays that was collected before."""
    remark: str | None = None


def collect(
    course: Course,
    topic: str,
    downloads: Path,
    student: str | None = None,
    even_if_older: bool = False,
) -> Iterator[Collected]:
    """Copy the answers of every file into ``submitted/``, one student after the other.

    ``downloads`` is a folder, a zip file or one notebook; ``student`` says that all of it is one student's. Where a
    student has several files, the newest that holds an answer counts. Neither a file without one replaces what
    was collected before, nor an older one, unless ``even_if_older``. Raises ValueError where there are no files,
    they seem to be one student's, or the assignment was not released.
    """
    _require(course, topic, student)
    assignment = course.assignment(topic)
    with opened(downloads) as files:
        owned = by_student(files, topic, student)
        others = [other for other in topics(course.book) if other != topic]
        reasons = apart(owned, downloads, topic, others)
        students = {name: owned[name] for name in owned.keys() - reasons.keys()}
        require_students(students, downloads, topic, _known(course))
        flat = is_flat(students, topic)
        earlier = {name.lower(): name for name in course.students(topic)}
        for name, found in sorted(owned.items()):
            if name in reasons:
                yield _left_out(found, reasons[name])
                continue
            before = earlier.get(name, found[0][1].student)
            trouble = crowd(found, topic, flat) or several(
                found, before, collected(course, topic, before)
            )
            yield _collected(course, assignment, found, trouble, even_if_older)


def _require(course: Course, topic: str, student: str | None) -> None:
    if not course.notebook("release", topic).exists():
        raise ValueError(
            f"topic: {topic!r} was not released; run the command `release` first"
        )
    if student is not None and plain(student) != student:
        raise ValueError(
            f"student: {student!r} is no name as in the table; write {plain(student)!r}"
        )


def _known(course: Course) -> set[str]:
    """Whoever handed in anything so far."""
    return {path.name for path in (course.path / "submitted").glob("*")}


def _left_out(found: list[Owned], why: str) -> Collected:
    (file, owner), *_ = found
    folder = owner.place.endswith("/")
    path = PurePosixPath(owner.place) if folder else file.path
    trouble, remark = (why, None) if why == ZIPPED else (None, why)
    return Collected(shown(path), owner.student, 0, len(found), trouble, None, remark)


def _collected(
    course: Course,
    assignment: Assignment,
    found: list[Owned],
    trouble: str | None,
    even_if_older: bool,
) -> Collected:
    """Collect what a student handed in, or nothing where it may be that of two."""
    topic, (_, owner) = assignment.topic, found[0]
    files, student = [download for download, _ in found], owner.student
    if trouble:
        return Collected(shown(files[-1].path), student, 0, len(files), trouble)
    place = kind_of_place(owner)
    one = submit(course, assignment, student, files, place, even_if_older)
    remarks = [one.remark, as_of_a_class(found, topics(course.book), topic)]
    remark = " ".join(filter(None, remarks)) or None
    return Collected(
        shown(one.path), student, one.answers, len(files), one.trouble, one.kept, remark
    )
