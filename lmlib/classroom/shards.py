"""The grading of a class, in one or several processes, and the graded notebooks that it leaves."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import nbformat
from nbformat import NotebookNode
from nbgrader.apps.api import NbGraderAPI

from lmlib.classroom.autograde import fingerprint, grades_on_record, keep
from lmlib.classroom.course import Course, succeed
from lmlib.classroom.grading import stopped


def grade(
    course: Course, topic: str, shard: tuple[int, int] = (1, 1), sandboxed: bool = True
) -> Iterator[str]:
    """Grade a share of the submissions, and name each student when that grade is on the disk.

    Shard 2 of 4 takes every fourth student from the second on. A finished grade is not made again while
    nothing that decides it changed. Raises RuntimeError at the end where a disk was full or nbgrader failed;
    the other grades are there. Raises ValueError where the assignment was not released or nobody's answers
    were collected.
    """
    failed: dict[str, RuntimeError] = {}
    with _shard(course, topic, shard, sandboxed) as (nbgrader, students):
        for student in students:
            try:
                if not is_graded(course, topic, student):
                    succeed(nbgrader.autograde(topic, student))
            except RuntimeError as error:  # nobody else shall wait for that
                failed[student] = error
                continue
            yield student
    if failed:
        names, first = ", ".join(failed), next(iter(failed.values()))
        raise RuntimeError(
            f"Without a grade: {names}. Run the same command again. {first}"
        )


@contextmanager
def _shard(
    course: Course, topic: str, shard: tuple[int, int], sandboxed: bool
) -> Iterator[tuple[NbGraderAPI, list[str]]]:
    """The students of a shard, and nbgrader with a gradebook of its own, so that shards can run side by side."""
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
    own = f"gradebook.{topic}-{part}-of-{parts}.db"
    with course.gradebook():  # it is there
        shutil.copyfile(course.path / "gradebook.db", course.path / own)
    try:
        yield (
            course.nbgrader(course.config(own, sandboxed)),
            students[part - 1 :: parts],
        )
    finally:
        (course.path / own).unlink()


def forget(course: Course, topic: str, student: str) -> None:
    """Let a student's answers that were stopped be run again, the next time. Raises ValueError where there are none.

    The others keep their grades: an answer that throws dice does not throw them again.
    """
    if student not in course.students(topic):
        raise ValueError(
            f"student: {student!r} has handed in nothing for {topic!r}; write the name as `collect` prints it"
        )
    key = fingerprint(course, topic, student)
    found = grades_on_record(course, topic, student, key)
    done = {name: grade for name, grade in found.items() if not stopped(grade)}
    keep(course, topic, student, key, done)
    course.notebook("autograded", topic, student).unlink(missing_ok=True)


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
        return nbformat.read(
            course.notebook("autograded", topic, student), as_version=4
        )
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


def without_grade(course: Course, topic: str) -> tuple[list[str], list[str]]:
    """Who has handed in and has no grade, and whose grade was given for something older."""
    handed_in = course.students(topic)
    some = {*course.students(topic, "autograded")}
    old = [s for s in handed_in if s in some and not is_graded(course, topic, s)]
    return [student for student in handed_in if student not in some], old
