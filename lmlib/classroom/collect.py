"""From a folder of downloads to nbgrader's: who handed it in, and which answers it holds.

Answers are put into a fresh copy of the release, so what a student did to tests, metadata, cell ids or
file names decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat

from lmlib.classroom.answers import Submission
from lmlib.classroom.assignments import Assignment, topics
from lmlib.classroom.course import Course, write
from lmlib.classroom.downloads import files_in, opened
from lmlib.classroom.names import Owner, owner_of, shown
from lmlib.classroom.statements import same


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
    with opened(downloads) as folder:
        files: dict[str, list[tuple[Path, Owner]]] = {}
        for path in files_in(folder):
            owner = owner_of(path.relative_to(folder), topic)
            files.setdefault(owner.student, []).append((path, owner))
        _require_several(files, folder, downloads)
        for student, found in sorted(files.items()):
            paths = [path for path, _ in found]
            places = list(dict.fromkeys(owner.place for _, owner in found))
            path, answers, trouble = (
                _copy(course, assignment, student, paths)
                if len(places) == 1
                else (paths[-1], 0, _several(places))
            )
            name = shown(path.relative_to(folder))
            yield Collected(name, student, answers, len(paths), trouble)


def _require_several(files: dict, folder: Path, downloads: Path) -> None:
    if not files:
        raise ValueError(
            f"downloads: {downloads} holds no files; name the folder of downloads"
        )
    ((_, owner), *others) = next(iter(files.values()))
    if len(files) == 1 and len(others) > 1 and (folder / owner.place).is_dir():
        raise ValueError(
            f"downloads: all {len(others) + 1} files would be those of one student, {owner.student!r}, "
            f"since one folder holds them; name that folder: {downloads / owner.place}"
        )


def _several(places: list[str]) -> str:
    first, second = (shown(Path(place)) for place in places[:2])
    return (
        f"This name stands for {first!r} and for {second!r}, so nobody knows whose it is: "
        "nothing was collected. Rename one."
    )


def _copy(
    course: Course, assignment: Assignment, student: str, paths: list[Path]
) -> tuple[Path, int, str | None]:
    """Collect one of a student's files. Returns it, how many answers it holds, and what is wrong."""
    topic = assignment.topic
    path, submission, answers = _newest(assignment, paths)
    trouble = submission.trouble
    if not answers:
        trouble = trouble or _other_assignment(course, topic, submission)
    target = course.notebook("submitted", topic, student)
    if not answers and target.exists() and _answered(target, assignment):
        return path, 0, f"{trouble or ''} The earlier file stays.".strip()
    notebook = nbformat.read(course.notebook("release", topic), as_version=4)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = answers.get(name, cell.source)
    if trouble:
        notebook.metadata["trouble"] = trouble
    write(target, nbformat.writes(notebook) + "\n")
    return path, len(answers), trouble


def _newest(
    assignment: Assignment, paths: list[Path]
) -> tuple[Path, Submission, dict[str, str]]:
    """The newest file that holds an answer, or else the newest."""
    read = []
    for path in reversed(paths):
        submission = Submission.of(path)
        found = {n: submission.answer(e) for n, e in assignment.exercises.items()}
        answers = {n: source for n, source in found.items() if source is not None}
        read.append((path, submission, answers))
        if answers:
            return read[-1]
    return read[0]


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
