"""A class's grades: run the grading in shards, put them together, change one by hand."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.utils import determine_grade

from lmlib.classroom.autograde import fingerprint
from lmlib.classroom.course import Course, succeed


def grade(
    course: Course, topic: str, shard: tuple[int, int] = (1, 1), sandboxed: bool = True
) -> Iterator[str]:
    """Grade a share of the submissions, and name each student when that grade is on the disk.

    Shard 2 of 4 takes every fourth student from the second on, and has a gradebook of its own, so that
    shards can run side by side. A finished grade is not made again while nothing that decides it changed.
    Raises RuntimeError at the end where a disk was full or nbgrader failed; the other grades are there.
    Raises ValueError where the assignment was not released or nobody's answers were collected.
    """
    part, parts = shard
    if not 1 <= part <= parts:
        raise ValueError(
            f"shard: {part}/{parts} does not exist; use 1/{parts} … {parts}/{parts}"
        )
    students = course.students(topic)
    if not students:
        raise ValueError(
            f"topic: nobody has handed in {topic!r} yet; run the command `collect` first"
        )
    failed: dict[str, RuntimeError] = {}
    own = f"gradebook.{topic}-{part}-of-{parts}.db"
    with course.gradebook():  # it is there
        shutil.copyfile(course.path / "gradebook.db", course.path / own)
    nbgrader = course.nbgrader(course.config(own, sandboxed))
    try:
        for student in students[part - 1 :: parts]:
            if not is_graded(course, topic, student):
                try:
                    succeed(nbgrader.autograde(topic, student))
                except RuntimeError as error:  # nobody else shall wait for that
                    failed[student] = error
                    continue
            yield student
    finally:
        (course.path / own).unlink()
    if failed:
        names, first = ", ".join(failed), next(iter(failed.values()))
        raise RuntimeError(f"Without a grade: {names}. Run the same command again. {first}")


def is_graded(course: Course, topic: str, student: str) -> bool:
    """Whether a student's grade is finished, and nothing that decides it has changed."""
    try:
        graded = json.loads(
            course.notebook("autograded", topic, student).read_text("utf-8")
        )
        found = graded["metadata"].get("fingerprint")
    except (OSError, ValueError, LookupError):  # not there, or cut off by a full disk
        return False
    return found == fingerprint(course, topic, student)


def graded(course: Course, topic: str, student: str) -> NotebookNode:
    """A student's graded notebook. Raises ValueError where it is damaged, as by a full disk."""
    try:
        return nbformat.read(course.notebook("autograded", topic, student), as_version=4)
    except ValueError as error:
        raise ValueError(
            f"student: {student} has a damaged grade for {topic!r}; run the command `grade` again"
        ) from error


def graded_students(course: Course, topic: str) -> list[str]:
    """Who has a grade. Raises ValueError where nobody has."""
    students = course.students(topic, "autograded")
    if not students:
        raise ValueError(
            f"topic: nobody has a grade for {topic!r} yet; run the command `grade` first"
        )
    return students


def merge(course: Course, topic: str) -> int:
    """Bring the grades of all shards, from the graded notebooks, into the class's gradebook.

    Raises ValueError at the end where a grade is damaged; the others are merged.
    """
    students = graded_students(course, topic)
    damaged: list[ValueError] = []
    with course.gradebook() as book:
        for student in students:
            try:
                notebook = graded(course, topic, student)
            except ValueError as error:
                damaged.append(error)
                continue
            book.update_or_create_student(student)
            book.update_or_create_submission(topic, student)
            for cell in notebook.cells:
                if cell.metadata.get("nbgrader", {}).get("grade"):
                    name = cell.metadata.nbgrader.grade_id
                    grade = book.find_grade(name, topic, topic, student)
                    grade.auto_score, _ = determine_grade(cell)
                    grade.needs_manual_grade = False
        book.db.commit()
    if damaged:
        raise ValueError("\n".join(map(str, damaged)))
    return len(students)


def override(
    course: Course,
    topic: str,
    student: str,
    exercise: str,
    score: float | None,
    why: str | None,
) -> None:
    """Set a score by hand. It outlives every later grading, and ``why`` stands on the feedback page.

    None for both takes it back: then the grader's score counts again.
    """
    exercises = course.assignment(topic).exercises
    if exercise not in exercises:
        raise ValueError(
            f"exercise: {exercise!r} is not known; use one of {', '.join(exercises)}"
        )
    if score is not None and not 0 <= score <= exercises[exercise].points:
        raise ValueError(f"score: {score} is outside 0 … {exercises[exercise].points}")
    if student not in course.students(topic, "autograded"):
        raise ValueError(
            f"student: {student!r} is not in the table of {topic!r}; write the name as it stands there, "
            "or grade first"
        )
    with merged(course, topic, student) as book:
        book.find_grade(f"{exercise}-check", topic, topic, student).manual_score = score
        book.find_comment(exercise, topic, topic, student).manual_comment = why
        book.db.commit()


@contextmanager
def merged(course: Course, topic: str, *students: str) -> Iterator[Gradebook]:
    """The gradebook with the grades of these students. Raises ValueError where they were not merged."""
    with course.gradebook() as book:
        for student in students:
            try:
                book.find_submission(topic, student)
            except MissingEntry as error:
                raise ValueError(
                    f"student: the grade of {student} is not in the gradebook; run the command `merge` first"
                ) from error
        yield book
