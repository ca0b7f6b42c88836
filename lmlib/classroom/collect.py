"""From a folder of downloads to nbgrader's: who handed it in, and which answers it holds.

Answers are put into a fresh copy of the release, so what a student did to tests, metadata, cell ids or
file names decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat

from lmlib.classroom.answers import Submission
from lmlib.classroom.assignments import topics
from lmlib.classroom.course import Course, write


@dataclass(frozen=True)
class Collected:
    """A file, whose it is, and what could not be read of it."""

    file: str
    student: str
    answers: int
    files: int
    """How many the student handed in. The newest counts."""
    trouble: str | None


def collect(course: Course, topic: str, downloads: Path) -> Iterator[Collected]:
    """Copy the answers of every file into ``submitted/``, one file after the other.

    Where a student has several files, the newest counts. Raises ValueError where there are no files,
    or the assignment was not released.
    """
    release = course.notebook("release", topic)
    if not release.exists():
        raise ValueError(
            f"topic: {topic!r} was not released; run the command `release` first"
        )
    files: dict[str, list[Path]] = {}
    for path in sorted(_files(downloads), key=_age):
        files.setdefault(student_of(path.relative_to(downloads), topic), []).append(path)
    if not files:
        raise ValueError(
            f"downloads: {downloads} holds no files; name the folder of downloads"
        )
    for student, paths in sorted(files.items()):
        answers, trouble = _copy(course, topic, student, paths[-1])
        name = str(paths[-1].relative_to(downloads))
        yield Collected(name, student, answers, len(paths), trouble)


def _age(path: Path) -> tuple:
    """Notebooks after other files, then by date, then by the number that browsers add: the last one counts."""
    copy = re.search(r"\((\d+)\)", path.stem)
    number = int(copy[1]) if copy else 0
    return path.suffix == ".ipynb", path.stat().st_mtime, number, path.as_posix()


def _files(folder: Path) -> list[Path]:
    hidden = re.compile(r"(^|/)(\.|__MACOSX/)")
    found = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return [
        path for path in found if not hidden.search(path.relative_to(folder).as_posix())
    ]


def student_of(path: Path, topic: str) -> str:
    """Whose file it is, by the names that Moodle, Canvas and people give to files and folders.

    >>> student_of(Path("Lovelace Ada_4711_assignsubmission_file_/softmax.ipynb"), "softmax")
    'Lovelace-Ada_4711'
    >>> student_of(Path("lovelaceada_LATE_4711_90210_softmax-1.ipynb"), "softmax")
    'lovelaceada_4711'
    >>> student_of(Path("ada/softmax (1).ipynb"), "softmax"), student_of(Path("softmax_ada.ipynb"), "softmax")
    ('ada', 'ada')
    """
    moodle = re.match(r"(?:.*/)?([^/]*_\d+)_assignsubmission_", path.as_posix())
    canvas = re.match(r"([^_]+)(?:_LATE)?_(\d+)_\d+_", path.name)
    folders = [part for part in path.parts[:-1] if part != topic]
    if moodle:
        name = moodle[1]
    elif canvas:
        name = f"{canvas[1]}_{canvas[2]}"
    elif folders:
        name = folders[-1]
    else:
        name = re.sub(r"\s*\(\d+\)$", "", path.stem)
        name = re.sub(rf"[-_ ]*{topic}[-_ ]*", "", name, flags=re.IGNORECASE) or path.stem
    return re.sub(r"[^\w.-]+", "-", name).strip("-._")[:100] or "unnamed"


def _copy(course: Course, topic: str, student: str, path: Path) -> tuple[int, str | None]:
    submission = Submission.of(path)
    exercises = course.assignment(topic).exercises
    notebook = nbformat.read(course.notebook("release", topic), as_version=4)
    count = 0
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        answer = submission.answer(exercises[name]) if name in exercises else None
        if answer is not None and answer != cell.source:
            cell.source, count = answer, count + 1
    trouble = submission.trouble
    if not count and not trouble:
        trouble = _other_assignment(course, topic, submission)
    if trouble:
        notebook.metadata["trouble"] = trouble
    write(course.notebook("submitted", topic, student), nbformat.writes(notebook) + "\n")
    return count, trouble


def _other_assignment(course: Course, topic: str, submission: Submission) -> str | None:
    for other in topics(course.book):
        functions = [e.function for e in course.assignment(other).exercises.values()]
        if other != topic and any(map(submission.defines, functions)):
            return f"The file belongs to the assignment {other!r}."
    return None
