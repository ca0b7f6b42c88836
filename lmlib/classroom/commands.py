"""What the commands do and print, one function a step. The first line of each is its help."""

from __future__ import annotations

import argparse
import os
from itertools import chain
from textwrap import wrap

from tqdm import tqdm

from lmlib.classroom import gradebook, reading, reports, sandbox, shards
from lmlib.classroom.collect import collect
from lmlib.classroom.course import Course
from lmlib.classroom.walls import require_hidden

TRUST = "without-sandbox-because-i-trust-these-students"


def release(course: Course, args: argparse.Namespace) -> None:
    """the notebook for students, the answer key, Otter's notebook"""
    for topic in args.topics:
        path = course.release(topic)
        print(f"For students: {path}")
        if args.repository:
            place = f"{args.repository}/blob/main/{path.name}"
            print(f"In Colab:     https://colab.research.google.com/github/{place}")
        print(f"Answer key:   {course.notebook('source', topic)}")
        print(f"For Otter:    {course.notebook('otter', topic)}")


def collect_(course: Course, args: argparse.Namespace) -> None:
    """find students and answers in a folder of downloads"""
    troubles = kept = 0
    for one in collect(
        course, args.topic, args.downloads, args.student, args.even_if_older
    ):
        troubles += one.trouble is not None
        kept += one.kept is not None
        counts = f" ({one.files} files, the newest with answers counts)"
        others = counts if one.files > 1 else ""
        said = " ".join(filter(None, [one.trouble, one.kept, one.remark]))
        line = f"{one.student}: {one.answers} answers in {one.file}{others}. {said}"
        print(line.rstrip())
    students = len(course.students(args.topic))
    stays = f" What was collected before stays for {kept} of them." if kept else ""
    print(
        f"{students} students have handed in {args.topic!r}; {troubles} files had trouble.{stays}"
    )


def grade(course: Course, args: argparse.Namespace) -> None:
    """run the answers in a sandbox and grade them; goes on where it was stopped"""
    part, parts = args.shard
    require_hidden(course.path, course.book / "chapters", course.book / "assignments")
    trusted = getattr(args, TRUST.replace("-", "_"))
    if not trusted and not sandbox.available():
        raise ValueError(sandbox.NO_SANDBOX)
    if not hasattr(os, "fork"):
        raise ValueError(sandbox.NO_FORK)
    if args.again:
        shards.forget(course, args.topic, args.again)
    total = len(course.students(args.topic)[part - 1 :: parts])
    graded = shards.grade(course, args.topic, (part, parts), not trusted)
    try:
        for _ in tqdm(
            graded, total=total, unit="student", desc=f"{args.topic} {part}/{parts}"
        ):
            pass
    except (
        RuntimeError
    ):  # some have no grade: the others shall have theirs in the table
        if parts == 1 and course.students(args.topic, "autograded"):
            merge(course, args)
        raise
    if parts == 1:
        merge(course, args)


def merge(course: Course, args: argparse.Namespace) -> None:
    """put the grades of all shards into the gradebook (grade does it itself where there is one)"""
    print(
        f"{gradebook.merge(course, args.topic)} graded submissions are in the gradebook."
    )
    _look_at(course, args.topic)


def read(course: Course, args: argparse.Namespace) -> None:
    """show all answers in words to one question, to give points by hand"""
    question = reading.question(course, args.topic, args.exercise)
    print(f"{question.heading} ({question.points} points)\n\n{question.answer}\n")
    empty = []
    for student, text, state in reading.answers(course, args.topic, args.exercise):
        if text:
            lines = (wrap(line, 88) or [""] for line in text.splitlines())
            print(f"--- {student}: {state}\n")
            print("\n".join(f"    {line}" for line in chain(*lines)), end="\n\n")
        else:
            empty.append(student)
    print(f"Without an answer in words: {', '.join(empty) or 'nobody'}.")


def override(course: Course, args: argparse.Namespace) -> None:
    """set one score by hand; it outlives every later grading"""
    given = args.score is not None and args.why is not None
    if given == args.remove:
        raise ValueError(
            "score: give a score and a sentence that says why, or --remove and neither"
        )
    score = gradebook.override(
        course, args.topic, args.student, args.exercise, args.score, args.why
    )
    said = "the grader's score" if args.remove else f"{args.score:g}"
    if score.below:
        said += f", which is less than the {score.by_grader:g} of the grader"
    print(
        f"{args.student}, {args.exercise}: {said}. Now run feedback and export again."
    )


def feedback(course: Course, args: argparse.Namespace) -> None:
    """a page for each student: answers, scores, reasons"""
    total = len(course.students(args.topic, "autograded"))
    pages = list(tqdm(reports.feedback(course, args.topic), total=total, unit="page"))
    print(f"{len(pages)} pages in {course.path / 'feedback'}")
    print(f"All of them for Moodle: {reports.moodle_zip(course, args.topic)}")
    _look_at(course, args.topic)


def export(course: Course, args: argparse.Namespace) -> None:
    """a table of all grades, with a column for each question"""
    path = reports.export(course, args.topic)
    table = path.read_text("utf-8").splitlines()
    print(f"{len(table) - 1} students in {path}")
    _look_at(course, args.topic)


def _look_at(course: Course, topic: str) -> None:
    for sentence in reading.to_look_at(course, topic):
        print(sentence)
