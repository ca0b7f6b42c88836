"""A class's grades in nbgrader's gradebook: put there from all shards, and changed by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.utils import determine_grade, is_grade

from lmlib.classroom.by_hand import Score, names, remember, scores
from lmlib.classroom.course import Course
from lmlib.classroom.newest import grade_id
from lmlib.classroom.shards import graded, graded_students
from lmlib.classroom.words import questions


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
            _enter(book, topic, student, notebook)
        book.db.commit()
    if damaged:
        raise ValueError("\n".join(map(str, damaged)))
    return len(students)


def _enter(book: Gradebook, topic: str, student: str, notebook: NotebookNode) -> None:
    book.update_or_create_student(student)
    book.update_or_create_submission(topic, student)
    for cell in filter(is_grade, notebook.cells):
        grade = book.find_grade(grade_id(cell), topic, topic, student)
        grade.auto_score, _ = determine_grade(cell)
        unread = grade.auto_score is None and grade.manual_score is None
        grade.needs_manual_grade = unread


def override(
    course: Course,
    topic: str,
    student: str,
    exercise: str,
    score: float | None,
    why: str | None,
) -> Score:
    """Set a score by hand. It outlives every later grading, and ``why`` stands on the feedback page.

    None for both takes it back: then the grader's score counts again, and an answer in words waits to be read.
    """
    _require_known(course, topic, student, exercise, score)
    with merged(course, topic, student) as book:
        cell = names(course, topic)[exercise]
        grade = book.find_grade(cell, topic, topic, student)
        grade.manual_score = score
        grade.needs_manual_grade = score is None and grade.auto_score is None
        book.find_comment(exercise, topic, topic, student).manual_comment = why
        book.db.commit()
        remember(course, topic, student, exercise)
        return scores(course, topic, student, book)[exercise]


def _require_known(
    course: Course, topic: str, student: str, exercise: str, score: float | None
) -> None:
    assignment = course.assignment(topic)
    exercises = assignment.exercises | questions(assignment)
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


@contextmanager
def merged(course: Course, topic: str, *students: str) -> Iterator[Gradebook]:
    """The gradebook with the grades of these students. Raises ValueError where they were not merged."""
    with course.gradebook() as book:
        for student in students:
            if not _is_merged(book, topic, student, graded(course, topic, student)):
                raise ValueError(
                    f"student: the grade of {student} is not in the gradebook; run the command `merge` first"
                )
        yield book


def _is_merged(
    book: Gradebook, topic: str, student: str, notebook: NotebookNode
) -> bool:
    """Whether what stands in the gradebook is of this graded notebook."""
    try:
        for cell in filter(is_grade, notebook.cells):
            grade = book.find_grade(grade_id(cell), topic, topic, student)
            if grade.auto_score != determine_grade(cell)[0]:
                return False
    except MissingEntry:
        return False
    return True
