"""Release, collect, grade: one command a step. The guide for teachers walks through them."""

from __future__ import annotations

import argparse
import re
import sys
import warnings
from pathlib import Path

from sqlalchemy.exc import SAWarning

from lmlib.classroom import commands
from lmlib.classroom.commands import TRUST
from lmlib.classroom.course import Course


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
    root = argparse.ArgumentParser(
        prog="python -m lmlib.classroom", description=__doc__
    )
    root.add_argument(
        "--course", default="course", help="folder of the class (default: course)"
    )
    steps = root.add_subparsers(required=True, metavar="command")
    for run, add_arguments in COMMANDS.items():
        step = steps.add_parser(run.__name__.strip("_"), help=run.__doc__)
        step.set_defaults(run=run)
        add_arguments(step)
    return root


def _of_release(step: argparse.ArgumentParser) -> None:
    step.add_argument("topics", nargs="+", help="chapters, such as softmax")
    step.add_argument(
        "--repository",
        type=repository,
        help="owner/name on GitHub where you will put the students' files: prints their Colab links",
    )


def _of_topic(step: argparse.ArgumentParser) -> None:
    step.add_argument("topic", help="a chapter, such as softmax")


def _of_collect(step: argparse.ArgumentParser) -> None:
    _of_topic(step)
    step.add_argument(
        "downloads",
        type=Path,
        help="folder or zip file of what was handed in, or one notebook",
    )
    step.add_argument(
        "--student", help="who handed all of it in, named as in the table"
    )
    older = "take it also where a newer file was collected before"
    step.add_argument("--even-if-older", action="store_true", help=older)


def _of_grade(step: argparse.ArgumentParser) -> None:
    _of_topic(step)
    whole = "grade every n-th student: 2/4 is the second of four shares (default: 1/1)"
    step.add_argument("--shard", type=shard, default=(1, 1), help=whole, metavar="i/n")
    again = "run what was stopped of this student once more, as after a busy machine"
    step.add_argument("--again", metavar="STUDENT", help=again)
    step.add_argument(f"--{TRUST}", action="store_true", help="run their code as yours")


def _of_read(step: argparse.ArgumentParser) -> None:
    _of_topic(step)
    step.add_argument("exercise", help="one that is answered in words")


def _of_override(step: argparse.ArgumentParser) -> None:
    _of_topic(step)
    step.add_argument("student")
    step.add_argument("exercise")
    step.add_argument("score", type=float, nargs="?")
    step.add_argument("why", nargs="?", help="a sentence for the feedback page")
    step.add_argument("--remove", action="store_true", help="take a score by hand back")


COMMANDS = {
    commands.release: _of_release,
    commands.collect_: _of_collect,
    commands.grade: _of_grade,
    commands.merge: _of_topic,
    commands.read: _of_read,
    commands.override: _of_override,
    commands.feedback: _of_topic,
    commands.export: _of_topic,
}


def main() -> None:
    """Run one command; what is wrong is said in a sentence."""
    args = parser().parse_args()
    warnings.simplefilter("ignore", SAWarning)  # nbgrader's, about its own database
    try:
        course = Course(args.course)
        if args.run is not commands.release:
            course.require()
        for topic in getattr(args, "topics", None) or [args.topic]:
            course.assignment(topic)
        args.run(course, args)
    except (ValueError, OSError, RuntimeError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
