"""What a class's grades become: a page for each student, and the table."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.utils import is_grade

from lmlib.classroom.by_hand import Score, scores
from lmlib.classroom.course import Course, succeed
from lmlib.classroom.gradebook import merged
from lmlib.classroom.newest import grade_id
from lmlib.classroom.shards import graded, graded_students
from lmlib.classroom.words import questions
from lmlib.files import write_whole

STYLE = """
.text_cell_render pre, .output pre { white-space: pre-wrap; overflow-wrap: anywhere }
.prompt { display: none }
@media (max-width: 640px) {
  .panel-heading { height: auto !important }
  .panel-heading .pull-right { float: none !important; display: block }
}
"""
"""Reasons and answers in words have long lines, and a phone has short ones."""


def feedback(course: Course, topic: str) -> Iterator[Path]:
    """Write each student's page, one after the other, and at the end a zip file for Moodle of all pages."""
    students = graded_students(course, topic)
    with merged(course, topic, *students) as book:  # or nbgrader finds no scores
        found = {s: scores(course, topic, s, book) for s in students}
    nbgrader = course.nbgrader(course.config())
    pages = {}
    for student in students:
        succeed(nbgrader.generate_feedback(topic, student))
        page = course.path / "feedback" / student / topic / f"{topic}.html"
        write_whole(page, _marked(page.read_text("utf-8"), found[student]))
        pages[student] = page
        yield page
    with zipfile.ZipFile(
        moodle_zip(course, topic), "w", zipfile.ZIP_DEFLATED
    ) as archive:
        for student, page in pages.items():
            archive.write(page, f"{student}_assignsubmission_file_/{topic}.html")


def _marked(page: str, found: dict[str, Score]) -> str:
    """A page that says what is no grader's score. nbgrader's list of contents has names of cells alone."""
    page = page.replace("</head>", f"<style>{STYLE}</style></head>", 1)
    page = page.replace("<html>", '<html lang="en">', 1)
    page = re.sub(r'(<a href="#([\w-]+)-check">)Test cell', r"\1\2", page)
    page = re.sub(r'(<a href="#([\w-]+)">)Written response', r"\1\2", page)
    for name, score in found.items():
        entry = rf'(<a href="#{name}(?:-check)?">{name}</a> )(\(Score: [^)]*\))'
        if score.by_hand is not None:
            page = re.sub(entry, rf"\1\2: {score.said}", page)
        if score.waits:
            page = re.sub(entry, r"\1(not read yet)", page)
            heading = rf'(<a name="{name}"></a>(?:(?!<a name).)*?)Score: [\d.]+ /'
            page = re.sub(heading, r"\1Not read yet. Points:", page, flags=re.DOTALL)
    return page


def moodle_zip(course: Course, topic: str) -> Path:
    """Where all pages are, under the names by which Moodle knows whose they are."""
    return course.path / f"feedback-{topic}.zip"


def export(course: Course, topic: str) -> Path:
    """Write ``grades-<topic>.csv``: a row for each student, a column for each question, and the reasons.

    Where an answer in words waits to be read, its column is empty.
    """
    assignment = course.assignment(topic)
    exercises = assignment.exercises | questions(assignment)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["student", *exercises, "total", "of", "reasons"])
    points = sum(exercise.points for exercise in exercises.values())
    students = graded_students(course, topic)
    with merged(course, topic, *students) as book:
        for student in students:
            found = scores(course, topic, student, book)
            counts = [found[name].counts for name in exercises]
            total = sum(filter(None, counts))
            reasons = _reasons(graded(course, topic, student), found)
            row = [student, *counts, total, points, reasons]
            table.writerow([_plain(cell) for cell in row])
    path = course.path / f"grades-{topic}.csv"
    # Excel takes a file without this mark for one in its own encoding.
    write_whole(path, text.getvalue().encode("utf-8-sig"))
    return path


def _reasons(notebook: NotebookNode, found: dict[str, Score]) -> str:
    """Why points are missing, and what was set by hand. What holds for several exercises stands once.

    Notes stand here and nowhere else: they may hold what an answer said itself.
    """
    named: dict[str, list[str]] = {}
    for cell in filter(is_grade, notebook.cells):
        name = grade_id(cell).removesuffix("-check")
        outputs = cell.get("outputs", [])
        note = f" ({cell.metadata['note']})" if cell.metadata.get("note") else ""
        errors = [out for out in outputs if out.output_type == "error"]
        said = [f"{error.evalue}{note}" for error in errors]
        if (
            cell.cell_type == "markdown"
            and found[name].counts == found[name].by_grader == 0
        ):
            said.append("Not answered.")
        for reason in filter(None, [*said, found[name].said]):
            named.setdefault(reason, []).append(name)
    return " | ".join(
        f"{', '.join(names)}: {reason}" for reason, names in named.items()
    )


def _plain(cell: object) -> str:
    """A cell that no spreadsheet takes for a formula: a hint may hold what a student wrote."""
    if cell is None:
        return ""
    text = (
        f"{cell:g}" if isinstance(cell, (int, float)) else " ".join(str(cell).split())
    )
    return "'" + text if text[:1] in ("=", "+", "-", "@") else text
