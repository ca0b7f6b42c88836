"""The form of every chapter: stored outputs, alternative texts, exercises whose checks tell right from wrong."""

from __future__ import annotations

import ast
import base64
import io
import itertools
import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest
from chapter_seconds import stated_seconds
from nbformat import NotebookNode
from PIL import Image

from lmlib import widgets
from lmlib.classroom.exercises import Exercise
from lmlib.interop.real import HOW
from lmlib.widgets.base import script
from tools.reading_time import STATED, length
from tools.routes import PAGES, ROW, brought_up_to_date

ROOT = Path(__file__).parents[1]
NOTEBOOKS = {
    path.stem: nbformat.read(path, as_version=4)
    for path in sorted((ROOT / "chapters").glob("*.ipynb"))
}
ASIDES = {
    "tensors": "a primer",
    "clinic": "broken runs to be diagnosed",
    "workshop": "what the reader has built",
}
CHAPTERS = {name: found for name, found in NOTEBOOKS.items() if name not in ASIDES}
UNCOMPARED = {"nbval-skip", "nbval-ignore-output", "raises-exception"}
WIDTH = 92  # characters of printed output; more would scroll on a laptop


def tags(cell: NotebookNode) -> set[str]:
    return set(cell.metadata.get("tags", []))


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs_of(notebook: NotebookNode) -> list[NotebookNode]:
    return [out for cell in code_cells(notebook) for out in cell.outputs]


def with_tag(notebook: NotebookNode, tag: str) -> list[NotebookNode]:
    return [cell for cell in code_cells(notebook) if tag in tags(cell)]


chapter = pytest.mark.parametrize("notebook", CHAPTERS.values(), ids=CHAPTERS)
every_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS.values(), ids=NOTEBOOKS)


@every_notebook
def test_every_cell_ran_once_in_order(notebook: NotebookNode) -> None:
    nbformat.validate(notebook)
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), (
        "run `make chapters`"
    )
    assert not [
        out for cell in cells for out in cell.outputs if out.output_type == "error"
    ]


@every_notebook
def test_what_is_printed_is_stored_in_one_piece(notebook: NotebookNode) -> None:
    """A page would set a line apart at each seam."""
    for cell in code_cells(notebook):
        names = [out.get("name") for out in cell.outputs]
        assert all(a != b or a is None for a, b in itertools.pairwise(names)), cell.id


@every_notebook
def test_outputs_are_compared(notebook: NotebookNode) -> None:
    cells = code_cells(notebook)
    left_out = [
        c
        for c in cells
        if tags(c) & UNCOMPARED or re.search(r"#\s*(NBVAL|PYTEST_VALIDATE)", c.source)
    ]
    assert len(left_out) <= len(cells) / 10


@every_notebook
def test_pictures_and_widgets_have_words(notebook: NotebookNode) -> None:
    for number, cell in enumerate(code_cells(notebook), 1):
        for data in (out.data for out in cell.outputs if "data" in out):
            if "application/vnd.jupyter.widget-view+json" in data:
                assert {"text/html", "image/png", "text/plain"} <= set(data), (
                    f"cell {number}: a widget without a picture"
                )
                assert re.search(r"\d\.\d", data["text/plain"]), (
                    f"cell {number}: the widget's sentence has no numbers"
                )
            elif "image/png" in data or "image/svg+xml" in data:
                shown = cell.metadata.get("mystnb", {})
                alt = shown.get("image", {}).get("alt", "")
                assert len(alt) > 20, (
                    f"cell {number}: a figure without alternative text"
                )
                assert "image/svg+xml" in data, (
                    f"cell {number}: draw it with lmlib.plots"
                )
                caption = shown.get("figure", {}).get("caption", "")
                assert caption.endswith("."), (
                    f"cell {number}: a figure without a caption"
                )
                pixels = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
                assert pixels.mode == "P", f"cell {number}: {pixels.mode} is heavy"
    # Each widget stands whole in its output, and no front end makes it of a saved state.
    assert "widgets" not in notebook.metadata, "run `make chapters`"
    for out in outputs_of(notebook):
        page = str(out.get("data", {}).get("text/html", ""))
        for state in re.findall(r'application/json">(.*?)</script>', page, re.DOTALL):
            heavy = {n: len(json.dumps(v)) for n, v in json.loads(state).items()}
            assert max(heavy.values()) < 250_000, (
                f"provide it when it is asked for: {heavy}"
            )


