"""What a tired teacher must not overlook: missing grades, scores by hand, answers in words, older files."""

from __future__ import annotations

import argparse
import csv
import html
import json
import os
import re
from functools import cache
from pathlib import Path
from shutil import copytree
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from test_classroom import in_process

from lmlib.classroom import commands, gradebook, reading, reports, shards
from lmlib.classroom.__main__ import parser
from lmlib.classroom.assignments import Assignment
from lmlib.classroom.course import Course
from lmlib.classroom.release import otter_notebook, source_notebook
from lmlib.classroom.texts import Cell, fenced, unfenced, words_in
from lmlib.classroom.words import TEXT_STUB, questions

pytestmark = pytest.mark.filterwarnings("ignore:Object of type")
__all__ = ["in_process"]  # a fixture
TOPIC = "toys"
DOUBLE = '''def double(x):
    """Twice x."""
    return 2 * x'''
WRONG = DOUBLE.replace("2 * x", "3 * x")
CHECK = 'assert double(1) == 2, "Twice one is two."'
SOLUTION = "Because doubling adds a number to itself."


def exercise(name: str, title: str, level: str, text: str) -> str:
    return (
        f"```{{exercise}}\n:label: ex-{name}\n\n**{title}.** *({level}, 5 minutes)* {text}\n```"
    )


def chapter() -> nbformat.NotebookNode:
    """One exercise in code between two in words."""
    first = exercise("guess", "Guess", "easy", "What will be the result?")
    code = exercise("double", "Double", "easy", "Write a function that doubles.")
    last = exercise("explain", "Explain", "medium", "Why is the result even?")
    solution = {"tags": ["exercise-solution"], "exercise": "double"}
    answers = [{"tags": ["exercise-answer"], "exercise": n} for n in ("guess", "explain")]
    return new_notebook(
        cells=[
            new_markdown_cell("# Toys: doubling"),
            new_markdown_cell(first),
            new_markdown_cell("An even number.", metadata=answers[0]),
            new_markdown_cell(code),
            new_code_cell(DOUBLE, metadata=solution),
            new_code_cell(CHECK, metadata={"tags": ["exercise-check"]}),
            new_markdown_cell(last),
            new_markdown_cell(
                f"```{{dropdown}} An answer\n:icon: eye\n\n{SOLUTION}\n```", metadata=answers[1]
            ),
        ]
    )


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    book = tmp_path_factory.mktemp("book")
    for path, text in (
        (f"chapters/{TOPIC}.ipynb", nbformat.writes(chapter())),
        (f"assignments/{TOPIC}/inputs.py", "def double(rng):\n    return [(n,) for n in range(9)]\n"),
    ):
        (book / path).parent.mkdir(parents=True)
        (book / path).write_text(text, "utf-8")
    return book


@cache
def released(book: Path) -> Course:
    course = Course(book.parent / "released", book)
    course.release(TOPIC)
    return course


class Class:
    """A class whose teacher gives commands."""

    def __init__(self, course: Course, folder: Path, said: Any) -> None:
        self.course, self.folder, self.said = course, folder, said

    def hand_in(self, folder: str, age: float = 0, **files: bytes) -> Path:
        """``ada=…`` is the file of Ada's folder; ``age`` in days."""
        for student, data in files.items():
            path = self.folder / folder / student / "toys.ipynb"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            os.utime(path, (1.8e9 - 86400 * age,) * 2)
        return self.folder / folder

    def run(self, *arguments: str | Path) -> str:
        """What a command prints."""
        trusting = [f"--{commands.TRUST}"] if arguments[0] == "grade" else []
        args = parser().parse_args([*map(str, arguments), *trusting])
        self.said.readouterr()
        args.run(self.course, args)
        return self.said.readouterr().out

    def collect(self, folder: Path, *more: str) -> str:
        return self.run("collect", TOPIC, folder, *more)

    def table(self) -> dict[str, dict[str, str]]:
        with reports.export(self.course, TOPIC).open(encoding="utf-8-sig") as file:
            return {row["student"]: row for row in csv.DictReader(file)}

    def page(self, student: str) -> str:
        list(reports.feedback(self.course, TOPIC))
        path = self.course.path / "feedback" / student / TOPIC / f"{TOPIC}.html"
        return path.read_text("utf-8")

    def submitted(self, student: str) -> dict[str, str]:
        path = self.course.notebook("submitted", TOPIC, student)
        cells = nbformat.read(path, as_version=4).cells
        named = [c for c in cells if "nbgrader" in c.metadata]
        return {c.metadata.nbgrader.grade_id: c.source for c in named}


@pytest.fixture
def room(
    book: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    in_process: list[dict[str, Any]],
) -> Class:
    course = Course(tmp_path / "course", book)
    copytree(released(book).path, course.path)
    return Class(course, tmp_path, capsys)


def notebook(
    code: str = DOUBLE, words: str | None = None, guess: str = "even", **more: Any
) -> bytes:
    """The notebook that was handed out, answered."""
    return answered(code, words, guess)


def answered(code: str, words: str | None, guess: str | None) -> bytes:
    made = source_notebook(ASSIGNMENT[0])
    for cell in made.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        texts = {"double": code, "explain": words, "guess": guess}
        if name in texts:
            cell.source = texts[name] or TEXT_STUB
    return nbformat.writes(made).encode()


ASSIGNMENT: list[Assignment] = []


@pytest.fixture(autouse=True)
def assignment(book: Path) -> Assignment:
    ASSIGNMENT[:] = [Assignment(TOPIC, book)]
    return ASSIGNMENT[0]


def test_play(room: Class) -> None:
    print(released(room.course.book))
    folder = room.hand_in("1", ada=notebook(words="Since <script>alert(1)</script> ```x``` $x$ "+ "long words " * 60), bo=notebook(WRONG), cy=notebook())
    out = room.collect(folder)
    out += room.run("read", TOPIC, "explain")
    out += room.run("grade", TOPIC)
    out += room.run("export", TOPIC)
    out += room.run("feedback", TOPIC)
    out += room.run("override", TOPIC, "ada", "explain", "1.5", "Nearly.")
    out += room.run("override", TOPIC, "cy", "double", "0.5", "Late.")
    out += room.run("export", TOPIC)
    out += room.run("feedback", TOPIC)
    out += (room.course.path / "grades-toys.csv").read_text()
    out += room.run("read", TOPIC, "explain")
    (Path("/tmp/play")).mkdir(exist_ok=True)
    for s in ("ada","bo","cy"):
        Path(f"/tmp/play/{s}.html").write_text(room.page(s))
    folder = room.hand_in("2", -1, ada=notebook(words="Another"), dan=notebook())
    out += room.collect(folder)
    out += room.run("export", TOPIC)
    out += room.run("grade", TOPIC)
    folder = room.hand_in("3", 2, ada=notebook(words="An old one"))
    out += room.collect(folder)
    Path("/tmp/play/out.txt").write_text(out)
