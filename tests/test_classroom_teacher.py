"""What a tired teacher must not overlook: missing grades, scores by hand, answers in words, older files."""

from __future__ import annotations

import csv
import html
import json
import os
import re
import time
from functools import cache
from pathlib import Path
from shutil import copytree
from typing import Any

import nbformat
import pytest
from nbconvert.filters import markdown2html
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from test_classroom import in_process

from lmlib.classroom import commands, reading, reports, shards
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
IMPORTS = "from lmlib.classroom.checks import check_answer, example"
CHECK = """check_answer(
    "double",
    double,
    example(1, gives=2, why="Twice one is two."),
    right="Right.",
)"""
SOLUTION = "Because doubling adds a number to itself."


def exercise(name: str, title: str, level: str, text: str) -> str:
    return f"```{{exercise}}\n:label: ex-{name}\n\n**{title}.** *({level}, 5 minutes)* {text}\n```"


def chapter() -> nbformat.NotebookNode:
    """One exercise in code between two in words."""
    first = exercise("guess", "Guess", "easy", "What will be the result?")
    code = exercise("double", "Double", "easy", "Write a function that doubles.")
    last = exercise("explain", "Explain", "medium", "Why is the result even?")
    solution = {"tags": ["exercise-solution"], "exercise": "double"}
    answers = [
        {"tags": ["exercise-answer"], "exercise": n} for n in ("guess", "explain")
    ]
    return new_notebook(
        cells=[
            new_markdown_cell("# Toys: doubling"),
            new_code_cell(IMPORTS),
            new_markdown_cell(first),
            new_markdown_cell("An even number.", metadata=answers[0]),
            new_markdown_cell(code),
            new_code_cell(DOUBLE, metadata=solution),
            new_code_cell(CHECK, metadata={"tags": ["exercise-check"]}),
            new_markdown_cell(last),
            new_markdown_cell(
                f"```{{dropdown}} An answer\n:icon: eye\n\n{SOLUTION}\n```",
                metadata=answers[1],
            ),
        ]
    )


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    book = tmp_path_factory.mktemp("book")
    for path, text in (
        (f"chapters/{TOPIC}.ipynb", nbformat.writes(chapter())),
        (
            f"assignments/{TOPIC}/inputs.py",
            "def double(rng):\n    return [(n,) for n in range(9)]\n",
        ),
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


def notebook(code: str = DOUBLE, words: str = "Why not?", guess: str = "even") -> bytes:
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


# The chapter and its notebooks


def test_a_question_stands_in_the_students_notebook_without_its_answer(
    room: Class, assignment: Assignment
) -> None:
    asked = questions(assignment)
    assert {n: (q.points, q.answer, q.after) for n, q in asked.items()} == {
        "guess": (1, "An even number.", None),
        "explain": (2, SOLUTION, "double"),
    }
    text = room.course.notebook("release", TOPIC).read_text("utf-8")
    cells = nbformat.reads(text, as_version=4).cells
    names = [c.metadata.get("nbgrader", {}).get("grade_id") for c in cells]
    assert names[2:] == [None, "guess", None, "double", "double-check", None, "explain"]
    assert SOLUTION not in text and "An even number." not in text
    assert [c.source for c in cells if c.cell_type == "markdown"][-2:] == [
        "## Explain\n\n*(medium, 5 minutes, 2 points)* Why is the result even?",
        TEXT_STUB,
    ]
    assert "3 exercises, about 15 minutes" in text and "asks for words" in text
    source = nbformat.writes(source_notebook(assignment))
    assert SOLUTION in source and "dropdown" not in source


def test_people_grade_questions_in_otter_too(assignment: Assignment) -> None:
    cells = otter_notebook(assignment).cells
    raw = [cell.source for cell in cells if cell.cell_type == "raw"]
    assert sum("manual: true" in source for source in raw) == 2
    begins = [raw.count(f"# BEGIN {part}") for part in ("SOLUTION", "TESTS")]
    assert begins == [raw.count(f"# END {part}") for part in ("SOLUTION", "TESTS")]


def test_a_chapter_without_questions_is_as_it_was() -> None:
    primer = Assignment("tensors")
    assert questions(primer) == {}
    assert "asks for words" not in nbformat.writes(source_notebook(primer))


# Where the text is found

STATEMENT = "## Explain\n\n*(medium, 5 minutes, 2 points)* Why is the result even?"


def cell(
    source: Any, name: str | None = None, kind: str = "markdown"
) -> dict[str, Any]:
    metadata = {"nbgrader": {"grade_id": name}} if name else {}
    return {"cell_type": kind, "source": source, "metadata": metadata}


@pytest.mark.parametrize(
    "cells, text",
    [
        ([cell("mine", "explain")], "mine"),
        ([cell(["mi", "ne\n", "too"], "explain")], "mine\ntoo"),
        ([cell(f"{TEXT_STUB}\nmine", "explain")], "mine"),
        ([cell(TEXT_STUB, "explain")], None),
        ([cell("  \n", "explain")], None),
        ([cell(STATEMENT), cell("mine")], "mine"),
        ([cell(STATEMENT), cell(TEXT_STUB, "explain"), cell("mine")], "mine"),
        (
            [cell(STATEMENT), cell("one"), cell("1 + 1", kind="code"), cell("two")],
            "one\n\ntwo",
        ),
        ([cell(f"{STATEMENT}\n\nmine")], "mine"),
        ([cell("## Explain\n\nmine")], "mine"),
        ([cell(STATEMENT), cell("mine"), cell("## Double"), cell("no")], "mine"),
        (
            [cell(STATEMENT), cell("mine"), cell(DOUBLE, "double", "code"), cell("no")],
            "mine",
        ),
        ([cell("no"), cell(STATEMENT), cell("mine", kind="raw")], "mine"),
        ([cell("mine", "explain", "code")], "mine"),
        ([cell("one", "explain"), cell("two", "explain")], "one\n\ntwo"),
        ([cell(STATEMENT.replace("\n", "\r\n")), cell("mi\r\nne")], "mi\nne"),
        ([cell("a\x1b[2Jb\u202ec\u200dd\ud800", "explain")], "a [2Jb c\u200dd?"),
        ([cell("mine")], None),
        ([cell("x" * 99_999, "explain")], "x" * 20_000),
        (
            [cell(f"![](data:image/png;base64,{'A' * 99_999}=) mine", "explain")],
            "![]((a picture)) mine",
        ),
        ([cell(7, "explain"), cell([1, None], "explain"), cell(None, "explain")], None),
        ([{"cell_type": "markdown", "source": "mine", "metadata": 7}], None),
    ],
)
def test_a_text_is_found_by_name_or_by_place(
    room: Class, cells: list[Any], text: str | None, assignment: Assignment
) -> None:
    release = nbformat.read(room.course.notebook("release", TOPIC), as_version=4)
    given = [
        Cell(c.cell_type, c.source, c.metadata.get("nbgrader", {}).get("grade_id"))
        for c in release.cells
    ]
    data = json.dumps({"cells": cells}).encode()
    assert words_in(data, questions(assignment), given).answers.get("explain") == text


def test_a_text_of_any_size_is_read_quickly(assignment: Assignment) -> None:
    start = time.process_time()
    for text in (
        "x" * (20 << 20),
        "`" * (5 << 20),
        "\n" * (5 << 20),
        "data:a;" * (1 << 20),
    ):
        data = json.dumps({"cells": [cell(text, "explain")]}).encode()
        words_in(data, questions(assignment), [])
    many = json.dumps({"cells": [cell("x")] * 100_000}).encode()
    assert words_in(many, questions(assignment), []).own == 100_000
    assert time.process_time() - start < 20


def test_own_text_cells_are_counted(room: Class) -> None:
    made = json.loads(answered(DOUBLE, "Why?", None))
    made["cells"][:0] = [cell("A note."), cell("Another."), cell("x = 1", kind="code")]
    del made["cells"][4]  # a statement
    said = room.collect(room.hand_in("1", ada=json.dumps(made).encode()))
    assert "ada: 2 answers in ada/toys.ipynb. It has 2 text cells of their own." in said
    said = room.collect(room.hand_in("2", bo=answered(DOUBLE, "Why?", None)))
    assert "of their own" not in said


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[link](javascript:alert(1)) ![](http://192.0.2.1/x.png)",
    "```\n<script>alert(1)</script>\n```\n<script>alert(1)</script>",
    "``````text\n<script>alert(1)</script>\n`````````\n<b>",
    "~~~\n</pre></div><script>alert(1)</script>",
    "\r<script>alert(1)</script>\u2028```\u2028<script>alert(1)</script>",
    "</head><script>alert(1)</script>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_text_runs(room: Class, text: str) -> None:
    room.collect(room.hand_in("1", ada=notebook(words=text)))
    room.run("grade", TOPIC)
    body = room.page("ada").split("<body>")[1]
    kept = room.submitted("ada")["explain"]
    for place in (body, markdown2html(kept)):
        assert "<script>alert" not in place and "<img src=x" not in place
        assert 'href="javascript' not in place and '192.0.2.1/x.png"' not in place
    assert unfenced(kept).split() == text.replace("\u2028", "\n").split()
    shown = re.sub(r"<[^>]*>", "", markdown2html(kept))
    assert html.unescape(shown).split() == unfenced(kept).split()
    assert fenced(unfenced(kept)) == kept


# Reading and giving points


def test_texts_are_read_in_a_row_and_count_when_they_have_points(room: Class) -> None:
    folder = room.hand_in(
        "1",
        ada=notebook(words="Two of a kind.", guess=""),
        bo=notebook(words="No idea. " * 20, guess=""),
        cy=answered(DOUBLE, None, None),
        dan=answered("", "Words alone.", None),
    )
    assert "dan: 1 answers in dan/toys.ipynb." in room.collect(folder)
    early = room.run("read", TOPIC, "explain")
    assert "--- ada: run the command `grade` before you give points" in early
    said = room.run("grade", TOPIC)
    assert (
        "Answers to explain that nobody has read, and that count nothing so far: 3."
        in said
    )
    assert "guess" not in said
    read = room.run("read", TOPIC, "explain")
    assert read.startswith(f"## Explain (2 points)\n\n{SOLUTION}\n")
    assert read.index("--- ada: not read yet\n\n    Two of a kind.\n") < read.index(
        "--- bo"
    )
    assert max(map(len, read.splitlines())) < 100
    assert read.endswith("Without an answer in words: cy.\n")
    rows = room.table()
    assert list(rows["ada"])[:6] == [
        "student",
        "double",
        "guess",
        "explain",
        "total",
        "of",
    ]
    assert {n: row["explain"] for n, row in rows.items()} == {
        "ada": "",
        "bo": "",
        "cy": "0",
        "dan": "",
    }
    assert (rows["ada"]["total"], rows["ada"]["of"]) == ("1", "4")
    assert "explain: This answer waits to be read." in rows["ada"]["reasons"]
    assert "explain: Not answered." in rows["cy"]["reasons"]
    page = room.page("ada")
    assert "(not read yet)" in page and "Not read yet. Points: 2.0" in page
    assert "Not read yet" not in room.page("cy")
    said = room.run("override", TOPIC, "ada", "explain", "1.5", "Nearly.")
    assert said == "ada, explain: 1.5. Now run feedback and export again.\n"
    assert room.table()["ada"]["total"] == "2.5"
    assert "explain: 1.5 by hand" in room.table()["ada"]["reasons"]
    page = room.page("ada")
    assert (
        "Score: 1.5 / 2.0" in page and "Nearly." in page and "ot read yet" not in page
    )
    assert "--- ada: 1.5 of 2" in room.run("read", TOPIC, "explain")
    room.run("grade", TOPIC)  # it outlives another grading
    assert room.table()["ada"]["total"] == "2.5"
    room.run("override", TOPIC, "ada", "explain", "--remove")
    assert room.table()["ada"]["explain"] == ""


def test_a_text_that_changed_after_it_had_points_is_told(room: Class) -> None:
    room.collect(room.hand_in("1", ada=notebook(words="First.")))
    room.run("grade", TOPIC)
    room.run("override", TOPIC, "ada", "explain", "0.5", "Short.")
    room.collect(room.hand_in("2", -1, ada=notebook(words="Second, and better.")))
    assert "run the command `grade`" in room.run("read", TOPIC, "explain")
    said = room.run("grade", TOPIC)
    assert "ada, explain: 0.5 by hand, for an earlier answer." in said
    assert "--- ada: 0.5 of 2, given for an earlier answer" in room.run(
        "read", TOPIC, "explain"
    )
    room.run("override", TOPIC, "ada", "explain", "2", "Well done.")
    assert "earlier answer" not in room.run("export", TOPIC)


@pytest.mark.parametrize("command", ["read", "override"])
def test_what_is_no_question_is_told(room: Class, command: str) -> None:
    more = ("1", "Why") if command == "override" else ()
    name = ("ada",) if command == "override" else ()
    with pytest.raises(
        ValueError, match=r"exercise: 'expl' .*use one of .*guess, explain"
    ):
        room.run(command, TOPIC, *name, "expl", *more)
    with pytest.raises(
        ValueError, match=r"'pieces' of 'tensors' is not .* in words; there is none"
    ):
        reading.question(Course(room.course.path), "tensors", "pieces")


def test_a_file_with_words_alone_is_not_replaced_by_one_without(room: Class) -> None:
    room.collect(room.hand_in("1", ada=answered("", "Words.", None)))
    said = room.collect(room.hand_in("2", -1, ada=answered("", None, None)))
    assert "The earlier file stays." in said and "0 files had trouble. What" in said
    assert unfenced(room.submitted("ada")["explain"]) == "Words."


# Who has no grade


def test_who_has_no_grade_or_an_old_one_is_told(room: Class) -> None:
    room.collect(room.hand_in("1", ada=notebook(), bo=notebook(WRONG)))
    room.run("grade", TOPIC)
    room.collect(room.hand_in("2", -1, bo=notebook(), cy=notebook(), dan=notebook()))
    for command in ("export", "feedback"):
        said = room.run(command, TOPIC)
        assert "Handed in, and not graded yet: cy, dan. Run `grade`." in said
        assert re.search(r"To be graded again, since .*: bo. Run `grade`.", said)
    room.run("grade", TOPIC)
    assert "graded" not in room.run("export", TOPIC).replace("graded submissions", "")
    assert room.table()["bo"]["double"] == "1"


def test_grades_of_shards_that_were_not_merged_again_are_told(room: Class) -> None:
    room.collect(room.hand_in("1", ada=notebook(WRONG), bo=notebook()))
    room.run("grade", TOPIC)
    room.collect(room.hand_in("2", -1, ada=notebook()))
    list(shards.grade(room.course, TOPIC, (1, 2), sandboxed=False))
    for command in (
        ("export",),
        ("feedback",),
        ("override", "ada", "double", "0", "No."),
    ):
        with pytest.raises(
            ValueError, match="grade of ada is not in the gradebook; run"
        ):
            room.run(command[0], TOPIC, *command[1:])
    room.run("merge", TOPIC)
    assert room.table()["ada"]["double"] == "1"


# Scores by hand below the grader's


def test_a_score_below_the_graders_is_told_everywhere(room: Class) -> None:
    room.collect(room.hand_in("1", ada=answered(DOUBLE, None, None)))
    room.run("grade", TOPIC)
    said = room.run("override", TOPIC, "ada", "double", "0.5", "It is late.")
    assert "0.5, which is less than the 1 of the grader. Now run" in said
    below = "0.5 by hand (1 by the grader): less than the grader gives"
    for command in ("export", "feedback", "merge", "grade"):
        assert f"ada, double: {below}." in room.run(command, TOPIC)
    assert f"double: {below}" in room.table()["ada"]["reasons"]
    page = room.page("ada")
    assert f"double</a> (Score: 0.5 / 1.0): {below}" in page and "It is late." in page
    said = room.run("override", TOPIC, "ada", "double", "1", "Fine.")
    assert "less" not in said + room.run("export", TOPIC)
    assert "double: 1 by hand (1 by the grader)" in room.table()["ada"]["reasons"]


def test_a_score_that_a_newer_file_overtakes_is_told(room: Class) -> None:
    room.collect(room.hand_in("1", ada=answered(WRONG, None, None)))
    room.run("grade", TOPIC)
    said = room.run("override", TOPIC, "ada", "double", "0.5", "Half.")
    assert "less" not in said + room.run("export", TOPIC)
    room.collect(room.hand_in("2", -1, ada=answered(DOUBLE, None, None)))
    told = "0.5 by hand (1 by the grader): less than the grader gives, for an earlier answer"
    assert f"ada, double: {told}." in room.run("grade", TOPIC)
    assert told in room.page("ada")
    room.run("override", TOPIC, "ada", "double", "--remove")
    assert "by hand" not in room.run("export", TOPIC) + room.page("ada")


# What collecting counts


def test_an_earlier_file_that_stays_is_no_trouble(room: Class) -> None:
    newer = room.hand_in("1", ada=notebook(), bo=notebook())
    room.collect(newer)
    older = room.hand_in("2", 1, ada=notebook(WRONG), bo=answered("", None, None))
    said = room.collect(older)
    assert (
        "0 files had trouble. What was collected before stays for 2 of them.\n" in said
    )
    assert "less" not in said and "--even-if-older" in said
    room.run("grade", TOPIC)
    assert room.table()["ada"]["double"] == "1" and "earlier file" not in room.page(
        "bo"
    )
    assert "Not taken" not in room.collect(older, "--even-if-older")
    room.run("grade", TOPIC)
    assert room.table()["ada"]["double"] == "0"


def test_one_notebook_by_mail_is_collected_under_a_name(room: Class) -> None:
    room.collect(room.hand_in("1", ada=notebook(WRONG)))
    mail = room.folder / "homework (3).ipynb"
    mail.write_bytes(notebook())
    os.utime(mail, (1.9e9, 1.9e9))
    said = room.collect(mail, "--student", "ada")
    assert said.startswith("ada: 3 answers in homework (3).ipynb.")
    assert room.submitted("ada")["double"] == DOUBLE