WIDGETS = {getattr(widgets, n)._kind: getattr(widgets, n) for n in widgets.__all__}
SCRIPT = re.compile(
    r'data-widget="(\w+)".*?<script type="module">\n(.*?)\nmountAll\(', re.DOTALL
)


@every_notebook
def test_stored_widgets_have_the_script_of_now(notebook: NotebookNode) -> None:
    for out in outputs_of(notebook):
        for kind, text in SCRIPT.findall(out.get("data", {}).get("text/html", "")):
            own = script(kind, parts=WIDGETS[kind]._parts)
            assert text == own, f"{kind}: run `make chapters`"


@every_notebook
def test_lines_fit_the_page(notebook: NotebookNode) -> None:
    outputs = outputs_of(notebook)
    printed = [out.text for out in outputs if out.output_type == "stream"]
    listings = [
        out.data["text/markdown"]
        for out in outputs
        if "```" in out.get("data", {}).get("text/markdown", "")
    ]
    lines = [line for text in [*printed, *listings] for line in text.splitlines()]
    # Text that a model wrote may be longer: it has no place to break.
    assert not [
        line
        for line in lines
        if len(line) > WIDTH and not re.match(r"[\w-]* +\w+ ", line)
    ]


@chapter
def test_the_shape_of_a_chapter(notebook: NotebookNode) -> None:
    text = "\n".join(
        cell.source for cell in notebook.cells if cell.cell_type == "markdown"
    )
    assert "**At the end you can**" in text
    assert not re.search(r"<(details|summary|div|span)\b", text), (
        "no translation reaches raw HTML; there is a directive for it"
    )
    assert with_tag(notebook, "install") == code_cells(notebook)[:1]
    assert with_tag(notebook, "setup") == code_cells(notebook)[1:2]
    assert 4 <= len(with_tag(notebook, "exercise-solution")) <= 10
    assert [c for c in notebook.cells if "exercise-answer" in tags(c)], "none in words"
    for heading in ("## Exercises", "## What you know now", "**Further reading.**"):
        assert heading in text


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_chapter_runs_in_a_minute(name: str) -> None:
    """What takes longer is a script in benchmarks/ that stores its values."""
    assert 0 < stated_seconds(NOTEBOOKS[name]) <= 60


def test_all_chapters_run_in_a_quarter_of_an_hour() -> None:
    assert sum(map(stated_seconds, NOTEBOOKS.values())) <= 900


@every_notebook
def test_a_chapter_opens_on_its_question_and_its_picture(
    notebook: NotebookNode,
) -> None:
    first, *cells = notebook.cells
    assert first.cell_type == "markdown" and first.source.startswith("# ")
    question = re.sub(
        r"^# [^\n]*|^```\{figure\}.*?^```", "", first.source, flags=re.M | re.S
    )
    assert 20 <= len(question.split()) <= 70
    text = next(cell for cell in cells if cell.cell_type == "markdown")
    before = [first, *cells[: cells.index(text)]]
    pictures = [
        out for cell in before for out in cell.get("outputs", []) if "data" in out
    ]
    assert pictures or "```{figure}" in first.source
    assert "**At the end you can**" in text.source and STATED.search(text.source)
    closed = {"remove-cell", "hide-cell", "hide-input"}
    assert all(tags(cell) & closed for cell in before[1:]), "code before the picture"


