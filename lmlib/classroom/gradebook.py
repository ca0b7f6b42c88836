"""A class's grades: run the grading in shards, put them together, change one by hand, write the table."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbgrader.utils import determine_grade

from lmlib.classroom.autograde import fingerprint
from lmlib.classroom.course import Course, succeed, write


def grade(
    course: Course, topic: str, shard: tuple[int, int] = (1, 1), sandboxed: bool = True
) -> Iterator[str]:
    """Grade a share of the submissions, and name each student when that grade is on the disk.

    Shard 2 of 4 takes every fourth student from the second on, and has a gradebook of its own, so that
    shards can run side by side. A finished grade is not made again while nothing that decides it changed.
    Raises RuntimeError at the end where a disk was full or nbgrader failed; the other grades are there.
    """
    part, parts = shard
    if not 1 <= part <= parts:
        raise ValueError(
            f"shard: {part}/{parts} does not exist; use 1/{parts} … {parts}/{parts}"
        )
    failed: dict[str, RuntimeError] = {}
    own = f"gradebook.{topic}-{part}-of-{parts}.db"
    shutil.copyfile(course.path / "gradebook.db", course.path / own)
    nbgrader = course.nbgrader(course.config(own, sandboxed))
    try:
        for student in course.students(topic)[part - 1 :: parts]:
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


def merge(course: Course, topic: str) -> int:
    """Bring the grades of all shards, from the graded notebooks, into the class's gradebook."""
    students = course.students(topic, "autograded")
    with course.gradebook() as book:
        for student in students:
            book.update_or_create_student(student)
            book.update_or_create_submission(topic, student)
            notebook = nbformat.read(
                course.notebook("autograded", topic, student), as_version=4
            )
            for cell in notebook.cells:
                if cell.metadata.get("nbgrader", {}).get("grade"):
                    name = cell.metadata.nbgrader.grade_id
                    grade = book.find_grade(name, topic, topic, student)
                    grade.auto_score, _ = determine_grade(cell)
                    grade.needs_manual_grade = False
        book.db.commit()
    return len(students)


def override(
    course: Course, topic: str, student: str, exercise: str, score: float, why: str
) -> None:
    """Set a score by hand. It outlives every later grading, and ``why`` stands on the feedback page."""
    exercises = course.assignment(topic).exercises
    if exercise not in exercises:
        raise ValueError(
            f"exercise: {exercise!r} is not known; use one of {', '.join(exercises)}"
        )
    if not 0 <= score <= exercises[exercise].points:
        raise ValueError(f"score: {score} is outside 0 … {exercises[exercise].points}")
    if student not in course.students(topic, "autograded"):
        raise ValueError(
            f"student: {student!r} has no grade for {topic!r} yet; grade first"
        )
    with course.gradebook() as book:
        book.find_grade(f"{exercise}-check", topic, topic, student).manual_score = score
        book.find_comment(exercise, topic, topic, student).manual_comment = why
        book.db.commit()


def feedback(course: Course, topic: str) -> Iterator[Path]:
    """Write each student's page, one after the other."""
    nbgrader = course.nbgrader(course.config())
    for student in course.students(topic, "autograded"):
        succeed(nbgrader.generate_feedback(topic, student))
        yield course.path / "feedback" / student / topic / f"{topic}.html"


def export(course: Course, topic: str) -> Path:
    """Write ``grades-<topic>.csv``: a row for each student, a column for each question, and the reasons."""
    exercises = course.assignment(topic).exercises
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["student", *exercises, "total", "of", "reasons"])
    points = sum(exercise.points for exercise in exercises.values())
    with course.gradebook() as book:
        for student in course.students(topic, "autograded"):
            grades = [
                book.find_grade(f"{n}-check", topic, topic, student) for n in exercises
            ]
            scores = [grade.score for grade in grades]
            row = [student, *scores, sum(scores), points, _reasons(course, topic, student)]
            table.writerow([_plain(cell) for cell in row])
    path = course.path / f"grades-{topic}.csv"
    write(path, text.getvalue())
    return path


def _reasons(course: Course, topic: str, student: str) -> str:
    notebook = nbformat.read(course.notebook("autograded", topic, student), as_version=4)
    return " | ".join(
        f"{cell.metadata.nbgrader.grade_id.removesuffix('-check')}: {output.evalue}"
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    )


def _plain(cell: object) -> str:
    """A cell that no spreadsheet takes for a formula: a hint may hold what a student wrote."""
    text = f"{cell:g}" if isinstance(cell, (int, float)) else " ".join(str(cell).split())
    return "'" + text if text[:1] in ("=", "+", "-", "@") else text
