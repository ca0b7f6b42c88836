"""Notebooks made from a chapter: nbgrader's source, which is also the answer key, and Otter's.

Students get what nbgrader makes of its source: statement, signature and docstring, the visible check.
"""

from __future__ import annotations

import builtins
import textwrap

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from lmlib.classroom.assignments import Assignment, tags
from lmlib.classroom.exercises import Exercise, names_used
from lmlib.classroom.words import IN_WORDS, Question, in_words, otter_cells, questions

OPENING = "opening"
"""Tag of the cells before the first exercise: feedback pages leave them out."""
CHECK = "check"
"""Tag of a check's cell: feedback pages show what it said and leave out its code."""
IMPORT = "from lmlib.classroom.checks import check_answer, example\n"
"""Again in each check: a student may have called something of their own `example`."""
INTRODUCTION = """# {title}: exercises

{count} exercises, about {minutes} minutes in all. They belong to the chapter of the same name.

1. Run the first cells.
2. In each exercise, replace the line `raise NotImplementedError` by your code. Keep the name of the function.
3. Run the cell below it: it says what is not right yet, and why.
4. At the end, run all cells once more from the top, save the notebook, and hand in this one file.

Write no name and no student number into it. What you did not answer yet stops nothing."""


def source_notebook(assignment: Assignment) -> NotebookNode:
    """The notebook with solutions that ``nbgrader generate_assignment`` makes the students' from."""
    cells = _opening(assignment) + in_words(assignment, None, _statement)
    for exercise in assignment.exercises.values():
        solution = _between("### BEGIN SOLUTION", exercise, "### END SOLUTION")
        own, check = (_nbgrader(exercise, solution=own) for own in (True, False))
        cells += [
            new_markdown_cell(_statement(exercise), id=f"{exercise.name}-text"),
            new_code_cell(solution, id=exercise.name, metadata=own),
            new_code_cell(
                checked(exercise), id=f"{exercise.name}-check", metadata=check
            ),
            *in_words(assignment, exercise.name, _statement),
        ]
    return _notebook(cells)


def otter_notebook(assignment: Assignment) -> NotebookNode:
    """The notebook with solutions that ``otter assign`` takes; its tests are the visible checks."""
    cells = [new_raw_cell(OTTER_HEAD, id="head"), *_opening(assignment)]
    cells += in_words(assignment, None, _statement, otter_cells)
    for exercise in assignment.exercises.values():
        name = exercise.name
        solution = _between("# BEGIN SOLUTION", exercise, "# END SOLUTION")
        question = f"# BEGIN QUESTION\nname: {name}\npoints: {exercise.points}"
        cells += [
            new_raw_cell(question, id=f"{name}-question"),
            new_markdown_cell(_statement(exercise), id=f"{name}-text"),
            new_raw_cell("# BEGIN SOLUTION", id=f"{name}-begin"),
            new_code_cell(solution, id=name),
            new_raw_cell("# END SOLUTION", id=f"{name}-end"),
            new_raw_cell("# BEGIN TESTS", id=f"{name}-tests"),
            new_code_cell(_otter_test(exercise), id=f"{name}-check"),
            new_raw_cell("# END TESTS", id=f"{name}-tests-end"),
            new_raw_cell("# END QUESTION", id=f"{name}-question-end"),
            *in_words(assignment, name, _statement, otter_cells),
        ]
    return _notebook(cells)


OTTER_HEAD = """# ASSIGNMENT CONFIG
init_cell: true
export_cell: false
run_tests: false
tests: {files: false, ok_format: false}"""


def _otter_test(exercise: Exercise) -> str:
    """The visible check as a function; Otter passes the student's names by the names of its parameters."""
    names = names_used(exercise.check) - {*dir(builtins), "check_answer", "example"}
    body = textwrap.indent(IMPORT + exercise.check, "    ")
    return f"def test_{exercise.function}({', '.join(sorted(names))}):\n{body}"


def checked(exercise: Exercise) -> str:
    """The visible check as it stands in the student's notebook, where it must not stop anything."""
    body = textwrap.indent(IMPORT + exercise.check, "    ")
    return f'# @title Check: run this cell\nwith checking("{exercise.name}"):\n{body}'


def _opening(assignment: Assignment) -> list[NotebookNode]:
    asked = questions(assignment)
    exercises: list[Exercise | Question] = [*assignment.exercises.values()]
    exercises += asked.values()
    text = INTRODUCTION.format(
        title=assignment.title.split(":")[0],
        count=len(exercises),
        minutes=sum(exercise.minutes for exercise in exercises),
    )
    text += f"\n\n{IN_WORDS}" if asked else ""
    # The set-up cell is the chapter's own.
    install = [cell.source for cell in assignment.cells if "install" in tags(cell)]
    setup = "from lmlib.classroom.checks import checking\n" + assignment.offered
    tag = {"tags": [OPENING]}
    return [
        new_markdown_cell(text, id="introduction", metadata=tag),
        *(new_code_cell(source, id="set-up", metadata=tag) for source in install),
        new_code_cell(setup, id="imports", metadata=tag),
    ]


def _statement(exercise: Exercise | Question) -> str:
    """The bold title of an exercise as a heading, with its points."""
    title, text = exercise.statement.removeprefix("**").split("** ", 1)
    points = "1 point" if exercise.points == 1 else f"{exercise.points} points"
    return f"## {title.rstrip('.')}\n\n" + text.replace(
        " minutes)*", f" minutes, {points})*", 1
    )


def _between(begin: str, exercise: Exercise, end: str) -> str:
    return exercise.cut(lambda indent, body: f"{indent}{begin}\n{body}\n{indent}{end}")


def _nbgrader(exercise: Exercise, solution: bool) -> dict:
    cell = {
        "grade_id": exercise.name if solution else f"{exercise.name}-check",
        "solution": solution,
        "grade": not solution,
        "locked": not solution,
        "task": False,
        "schema_version": 3,
    }
    if solution:
        return {"nbgrader": cell}
    # Colab and JupyterLab fold the cell, which is long; its first line is a title in Colab.
    folded = {"cellView": "form", "jupyter": {"source_hidden": True}, "tags": [CHECK]}
    return folded | {"nbgrader": cell | {"points": exercise.points}}


def _notebook(cells: list[NotebookNode]) -> NotebookNode:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})