PATH, FOLDED = (2500, 120), (1000, 150)  # words, and lines of code
MINUTES = 45


@every_notebook
def test_a_chapter_is_as_long_as_it_may_be(notebook: NotebookNode) -> None:
    found = length(notebook.cells)
    assert found.words <= PATH[0] and found.lines <= PATH[1]
    assert found.folded_words <= FOLDED[0] and found.folded_lines <= FOLDED[1]
    assert found.to_read <= MINUTES


def section(notebook: NotebookNode, heading: str) -> list[NotebookNode]:
    """The cells from a heading of the second level to the next."""
    heads = [i for i, c in enumerate(notebook.cells) if c.source.startswith("## ")]
    (start,) = (
        i for i in heads if notebook.cells[i].source.startswith(f"## {heading}\n")
    )
    end = next((i for i in heads if i > start), len(notebook.cells))
    return notebook.cells[start:end]


@chapter
def test_a_chapter_meets_a_real_model(notebook: NotebookNode) -> None:
    """A Predict before what the model gives, and its reply behind it; and the model was there."""
    found = section(notebook, "A real one")
    kinds = ["predict" if ":::{predict}" in c.source else
             "replies" if ":::{replies}" in c.source else
             "gives" if c.cell_type == "code" and c.outputs else "" for c in found]  # fmt: skip
    told = [kind for kind in kinds if kind]
    assert "find_real()" in "\n".join(c.source for c in code_cells(notebook))
    assert "gives" in told[told.index("predict") : told.index("replies")]


@every_notebook
def test_the_real_model_was_there(notebook: NotebookNode) -> None:
    for cell in code_cells(notebook):
        printed = "".join(out.get("text", "") for out in cell.outputs)
        assert HOW not in printed, cell.id


@every_notebook
def test_a_chapter_states_its_minutes(notebook: NotebookNode) -> None:
    found = length(notebook.cells)
    stated = STATED.findall("\n".join(cell.source for cell in notebook.cells))
    assert stated == [(str(found.to_read), str(found.with_exercises))], (
        "run python -m tools.reading_time --write"
    )


