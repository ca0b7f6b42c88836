"""From a folder of downloads to nbgrader's: who handed in what, and whether that is certain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lmlib.classroom.assignments import Assignment
from lmlib.classroom.course import Course
from lmlib.classroom.downloads import opened
from lmlib.classroom.handed_in import Download
from lmlib.classroom.names import Owner, of_program, owner_of, shown
from lmlib.classroom.submitted import submit

Owned = tuple[Download, Owner]


@dataclass(frozen=True)
class Collected:
    """A file, whose it is, and what could not be read of it."""

    file: str
    student: str
    answers: int
    files: int
    """How many the student handed in. The newest that holds an answer counts."""
    trouble: str | None


def collect(course: Course, topic: str, downloads: Path) -> Iterator[Collected]:
    """Copy the answers of every file into ``submitted/``, one student after the other.

    ``downloads`` is a folder or a zip file. Where a student has several files, the newest that holds an
    answer counts; a file without one does not replace what was collected before. Raises ValueError where
    there are no files, they seem to be one student's, or the assignment was not released.
    """
    if not course.notebook("release", topic).exists():
        raise ValueError(
            f"topic: {topic!r} was not released; run the command `release` first"
        )
    assignment = course.assignment(topic)
    earlier = {student.lower(): student for student in course.students(topic)}
    with opened(downloads) as files:
        owned: dict[str, list[Owned]] = {}
        for download in files:
            owner = owner_of(download.path, topic)
            owned.setdefault(owner.student.lower(), []).append((download, owner))
        _require_several(owned, downloads)
        for name, found in sorted(owned.items()):
            yield _collected(course, assignment, found, earlier.get(name))


def _require_several(owned: dict[str, list[Owned]], downloads: Path) -> None:
    if not owned:
        raise ValueError(
            f"downloads: {downloads} holds no files; name the folder of downloads"
        )
    ((_, owner), *others) = next(iter(owned.values()))
    if len(owned) == 1 and len(others) > 1 and owner.place.endswith("/"):
        raise ValueError(
            f"downloads: all {len(others) + 1} files would be those of one student, {owner.student!r}, "
            f"since one folder holds them; name that folder: {downloads / owner.place}"
        )


def _collected(
    course: Course, assignment: Assignment, found: list[Owned], earlier: str | None
) -> Collected:
    """Collect what a student handed in, or nothing where it may be that of two."""
    files, student = [download for download, _ in found], found[0][1].student
    trouble = _crowd(found, assignment.topic) or _several(found, earlier or student)
    if trouble:
        return Collected(shown(files[-1].path), student, 0, len(files), trouble)
    path, answers, trouble = submit(course, assignment, student, files)
    return Collected(shown(path), student, answers, len(files), trouble)


def _crowd(found: list[Owned], topic: str) -> str | None:
    """Why a folder is no student's: Canvas or Blackboard named files in it for several."""
    names = [d.path.name for d, owner in found if owner.place.endswith("/")]
    owners = [owner for name in names if (owner := of_program(name, topic))]
    students = sorted({owner.student for owner in owners})
    if len(students) < 2:
        return None
    return (
        f"This folder holds files of {' and of '.join(students)}: nothing was collected. "
        "Name that folder."
    )


def _several(found: list[Owned], earlier: str) -> str | None:
    """Why nobody knows whose these files are, if they stand in several places.

    Many disks take ``Ada`` and ``ada`` for the same, so they stand for one student here as well.
    """
    places: dict[str, PurePosixPath] = {}
    for download, owner in found:
        folder = owner.place.endswith("/")
        places.setdefault(
            owner.place, PurePosixPath(owner.place) if folder else download.path
        )
    named = [repr(shown(path)) for path in places.values()]
    if earlier != found[0][1].student:
        named.insert(0, f"{earlier!r}, who was collected before,")
    if len(named) == 1:
        return None
    return (
        f"This name stands for {' and for '.join(named)}, so nobody knows whose it is: "
        "nothing was collected. Rename one."
    )
