"""All answers in words to one question, to be read in a row, and what else a teacher should look at."""

from __future__ import annotations

from collections.abc import Iterator

import nbformat

from lmlib.classroom.by_hand import Score, scores
from lmlib.classroom.course import Course
from lmlib.classroom.gradebook import merged
from lmlib.classroom.newest import grade_id
from lmlib.classroom.shards import without_grade
from lmlib.classroom.texts import unfenced
from lmlib.classroom.words import Question, questions


def question(course: Course, topic: str, name: str) -> Question:
    """An exercise to be answered in words. Raises ValueError where there is none of this name."""
    asked = questions(course.assignment(topic))
    if name not in asked:
        known = f"use one of {', '.join(asked)}" if asked else "there is none"
        raise ValueError(
            f"exercise: {name!r} of {topic!r} is not to be answered in words; {known}"
        )
    return asked[name]


def answers(course: Course, topic: str, name: str) -> Iterator[tuple[str, str, str]]:
    """For each student: the name, the text (perhaps none), and whether it has a score."""
    points = question(course, topic, name).points
    none, old = without_grade(course, topic)
    ready = {*course.students(topic, "autograded")} - {*none, *old}
    with merged(course, topic, *sorted(ready)) as book:
        for student in course.students(topic):
            path = course.notebook("submitted", topic, student)
            cells = nbformat.read(path, as_version=4).cells
            text = next((unfenced(c.source) for c in cells if grade_id(c) == name), "")
            state = "run the command `grade` before you give points"
            if student in ready:
                state = _state(scores(course, topic, student, book)[name], points)
            yield student, text, state


def _state(score: Score, points: int) -> str:
    if score.by_hand is None:
        return "not read yet"
    earlier = ", given for an earlier answer" if score.earlier else ""
    return f"{score.by_hand:g} of {points}{earlier}"


def to_look_at(course: Course, topic: str) -> Iterator[str]:
    """Sentences about what the table and the pages do not have: missing and old grades, texts, scores by hand."""
    none, old = without_grade(course, topic)
    if none:
        yield f"Handed in, and not graded yet: {', '.join(none)}. Run `grade`."
    if old:
        yield (
            f"To be graded again, since a newer file came or an exercise changed: {', '.join(old)}. "
            "Run `grade`."
        )
    students = course.students(topic, "autograded")
    with course.gradebook() as book:
        found = [
            s for name in students for s in scores(course, topic, name, book).values()
        ]
    yield from _unread(topic, found)
    for score in found:
        if score.below or score.earlier:
            yield f"{score.student}, {score.exercise}: {score.said}."


def _unread(topic: str, found: list[Score]) -> Iterator[str]:
    for name in dict.fromkeys(score.exercise for score in found if score.waits):
        count = sum(score.waits for score in found if score.exercise == name)
        yield (
            f"Answers to {name} that nobody has read, and that count nothing so far: {count}. "
            f"Run `read {topic} {name}`, and give points with `override`."
        )
