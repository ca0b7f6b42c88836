"""What a class's grades become: a page for each student, and the table."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from nbgrader.api import Gradebook

from lmlib.classroom.course import Course, succeed
from lmlib.classroom.gradebook import merged
from lmlib.classroom.shards import graded, graded_students
from lmlib.files import write_whole


def feedback(course: Course, topic: str) -> Iterator[Path]:
    """Write each student's page, one after the other, and at the end a zip file for Moodle of all pages."""
    students = graded_students(course, topic)
    with merged(course, topic, *students):  # or nbgrader finds no scores
        nbgrader = course.nbgrader(course.config())
    pages = {}
    for student in students:
        graded(course, topic, student)  # a sentence if it is damaged
        succeed(nbgrader.generate_feedback(topic, student))
        page = course.path / "feedback" / student / topic / f"{topic}.html"
        # nbgrader's list of contents calls every exercise "Test cell".
        named = re.sub(
            r'(<a href="#([\w-]+)-check">)Test cell', r"\1\2", page.read_text("utf-8")
        )
        write_whole(page, named)
        pages[student] = page
        yield page
    with zipfile.ZipFile(
        moodle_zip(course, topic), "w", zipfile.ZIP_DEFLATED
    ) as archive:
        for student, page in pages.items():
            archive.write(page, f"{student}_assignsubmission_file_/{topic}.html")


def moodle_zip(course: Course, topic: str) -> Path:
    """Where all pages are, under the names by which Moodle knows whose they are."""
    return course.path / f"feedback-{topic}.zip"


def export(course: Course, topic: str) -> Path:
    """Write ``grades-<topic>.csv``: a row for each student, a column for each question, and the reasons."""
    exercises = course.assignment(topic).exercises
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["student", *exercises, "total", "of", "reasons"])
    points = sum(exercise.points for exercise in exercises.values())
    students = graded_students(course, topic)
    with merged(course, topic, *students) as book:
        for student in students:
            grades = [
                book.find_grade(f"{n}-check", topic, topic, student) for n in exercises
            ]
            scores = [grade.score for grade in grades]
            reasons = _reasons(course, topic, student, book)
            row = [student, *scores, sum(scores), points, reasons]
            table.writerow([_plain(cell) for cell in row])
    path = course.path / f"grades-{topic}.csv"
    # Excel takes a file without this mark for one in its own encoding.
    write_whole(path, text.getvalue().encode("utf-8-sig"))
    return path


def _reasons(course: Course, topic: str, student: str, book: Gradebook) -> str:
    """Why points are missing, and what was set by hand. What holds for several exercises stands once."""
    named: dict[str, list[str]] = {}
    for cell in graded(course, topic, student).cells:
        if not cell.metadata.get("nbgrader", {}).get("grade"):
            continue
        check = cell.metadata.nbgrader.grade_id
        grade = book.find_grade(check, topic, topic, student)
        said = [out.evalue for out in cell.outputs if out.output_type == "error"]
        if grade.manual_score is not None:
            said.append(
                f"{grade.manual_score:g} by hand ({grade.auto_score:g} by the grader)"
            )
        for reason in said:
            named.setdefault(reason, []).append(check.removesuffix("-check"))
    return " | ".join(
        f"{', '.join(names)}: {reason}" for reason, names in named.items()
    )


def _plain(cell: object) -> str:
    """A cell that no spreadsheet takes for a formula: a hint may hold what a student wrote."""
    text = (
        f"{cell:g}" if isinstance(cell, (int, float)) else " ".join(str(cell).split())
    )
    return "'" + text if text[:1] in ("=", "+", "-", "@") else text