@every_notebook
def test_what_is_aside_has_one_form(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if "look-closer" in tags(cell):
            assert re.fullmatch(
                r"(:{3,})\{dropdown\} Look closer: .+\n\1", cell.source, re.S
            ), cell.id
            assert not re.search(r"\{(predict|replies|quiz)\}", cell.source), cell.id
        if "{replies}" in cell.source:
            assert tags(cell) == {"replies", "hide-cell"}, cell.id
            rest = SAID.sub("", cell.source)
            assert not rest.strip(), f"{cell.id}: {rest[:80]}"


def words_before(notebook: NotebookNode, cell: NotebookNode) -> int:
    return length(notebook.cells[: notebook.cells.index(cell)]).words


@chapter
def test_work_begins_in_the_first_fifth(notebook: NotebookNode) -> None:
    first = with_tag(notebook, "exercise-solution")[0]
    asked = notebook.cells[notebook.cells.index(first) - 1]
    assert words_before(notebook, asked) <= length(notebook.cells).words / 5
    body = Exercise("", "", first.source, "", "easy", 1).body
    assert 1 <= len(body.splitlines()) <= 6


IDEA = {"idea", "build-it-yourself"}
OPEN_LINES = 30  # of one cell; what is longer holds more than the idea
# What a cell says that a reader's own machine lets run, and the one that made the pages did not.
NOT_HERE = re.compile(r"does nothing|is left out|No GPU was at hand")


@every_notebook
def test_what_is_not_the_idea_is_folded(notebook: NotebookNode) -> None:
    assert tags(code_cells(notebook)[0]) == {"install", "hide-input", "remove-cell"}
    assert tags(code_cells(notebook)[1]) == {"setup", "hide-input"}
    for number, cell in enumerate(code_cells(notebook), 1):
        if tags(cell) & {"install", "exercise-solution", "exercise-check"}:
            continue
        drawn = any("image/png" in out.get("data", {}) for out in cell.outputs)
        tabled = re.search(r"\btable\(", cell.source) and not tags(cell) & IDEA
        if drawn or tabled:
            folded = tags(cell) & {"hide-input", "hide-cell"}
            assert folded, f"cell {number} draws or builds a table in the open"
        elif not tags(cell) & {"hide-input", "hide-cell"}:
            lines = len(cell.source.splitlines())
            assert lines <= OPEN_LINES, f"cell {number} has {lines} open lines"


@every_notebook
def test_a_page_does_not_say_what_did_not_run(notebook: NotebookNode) -> None:
    for number, cell in enumerate(code_cells(notebook), 1):
        said = "".join(out.get("text", "") for out in cell.outputs)
        not_here = bool(NOT_HERE.search(said))
        assert not not_here or tags(cell) & {"remove-output", "remove-cell"}, number
        assert not_here or "remove-output" not in tags(cell), f"cell {number}: {said}"


ASKED = re.compile(
    r"^:::\{(predict|quiz)\} ([\w-]+)\n\n(.+?)\n\n((?:\d\. [^\n]+\n)+)\n:::$",
    re.M | re.S,
)
SAID = re.compile(
    r"^:::\{replies\} ([\w-]+)\n:right: (\d)\n\n((?:\d\. [^\n]+\n)+)\n:::$", re.M
)


def listed(text: str) -> list[str]:
    return [re.sub(r"^\d\. ", "", line) for line in text.splitlines()]


def questions(notebook: NotebookNode, kind: str) -> dict[str, tuple[list[str], int]]:
    """The choices of each question of a kind, and the place of the right one, from 0."""
    text = "\n\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    asked = {name: listed(choices) for _, name, _, choices in ASKED.findall(text)}
    said = {
        name: (int(right), listed(told)) for name, right, told in SAID.findall(text)
    }
    assert len(asked) == text.count(":::{predict}") + text.count(":::{quiz}")
    assert len(said) == text.count(":::{replies}") and set(said) == set(asked)
    for name, (right, replies) in said.items():
        assert len(replies) == len(asked[name]), name
        begins = [reply.startswith("Right") for reply in replies]
        assert begins.index(True) + 1 == right and sum(begins) == 1, name
    names = [name for found, name, _, _ in ASKED.findall(text) if found == kind]
    return {name: (asked[name], said[name][0] - 1) for name in names}


@chapter
def test_the_quiz_replies_to_every_choice(notebook: NotebookNode) -> None:
    place = next(
        i
        for i, c in enumerate(notebook.cells)
        if c.source.startswith("## Check yourself")
    )
    quiz = questions(notebook, "quiz")
    assert len(quiz) == 5
    assert all(len(choices) in (3, 4) for choices, _ in quiz.values())
    # In a notebook no reply stands below its question: all of them stand in the cell behind.
    assert [name for _, name, _, _ in ASKED.findall(notebook.cells[place].source)] == [
        name for name, _, _ in SAID.findall(notebook.cells[place + 1].source)
    ]


@chapter
def test_a_prediction_stands_before_its_replies(notebook: NotebookNode) -> None:
    predictions = questions(notebook, "predict")
    assert len(predictions) >= 3
    for name in predictions:
        asked, said = (
            next(
                i
                for i, c in enumerate(notebook.cells)
                if f"{mark} {name}\n" in c.source
            )
            for mark in (":::{predict}", ":::{replies}")
        )
        assert asked < said, f"{name}: the replies stand in a cell of their own, behind"


def test_no_place_gives_the_right_choice_away() -> None:
    for kind in ("predict", "quiz"):
        places = Counter(
            right
            for notebook in CHAPTERS.values()
            for _, right in questions(notebook, kind).values()
        )
        assert max(places.values()) < 0.5 * places.total(), (kind, places)


EXERCISES = {
    f"{name}-{cell.metadata['exercise']}": (notebook, cell)
    for name, notebook in NOTEBOOKS.items()
    for cell in with_tag(notebook, "exercise-solution")
}
exercise = pytest.mark.parametrize(
    "notebook, solution", EXERCISES.values(), ids=EXERCISES
)


def function_of(cell: NotebookNode) -> ast.FunctionDef:
    (function,) = ast.parse(cell.source).body
    assert isinstance(function, ast.FunctionDef)
    return function


def check_of(notebook: NotebookNode, solution: NotebookNode) -> NotebookNode:
    return notebook.cells[notebook.cells.index(solution) + 1]


@cache
def prepared(name: str) -> dict[str, Any]:
    """What a student's notebook knows before an exercise: the imports, and the functions of the chapter."""
    notebook = NOTEBOOKS[name]
    space: dict[str, Any] = {}
    exec(with_tag(notebook, "setup")[0].source, space)
    for cell in code_cells(notebook):
        if not tags(cell) & {"exercise-solution", "exercise-check"}:
            body = [
                part
                for part in ast.parse(cell.source).body
                if isinstance(part, ast.FunctionDef | ast.ClassDef)
            ]
            exec(compile(ast.Module(body, []), name, "exec"), space)
    return space


@exercise
def test_exercise_has_the_one_form(
    notebook: NotebookNode, solution: NotebookNode
) -> None:
    place = notebook.cells.index(solution)
    statement = notebook.cells[place - 1].source
    assert f":label: ex-{solution.metadata['exercise']}\n" in statement
    assert re.search(r"\*\((easy|medium|hard), \d+ minutes\)\*", statement)
    assert ast.get_docstring(function_of(solution))
    assert tags(solution) == {"exercise-solution", "hide-input"}
    # With what it prints: an unsolved exercise does not say "Right".
    assert tags(check_of(notebook, solution)) == {"exercise-check", "hide-cell"}


def run_check(space: dict[str, Any], source: str, check: NotebookNode) -> None:
    space = dict(space)
    exec(source, space)
    exec(check.source, space)


@exercise
def test_check_passes_the_solution_and_no_empty_answer(
    notebook: NotebookNode, solution: NotebookNode
) -> None:
    space = prepared(
        next(name for name, other in NOTEBOOKS.items() if other is notebook)
    )
    check = check_of(notebook, solution)
    run_check(space, solution.source, check)
    function = function_of(solution)
    for empty in (
        "return None",
        "return 0",
        "return []",
        "return {}",
        "return True",
        "return 1.0",
    ):
        function.body = ast.parse(f"def f():\n    {empty}").body[0].body  # type: ignore[attr-defined]
        with pytest.raises(AssertionError):
            run_check(space, ast.unparse(function), check)


def test_formulas_that_lmlib_names_stand_in_a_chapter() -> None:
    written = "\n".join(
        cell.source
        for nb in CHAPTERS.values()
        for cell in nb.cells
        if cell.cell_type == "markdown"
    )
    named = {
        name
        for path in (ROOT / "lmlib").rglob("*.py")
        for name in re.findall(r"`(eq:[\w-]+)`", path.read_text("utf-8"))
    }
    assert named
    assert not {name for name in named if f"({name})" not in written}


@pytest.mark.parametrize("page", PAGES)
def test_routes_and_courses_state_the_time_of_their_chapters(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    assert len(ROW.findall(text)) >= 20
    assert brought_up_to_date(text) == text, "run python -m tools.routes"


def test_six_hours_are_six_hours() -> None:
    text = (ROOT / "routes.md").read_text("utf-8")
    section = text.split("## Six hours")[1].split("\n## ")[0]
    minutes = sum(int(time.split()[0]) for _, time, _ in ROW.findall(section))
    assert minutes <= 390
