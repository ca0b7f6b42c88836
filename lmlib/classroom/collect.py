"""From a folder of downloads to nbgrader's: who handed in what, and whether that is certain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lmlib.classroom.assignments import Assignment, topics
from lmlib.classroom.course import Course
from lmlib.classroom.downloads import opened
from lmlib.classroom.names import shown
from lmlib.classroom.owners import (
    Owned,
    as_of_a_class,
    by_student,
    crowd,
    other_topics,
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
    if not course.notebook("release", topic).exists():
        raise ValueError(
            f"topic: {topic!r} was not released; run the command `release` first"
        )
    if student is not None and plain(student) != student:
        raise ValueError(
            f"student: {student!r} is no name as in the table; write {plain(student)!r}"
        )
    assignment = course.assignment(topic)
    with opened(downloads) as files:
        owned = by_student(files, topic, student)
        elsewhere = _elsewhere(course, topic, owned, downloads)
        for name in elsewhere.keys() & owned.keys():
            del owned[name]
        require_students(owned, downloads, topic, _known(course))
        for _, found in sorted((owned | elsewhere).items()):
            if found[0][1].student.lower() in elsewhere:
                yield _left_out(found)
            else:
                yield _collected(course, assignment, found, even_if_older)


def _elsewhere(
    course: Course, topic: str, owned: dict[str, list[Owned]], downloads: Path
) -> dict[str, list[Owned]]:
    """Folders of other assignments. Raises ValueError where there is nothing else."""
    if not owned:
        raise ValueError(
            f"downloads: {downloads} holds no files; name the folder of downloads"
        )
    others = [other for other in topics(course.book) if other != topic]
    found = other_topics(owned, others)
    if len(found) == len(owned):
        raise ValueError(
            f"downloads: {downloads} holds other assignments alone ({', '.join(found)}); name the folder of {topic!r}"
        )
    return found


def _known(course: Course) -> set[str]:
    """Whoever handed in anything so far."""
    return {path.name for path in (course.path / "submitted").glob("*")}


def _left_out(found: list[Owned]) -> Collected:
    (_, owner), *_ = found
    remark = "This is another assignment's folder: it was left out."
    file = shown(PurePosixPath(owner.place))
    return Collected(file, owner.student, 0, len(found), None, None, remark)


def _collected(
    course: Course, assignment: Assignment, found: list[Owned], even_if_older: bool
) -> Collected:
    """Collect what a student handed in, or nothing where it may be that of two."""
    topic = assignment.topic
    files, owner = [download for download, _ in found], found[0][1]
    student = owner.student
    earlier = {name.lower(): name for name in course.students(topic)}
    before = earlier.get(student.lower(), student)
    trouble = crowd(found, topic) or several(
        found, before, collected(course, topic, before)
    )
    if trouble:
        return Collected(shown(files[-1].path), student, 0, len(files), trouble)
    place = kind_of_place(owner)
    one = submit(course, assignment, student, files, place, even_if_older)
    remarks = [one.remark, as_of_a_class(found, topics(course.book), topic)]
    remark = " ".join(filter(None, remarks)) or None
    return Collected(
        shown(one.path), student, one.answers, len(files), one.trouble, one.kept, remark
    )
