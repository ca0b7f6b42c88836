"""Release, collect, grade: one command a step. See ``python -m lmlib.classroom --help``."""

from __future__ import annotations

import argparse
import re
import sys
import warnings
from pathlib import Path

from sqlalchemy.exc import SAWarning
from tqdm import tqdm

from lmlib.classroom import gradebook, reports, sandbox
from lmlib.classroom.collect import collect
from lmlib.classroom.course import Course

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
    troubles = 0
    for one in collect(course, args.topic, args.downloads):
        troubles += one.trouble is not None
        others = (
            f" ({one.files} files, the newest with answers counts)" if one.files > 1 else ""
        )
        print(
            f"{one.student}: {one.answers} answers in {one.file}{others}. {one.trouble or ''}".rstrip()
        )
    students = len(course.students(args.topic))
    print(
        f"{students} students have handed in {args.topic!r}; {troubles} files had trouble."
    )


def grade(course: Course, args: argparse.Namespace) -> None:
    """run the answers in a sandbox and grade them; goes on where it was stopped"""
    part, parts = args.shard
    sandbox.require_hidden(
        course.path, course.book / "chapters", course.book / "assignments"
    )
    trusted = getattr(args, TRUST.replace("-", "_"))
    if not trusted and not sandbox.available():
        raise ValueError(sandbox.NO_SANDBOX)
    total = len(course.students(args.topic)[part - 1 :: parts])
    graded = gradebook.grade(course, args.topic, (part, parts), not trusted)
    try:
        for _ in tqdm(
            graded, total=total, unit="student", desc=f"{args.topic} {part}/{parts}"
        ):
            pass
    except RuntimeError:  # some have no grade: the others shall have theirs in the table
        if parts == 1 and course.students(args.topic, "autograded"):
            merge(course, args)
        raise
    if parts == 1:
        merge(course, args)


def merge(course: Course, args: argparse.Namespace) -> None:
    """put the grades of all shards into the gradebook (grade does it itself where there is one)"""
    print(f"{gradebook.merge(course, args.topic)} graded submissions are in the gradebook.")


def override(course: Course, args: argparse.Namespace) -> None:
    """set one score by hand; it outlives every later grading"""
    given = args.score is not None and args.why is not None
    if given == args.remove:
        raise ValueError(
            "score: give a score and a sentence that says why, or --remove and neither"
        )
    gradebook.override(
        course, args.topic, args.student, args.exercise, args.score, args.why
    )
    score = "the grader's score" if args.remove else f"{args.score:g}"
    print(f"{args.student}, {args.exercise}: {score}. Now run feedback and export again.")


def feedback(course: Course, args: argparse.Namespace) -> None:
    """a page for each student: answers, scores, reasons"""
    total = len(course.students(args.topic, "autograded"))
    pages = list(tqdm(reports.feedback(course, args.topic), total=total, unit="page"))
    print(f"{len(pages)} pages in {course.path / 'feedback'}")
    print(f"All of them for Moodle: {reports.moodle_zip(course, args.topic)}")


def export(course: Course, args: argparse.Namespace) -> None:
    """a table of all grades, with a column for each question"""
    path = reports.export(course, args.topic)
    table = path.read_text("utf-8").splitlines()
    print(f"{len(table) - 1} students in {path}")


def shard(text: str) -> tuple[int, int]:
    """``2/4`` as numbers."""
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no share; write the second of four as 2/4, and all in one as 1/1"
        )
    return int(found[1]), int(found[2])


def repository(text: str) -> str:
    """``owner/name``."""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no owner/name, as in your-school/exercises"
        )
    return text


def parser() -> argparse.ArgumentParser:
    """All commands and their arguments."""
    root = argparse.ArgumentParser(prog="python -m lmlib.classroom", description=__doc__)
    root.add_argument(
        "--course", default="course", help="folder of the class (default: course)"
    )
    commands = root.add_subparsers(required=True, metavar="command")
    for run in (release, collect_, grade, merge, override, feedback, export):
        command = commands.add_parser(run.__name__.strip("_"), help=run.__doc__)
        command.set_defaults(run=run)
        if run is release:
            command.add_argument("topics", nargs="+", help="chapters, such as softmax")
            command.add_argument(
                "--repository",
                type=repository,
                help="owner/name on GitHub where you will put the students' files: prints their Colab links",
            )
        else:
            command.add_argument("topic", help="a chapter, such as softmax")
        if run is collect_:
            command.add_argument(
                "downloads", type=Path, help="folder or zip file of what was handed in"
            )
        if run is grade:
            whole = (
                "grade every n-th student: 2/4 is the second of four shares (default: 1/1)"
            )
            command.add_argument(
                "--shard", type=shard, default=(1, 1), help=whole, metavar="i/n"
            )
            command.add_argument(
                f"--{TRUST}", action="store_true", help="run their code as yours"
            )
        if run is override:
            command.add_argument("student")
            command.add_argument("exercise")
            command.add_argument("score", type=float, nargs="?")
            command.add_argument("why", nargs="?", help="a sentence for the feedback page")
            command.add_argument(
                "--remove", action="store_true", help="take a score by hand back"
            )
    return root


def main() -> None:
    """Run one command; what is wrong is said in a sentence."""
    args = parser().parse_args()
    warnings.simplefilter("ignore", SAWarning)  # nbgrader's, about its own database
    try:
        course = Course(args.course)
        if args.run is not release:
            course.require()
        for topic in getattr(args, "topics", None) or [args.topic]:
            course.assignment(topic)
        args.run(course, args)
    except (ValueError, OSError, RuntimeError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
