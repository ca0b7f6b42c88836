"""From chapter to student's notebook, and from whatever comes back to answers."""

from __future__ import annotations

import ast
import json
import os
import random
import re
import runpy
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest
import torch
from nbclient import NotebookClient
from nbformat import NotebookNode

from lmlib.classroom import values
from lmlib.classroom.answers import CODE_LIMIT, Submission
from lmlib.classroom.assignments import BOOK, Assignment, topics
from lmlib.classroom.calls import outcome
from lmlib.classroom.collect import Collected, collect
from lmlib.classroom.comparison import equal, near
from lmlib.classroom.course import Course
from lmlib.classroom.exercises import Exercise
from lmlib.classroom.given import Array, Made, Use
from lmlib.classroom.grading import Grade, Grader
from lmlib.classroom.known import forms, mistakes
from lmlib.classroom.names import owner_of
from lmlib.classroom.record import known_mistakes
from lmlib.classroom.release import checked, otter_notebook, source_notebook
from lmlib.classroom.running import perform
from lmlib.classroom.sentences import fault
from lmlib.classroom.tasks import Answer, Task
from lmlib.classroom.words import questions
from tools.address import setup_source, stated, version
from tools.mistakes import path_of, text_of

ASSIGNMENTS = {topic: Assignment(topic) for topic in topics()}
EXERCISES = {
    f"{topic}-{name}": (assignment, exercise)
    for topic, assignment in ASSIGNMENTS.items()
    for name, exercise in assignment.exercises.items()
}
each = pytest.mark.parametrize(
    "assignment, exercise", EXERCISES.values(), ids=EXERCISES
)


def softmax_class(factory: pytest.TempPathFactory) -> Course:
    """A class with one assignment released, once for all tests: a new gradebook takes seconds."""
    return _released(factory.getbasetemp() / "classroom")


@cache
def _released(folder: Path) -> Course:
    course = Course(folder)
    course.release("softmax")
    return course


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A class with every assignment released."""
    course = softmax_class(tmp_path_factory)
    for topic in set(ASSIGNMENTS) - {"softmax"}:
        course.release(topic)
    return course


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Jobs run right here instead of in the sandbox, as JSON all the same. Returns the list of jobs."""
    sent: list[dict[str, Any]] = []

    def run(jobs: list[dict], *limits: Any) -> list[list[dict[str, Any]]]:
        sent.extend(jobs)
        return [
            [one_reading(json.loads(json.dumps(job | {"cells": cells})))]
            for job in jobs
            for cells in job["readings"][:1]
        ]

    monkeypatch.setattr("lmlib.classroom.grading.sandbox.run", run)
    return sent


def one_reading(job: dict[str, Any]) -> dict[str, Any]:
    found = perform(job, lambda: None)
    return json.loads(json.dumps(found | {"ready": "results" in found}))


@cache
def task(topic: str, name: str) -> Task:
    return Task(ASSIGNMENTS[topic], ASSIGNMENTS[topic].exercises[name])


def graded(task: Task, source: str | None, seed: str = "seed") -> Grade:
    """The grade of one answer."""
    answer = None if source is None else Answer(source, [])
    (grade,) = (
        Grader({task.exercise.name: task}, seed)
        .grade({task.exercise.name: answer})
        .values()
    )
    return grade


def test_every_chapter_is_an_assignment() -> None:
    chapters = {
        path.stem for path in Path(__file__).parents[1].glob("chapters/*.ipynb")
    }
    assert set(ASSIGNMENTS) == chapters - {"clinic", "workshop"}
    assert all(len(a.exercises) >= 3 for a in ASSIGNMENTS.values())
    functions = [exercise.function for _, exercise in EXERCISES.values()]
    assert len(functions) == len(set(functions))  # a name tells the assignment


def is_task(assignment: Assignment, exercise: Exercise) -> bool:
    """Whether an exercise of two to five lines stands in the text, and not behind it."""
    sources = [cell.source for cell in assignment.cells]
    solution = sources.index(exercise.solution)
    return not any(re.search(r"^## Exercises", s, re.M) for s in sources[:solution])


@each
def test_every_exercise_has_many_wrong_answers_and_right_ones(
    assignment: Assignment, exercise: Exercise
) -> None:
    """There are fewer ways to be wrong in two lines than in ten."""
    task = is_task(assignment, exercise)
    wrong = mistakes(assignment)[exercise.name]
    assert len({mistake.source for mistake in wrong}) == len(wrong)
    assert len(wrong) >= (12 if task else 30)
    assert all(len(mistake.hint) > 10 for mistake in wrong)
    assert len(forms(assignment)[exercise.name]) >= (3 if task else 5)


@each
def test_a_check_says_why_at_four_examples_or_more(
    assignment: Assignment, exercise: Exercise
) -> None:
    check = assignment.check(exercise)
    assert check.exercise == exercise.name and len(check.examples) >= 4
    assert all(len(example.why) > 10 for example in check.examples)


@each
def test_right_answers_have_full_marks_and_wrong_ones_their_own_hint(
    assignment: Assignment, exercise: Exercise, in_process: list[dict[str, Any]]
) -> None:
    one = Task(assignment, exercise)
    for seed in ("one class", "another class"):
        assert graded(one, exercise.solution, seed).right
    known = {known["hint"] for known in known_mistakes(exercise.name)}
    for mistake in mistakes(assignment)[exercise.name]:
        if mistake.hint not in known:
            continue  # it never ends, so no check can see what it does
        right, reason, note = graded(one, mistake.source)
        assert not right, f"{mistake.source} has full marks"
        assert reason.endswith(mistake.hint) and note
        assert exercise.function in reason
    assert graded(one, None) == Grade(False, "Not answered.")


@each
def test_right_answers_in_unusual_forms(
    assignment: Assignment, exercise: Exercise, in_process: list[dict[str, Any]]
) -> None:
    one = Task(assignment, exercise)
    for source in forms(assignment)[exercise.name]:
        right, reason, note = graded(one, source)
        assert right or "Give back" in reason, f"{source}\n{reason}\n{note}"


@pytest.mark.parametrize("topic", ASSIGNMENTS)
def test_what_mistakes_do_is_on_record(topic: str) -> None:
    """The numbers may differ in their last digits, as processors do, and in more where large numbers cancel."""
    stored, made = path_of(topic).read_text("utf-8"), text_of(ASSIGNMENTS[topic])
    number = re.compile(r"-?\d+\.\d+(?:e[+-]\d+)?|-?\d+e[+-]\d+")
    again = f"run python -m tools.mistakes {topic}"
    assert number.sub("0", stored) == number.sub("0", made), again
    pairs = zip(number.findall(stored), number.findall(made), strict=True)
    assert all(near(float(one), float(other)) for one, other in pairs), again


@each
def test_no_expected_value_goes_into_the_sandbox(
    assignment: Assignment, exercise: Exercise, in_process: list[dict[str, Any]]
) -> None:
    graded(Task(assignment, exercise), exercise.solution)
    with_check, with_inputs = in_process
    both = {"setup", "readings", "function"}
    assert set(with_check) == both | {"check"} and set(with_inputs) == both | {"inputs"}
    sent = json.dumps([job["setup"] for job in in_process])
    assert not [line for line in body_lines(exercise) if line in sent]


@each
def test_what_fails_the_visible_check_never_meets_a_hidden_input(
    assignment: Assignment, exercise: Exercise, in_process: list[dict[str, Any]]
) -> None:
    graded(
        Task(assignment, exercise), f"def {exercise.function}(*args): return object()"
    )
    assert ["inputs" in job for job in in_process] == [False]


FITTED = """
from lmlib.classroom.assignments import Assignment
from lmlib.classroom.values import encode

def {function}(*args):
    assignment = Assignment({topic!r})
    for example in assignment.check(assignment.exercises[{name!r}]).examples:
        if encode(list(example.args)) == encode(list(args)):
            if example.raises:
                raise ValueError
            return example.gives
"""


@each
def test_an_answer_that_knows_only_the_examples_has_no_points(
    assignment: Assignment, exercise: Exercise, in_process: list[dict[str, Any]]
) -> None:
    if assignment.check(exercise).view or "lambda" in exercise.check:
        return  # its results or arguments cannot be compared like that
    names = {"topic": assignment.topic, "name": exercise.name}
    source = FITTED.format(function=exercise.function, **names)
    right, reason, note = graded(Task(assignment, exercise), source)
    assert not right and reason.startswith("The check in the notebook passes")
    assert re.fullmatch(r"Wrong for \d+ of \d+ hidden inputs\.", note)


def test_hidden_inputs_are_drawn_for_each_answer_anew(
    in_process: list[dict[str, Any]],
) -> None:
    one = task("softmax", "reheat")
    for source in (
        REHEAT.solution,
        f"# mine\n{REHEAT.solution}",
        f"x = 1\n{REHEAT.solution}",
    ):
        graded(one, source)
    first, same, other = (job["inputs"] for job in in_process if "inputs" in job)
    assert first == same != other


def body_lines(exercise: Exercise) -> list[str]:
    """Lines of a solution that say something: not `return merged` or `else:`."""
    return [
        line.strip() for line in exercise.body.splitlines() if len(line.strip()) > 18
    ]


@each
def test_hidden_inputs_come_from_the_seed(
    assignment: Assignment, exercise: Exercise
) -> None:
    first = assignment.inputs(exercise.name, "one class")
    assert first == assignment.inputs(exercise.name, "one class")
    assert first != assignment.inputs(exercise.name, "another class")


def test_unknown_topics_are_named() -> None:
    with pytest.raises(
        ValueError, match=r"topic: 'softmx' is not known; use one of attention"
    ):
        Assignment("softmx")
    with pytest.raises(ValueError, match="run this in a clone of the book"):
        topics(Path("/nowhere"))


# The notebooks


@each
def test_a_check_in_the_notebook_is_the_check_of_the_chapter(
    assignment: Assignment, exercise: Exercise
) -> None:
    (within,) = ast.parse(checked(exercise)).body
    assert isinstance(within, ast.With)
    names, *body = within.body
    assert isinstance(names, ast.ImportFrom)
    assert ast.dump(ast.Module(body, [])) == ast.dump(ast.parse(exercise.check))


def test_a_student_s_own_name_does_not_stop_a_check(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assignment = ASSIGNMENTS["softmax"]
    exercise = assignment.exercises["reheat"]
    space: dict[str, Any] = {}
    for source in source_notebook(assignment).cells:
        if source.id in {"imports", exercise.name}:
            exec(source.source, space)
    exec("example = check_answer = [1, 2]", space)
    exec(checked(exercise), space)
    assert capsys.readouterr().out.startswith("Right")


@pytest.mark.parametrize("topic", ASSIGNMENTS)
def test_no_line_of_a_solution_reaches_a_student(course: Course, topic: str) -> None:
    text = course.notebook("release", topic).read_text("utf-8")
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    sources = "\n".join(cell.source for cell in notebook.cells)
    assert course.seed not in text
    assert (
        "SOLUTION" not in sources
        and "{exercise}" not in sources
        and "{eq}" not in sources
    )
    for exercise in ASSIGNMENTS[topic].exercises.values():
        assert exercise.stub in sources and exercise.check.splitlines()[0] in sources
        leaked = [line for line in body_lines(exercise) if line in sources]
        assert not leaked


def run_all(notebook: NotebookNode) -> str:
    """What a notebook prints when all of its cells are run; an exception would stop it."""
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    return "".join(out.get("text", "") for out in outputs)


def test_the_students_notebook_runs_to_its_end_unsolved_and_solved(
    course: Course,
) -> None:
    exercises = ASSIGNMENTS["softmax"].exercises
    notebook = nbformat.read(course.notebook("release", "softmax"), as_version=4)
    assert run_all(notebook).splitlines() == [
        "lmlib is here already.",
        *(f"{name}: not answered yet." for name in exercises),
    ]
    solved = nbformat.read(course.notebook("source", "softmax"), as_version=4)
    assert run_all(solved).count("Right") == len(exercises)


@pytest.mark.parametrize("topic", ASSIGNMENTS)
def test_code_of_every_notebook_runs_to_its_end(
    course: Course, topic: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for stage, said in (("release", ": not answered yet."), ("source", "Right")):
        notebook = nbformat.read(course.notebook(stage, topic), as_version=4)
        space: dict[str, Any] = {}
        for cell in notebook.cells:
            if cell.cell_type == "code":
                exec(cell.source, space)
        assert capsys.readouterr().out.count(said) == len(ASSIGNMENTS[topic].exercises)


def test_a_wrong_answer_is_told_in_a_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    exercise = ASSIGNMENTS["softmax"].exercises["reheat"]
    space: dict[str, Any] = {}
    exec("import math\nfrom lmlib.classroom.checks import *", space)
    exec(exercise.solution.replace("sum(powers)", "1"), space)
    exec(checked(exercise), space)
    exec("def reheat(probs, temperature):\n    return probs[99]", space)
    exec(checked(exercise), space)
    exec("def reheat(probs, temperature):\n    assert not probs", space)
    exec(checked(exercise), space)
    hint, stop, own = capsys.readouterr().out.splitlines()
    call = "reheat: not yet. reheat([0.5714…, 0.2857…, 0.1429…, 0.0], 0.5) should be [0.7619"
    assert hint.startswith(call) and "not [1.0, 0.25, 0.0625, 0.0]." in hint
    assert hint.endswith("divide them by their sum.")
    assert "but it stops with IndexError: list index out of range. At" in stop
    assert "but it stops with AssertionError" in own


def test_an_error_is_told_with_the_students_own_line(tmp_path: Path) -> None:
    file = tmp_path / "cell.py"
    file.write_text(
        "import torch\n\ndef f(x):\n    return torch.ones(2) @ torch.ones(3)\n"
    )
    space = runpy.run_path(str(file))
    assert outcome(space["f"], [1])["said"].endswith(
        "(line 4: return torch.ones(2) @ torch.ones(3))"
    )
    assert "line" not in outcome(space["f"], [1, 2])["said"]


@pytest.mark.parametrize("topic", ASSIGNMENTS)
def test_otters_notebook_has_a_question_for_each_exercise(topic: str) -> None:
    notebook = otter_notebook(ASSIGNMENTS[topic])
    nbformat.validate(notebook)
    raw = [cell.source for cell in notebook.cells if cell.cell_type == "raw"]
    asked = [text for text in raw if "BEGIN QUESTION" in text]
    for kind, manual in (
        (ASSIGNMENTS[topic].exercises, False),
        (questions(ASSIGNMENTS[topic]), True),
    ):
        of_kind = [text for text in asked if ("manual: true" in text) == manual]
        names = [text.split("name: ")[1].split("\n")[0] for text in of_kind]
        assert names == list(kind)
    tests = len(ASSIGNMENTS[topic].exercises)
    assert raw.count("# BEGIN TESTS") == raw.count("# END TESTS") == tests


def test_the_chapters_own_set_up_cell_comes_first() -> None:
    code = [
        cell.source
        for cell in source_notebook(ASSIGNMENTS["softmax"]).cells
        if cell.cell_type == "code"
    ]
    assert code[0] == setup_source(stated(), version())
    assert code[1].startswith("from lmlib.classroom")


# What comes back

SOFTMAX = ASSIGNMENTS["softmax"].exercises
REHEAT = SOFTMAX["reheat"]


def handed_in(*sources: str, **metadata: Any) -> bytes:
    """A notebook file with these code cells and nothing else."""
    cells = [{"cell_type": "code", "source": source, **metadata} for source in sources]
    return json.dumps({"cells": cells}).encode()


def answer(*sources: str) -> str | None:
    return Submission(handed_in(*sources)).answer(REHEAT)


def test_an_answer_is_found_by_its_name_with_all_that_it_needs() -> None:
    helper = "def power(p, t):\n    return p ** (1 / t)  # mine"
    other = "def unused():\n    return 1"
    mine = "def reheat(probs, temperature):\n    return [power(p, temperature) for p in probs]"
    assert answer(mine, other + "\n\n" + helper) == mine + "\n\n" + helper
    assert answer("import numpy as np\nreheat = lambda p, t: np.array(p)") == (
        "import numpy as np\n\nreheat = lambda p, t: np.array(p)"
    )
    assert (
        answer("a = 1; b = 2", "def reheat(p, t): return a")
        == "a = 1\n\ndef reheat(p, t): return a"
    )
    assert answer("@cache\ndef reheat(p, t): ...", "from functools import cache") == (
        "@cache\ndef reheat(p, t): ...\n\nfrom functools import cache"
    )


def test_of_several_answers_the_last_counts_but_an_empty_one_never() -> None:
    assert (
        answer(REHEAT.solution, "def reheat(p, t): return 0")
        == "def reheat(p, t): return 0"
    )
    assert answer(REHEAT.solution, REHEAT.stub) == REHEAT.solution
    assert answer(REHEAT.stub) is None or answer(REHEAT.stub) == REHEAT.stub


def test_the_books_own_function_is_no_answer_and_an_empty_one_no_help() -> None:
    exercises = ASSIGNMENTS["softmax"].exercises
    given = "from lmlib.workshop.parts import probabilities"
    empty, slope = exercises["probabilities"].stub, exercises["loss-slope"]
    handed = Submission(handed_in(given, empty, slope.solution))
    assert handed.answer(exercises["probabilities"]) is None
    assert handed.answer(slope) == f"{given}\n\n{slope.solution}"


@pytest.mark.parametrize("topic", ASSIGNMENTS)
def test_nothing_in_a_released_notebook_is_an_answer(
    course: Course, topic: str
) -> None:
    handed = Submission(course.notebook("release", topic).read_bytes())
    exercises = ASSIGNMENTS[topic].exercises
    assert [name for name, e in exercises.items() if handed.answer(e)] == []


def test_magics_stop_nothing_and_broken_cells_are_graded_as_broken() -> None:
    assert answer(f"%%time\n!ls\n{REHEAT.solution}") == REHEAT.solution
    assert answer("x = (", REHEAT.solution) == REHEAT.solution
    assert (
        answer("def reheat(probs, temperature:\n  pass")
        == "def reheat(probs, temperature:\n  pass"
    )
    assert answer("def reheat2(:") is None


def test_a_scratch_cell_takes_nothing_from_an_answer() -> None:
    for scratch in (
        "probs = input()",
        "powers = reheat([1.0], 0)",
        "top = open('/data')",
    ):
        assert answer(scratch, REHEAT.solution, scratch) == REHEAT.solution
    for elsewhere in (
        "def f(a, a): return a",
        "def f():\n    nonlocal x",
        "from x import *",
    ):
        assert answer(f"{elsewhere}\n\n{REHEAT.solution}") == REHEAT.solution


def test_of_a_helper_the_definition_counts_that_was_there_when_the_answer_ran() -> None:
    first, later = "def power(p): return p", "def power(logits): return 0"
    mine = "def reheat(probs, temperature): return [power(p) for p in probs]"
    assert answer(first, mine, later) == f"{first}\n\n{mine}"
    assert answer(mine, first, later) == f"{mine}\n\n{first}"


def test_a_value_that_is_set_twice_counts_once() -> None:
    mine = "def reheat(p, t): return half"
    assert answer("half = 1\nhalf = 2", mine) == f"half = 2\n\n{mine}"


def test_imports_of_every_kind_are_taken_along() -> None:
    mine = "def reheat(p, t): return exp(p)"
    star, attempt = (
        "from math import *",
        "try:\n    from math import exp\nexcept E:\n    pass",
    )
    for imports in (star, attempt):
        assert answer(imports, mine) == f"{imports}\n\n{mine}"


@pytest.mark.parametrize(
    "line",
    [
        "reheat?",
        "?reheat",
        "%timeit reheat([.5], 1)",
        "files = !ls",
        "!pip install x",
        "%%x",
    ],
)
def test_what_only_notebooks_understand_stops_nothing(line: str) -> None:
    continued = "z = (7\n    % 3\n    != 1)"
    assert answer(f"{line}\n{continued}\n{REHEAT.solution}") == REHEAT.solution


@pytest.mark.parametrize("mark", ["\u2028", "\x0c", "\x85", "\x1c"])
def test_only_line_ends_of_python_end_lines(mark: str) -> None:
    assert (
        answer(f"note = 'one{mark}two{mark}three'\n{REHEAT.solution}")
        == REHEAT.solution
    )
    assert answer(REHEAT.solution.replace("\n", "\r\n")) == REHEAT.solution


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_notebook_may_be_saved_in_another_unicode(encoding: str) -> None:
    submission = Submission(handed_in(REHEAT.solution).decode().encode(encoding))
    assert submission.trouble is None and submission.answer(REHEAT) == REHEAT.solution


def test_what_changes_things_of_others_is_no_answer() -> None:
    patched = "np.allclose = lambda *a, **k: True\nreheat.x = 1\nprint('hello')\nraise SystemExit"
    assert answer(patched, REHEAT.solution) == REHEAT.solution


@pytest.mark.parametrize(
    "data, trouble",
    [
        (b"", "The file is empty."),
        (b" \n", "The file is empty."),
        (b"Dear teacher", "The file is no notebook"),
        (b"\x89PNG\r\n\xff\xfe", "The file is no notebook"),
        (b"[1, 2]", "The file is no notebook"),
        (b'{"cells": [{"cell_type": "code", "source": 7}]}', "The file is no notebook"),
        (b'{"cells": [null]}', "The file is no notebook"),
        (handed_in("x = 1")[:-9], "The file is no notebook"),
        (b"[" * 100_000, "The file is no notebook"),
        (handed_in("x = 1\n" * CODE_LIMIT), "Only 300,000 characters of code are read"),
    ],
)
def test_what_cannot_be_read_is_said(data: bytes, trouble: str) -> None:
    submission = Submission(data)
    assert submission.trouble is not None and submission.trouble.startswith(trouble)
    assert submission.answer(REHEAT) is None


@pytest.mark.parametrize(
    "source",
    [
        "-" * 200_000 + "1",
        "(" * 200_000,
        "x\0y",
        "a" + ".b" * 99_999,
        "\n" * 200_000 + "(",  # these took minutes
        " " * 200_000 + "(",
        "x = 1; " * 20_000 + "(",
        "%x\n" + "x = y?\n" * 20_000,
    ],
)
def test_code_that_breaks_parsers_is_a_broken_cell(source: str) -> None:
    assert (
        Submission(handed_in(source, REHEAT.solution)).answer(REHEAT) == REHEAT.solution
    )
    assert Submission(handed_in(source)).answer(REHEAT) is None


@pytest.mark.parametrize(
    "source",
    [
        "reheat = " + "-" * 990 + "1",
        "reheat = x" + ".b" * 500,
        "def reheat(p, t):\n    if t: pass\n" + "    elif t: pass\n" * 900,
        "a = 1; " * 3_000 + "reheat = 1",
        "reheat = " + "lambda: " * 150 + "1",
    ],
)
def test_an_answer_that_is_deep_or_long_is_an_answer(source: str) -> None:
    assert answer(source) is not None


@pytest.mark.parametrize(
    "path, student",
    [
        ("softmax.ipynb", "softmax"),
        ("softmax (1).ipynb", "softmax-1"),
        ("Softmax_ada (2).ipynb", "ada"),
        ("ada-lovelace.ipynb", "ada-lovelace"),
        ("ada/softmax.ipynb", "ada"),
        ("group 3/ada/softmax/softmax.ipynb", "group-3"),
        ("Ng Wei_17_assignsubmission_file_/any name.ipynb", "Ng-Wei_17"),
        ("Ng Wei_17_assignsubmission_file_softmax.ipynb", "Ng-Wei_17"),
        ("ngwei_17_4242_softmax-1.ipynb", "ngwei_17"),
        ("ngwei_LATE_17_4242_softmax-1.ipynb", "ngwei_17"),
        (
            "Eve_66_assignsubmission_file_/Ada_11_assignsubmission_file_x.ipynb",
            "Eve_66",
        ),
        ("Eve_66_assignsubmission_file_Ada_11_assignsubmission_file_x.ipynb", "Eve_66"),
        ("eve/ngwei_17_4242_softmax.ipynb", "eve"),
        ("anon_abcde_4242_softmax.ipynb", "anon_abcde"),
        ("LATE_anon_abcde_4242_softmax.ipynb", "anon_abcde"),
        ("ngwei_17_text.html", "ngwei_17"),
        ("ngwei_LATE_17_link.html", "ngwei_17"),
        ("王伟/softmax.ipynb", "王伟"),
        ("रवि/softmax.ipynb", "रवि"),
        ("रवी/softmax.ipynb", "रवी"),
        ("Ju\u0308rgen/softmax.ipynb", "J\u00fcrgen"),
        ("J\udcfcrgen/softmax.ipynb", "J-rgen"),
        ("../softmax.ipynb", "unnamed"),
        ("....ipynb", "unnamed"),
    ],
)
def test_students_are_known_by_file_or_folder(path: str, student: str) -> None:
    assert owner_of(Path(path), "softmax").student == student


def test_collected_answers_stand_in_the_release(course: Course, tmp_path: Path) -> None:
    (tmp_path / "ada_1_assignsubmission_file_").mkdir()
    (tmp_path / "ada_1_assignsubmission_file_" / "x.json").write_bytes(
        handed_in(
            REHEAT.solution,
            "with checking('reheat'):\n    pass",
            metadata={"nbgrader": 5},
        )
    )
    for n, source in enumerate(["def reheat(p, t): return 1", REHEAT.solution]):
        name = tmp_path / f"bob{' (1)' * n}.ipynb"
        name.write_bytes(handed_in(source))
        os.utime(name, (0, 0))
    (tmp_path / "bob.pdf").write_bytes(b"%PDF")
    (tmp_path / "cy.ipynb").write_bytes(
        handed_in(ASSIGNMENTS["attention"].exercises["attend"].solution)
    )
    (tmp_path / "dan.ipynb").symlink_to("/etc/passwd")
    found = {one.student: one for one in collect(course, "softmax", tmp_path)}
    assert {name: (one.answers, one.files) for name, one in found.items()} == {
        "ada_1": (1, 1),
        "bob": (1, 3),
        "cy": (0, 1),
        "dan": (0, 1),
    }
    assert found["dan"].trouble == "'dan.ipynb' is only a link to another file."
    assert found["cy"].trouble == "The file belongs to the assignment 'attention'."
    released = nbformat.read(course.notebook("release", "softmax"), as_version=4)
    for student in ("ada_1", "bob"):
        copy = nbformat.read(
            course.notebook("submitted", "softmax", student), as_version=4
        )
        changed = [c for c, r in zip(copy.cells, released.cells, strict=True) if c != r]
        assert [cell.source for cell in changed] == [REHEAT.solution]


def put(folder: Path, files: dict[str, bytes]) -> None:
    """Files that are written one a minute, the last one now."""
    for age, (name, data) in enumerate(reversed(files.items())):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (1e9 - 60 * age,) * 2)


def test_the_newest_file_with_an_answer_counts(course: Course, tmp_path: Path) -> None:
    put(
        tmp_path / "1", {"eve/a.ipynb": handed_in(REHEAT.solution), "eve/b.ipynb": b"?"}
    )
    put(tmp_path / "2", {"eve/c.ipynb": handed_in(REHEAT.stub)})
    ((one), (two)) = (list(collect(course, "softmax", tmp_path / n)) for n in "12")
    assert one == [Collected("eve/a.ipynb", "eve", 1, 2, None)]
    assert two == [
        Collected("eve/c.ipynb", "eve", 0, 1, None, "The earlier file stays.")
    ]
    kept = course.notebook("submitted", "softmax", "eve").read_text("utf-8")
    assert json.dumps(REHEAT.solution.splitlines()[1] + "\n") in kept


def test_one_folder_around_all_makes_nobody_one_student(
    course: Course, tmp_path: Path
) -> None:
    put(tmp_path, {f"hand-in/softmax_{n}.ipynb": handed_in("x = 1") for n in "abc"})
    with pytest.raises(
        ValueError, match="all 3 files would be those of one student, 'hand-in'"
    ):
        list(collect(course, "softmax", tmp_path))
    assert len(list(collect(course, "softmax", tmp_path / "hand-in"))) == 3


def test_names_of_files_can_be_printed_anywhere(course: Course, tmp_path: Path) -> None:
    put(tmp_path, {"J\udcfcrgen/\x1b[2J.ipynb": handed_in("x = 1")})
    (one,) = collect(course, "softmax", tmp_path)
    assert (one.student, one.file) == ("J-rgen", "J?rgen/?[2J.ipynb")


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for year, (name, data) in enumerate(reversed(files.items())):
            archive.writestr(zipfile.ZipInfo(name, (2026 - year, 1, 1, 0, 0, 0)), data)
    return path


def test_a_zip_file_is_a_folder_of_downloads(course: Course, tmp_path: Path) -> None:
    folder = "Kim_9_assignsubmission_file_/"
    files = {
        "../../out.ipynb": handed_in("x = 1"),
        f"{folder}a.ipynb": handed_in(
            REHEAT.solution, SOFTMAX["loss-in-bits"].solution
        ),
        f"{folder}b.ipynb": handed_in(REHEAT.solution),  # the newest
    }
    found = list(collect(course, "softmax", zipped(tmp_path / "all.zip", files)))
    assert [(one.student, one.answers) for one in found] == [("Kim_9", 1), ("out", 0)]
    assert [path.name for path in tmp_path.rglob("*")] == ["all.zip"]


def test_a_zip_file_that_is_damaged_is_told(course: Course, tmp_path: Path) -> None:
    path = zipped(tmp_path / "all.zip", {"a.ipynb": b"x" * 999_999})
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(path.read_bytes().replace(b"xxxx", b"yyyy", 1))
    for file in (damaged, Path(__file__)):
        with pytest.raises(
            ValueError, match=f"{file.name} is no zip file that can be read"
        ):
            list(collect(course, "softmax", file))


def test_collecting_says_what_is_missing(course: Course, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no files"):
        list(collect(course, "softmax", tmp_path))
    with pytest.raises(ValueError, match="was not released"):
        list(collect(Course(tmp_path), "softmax", tmp_path))


# What the guide says


def column(page: str, heading: str, number: int = 0) -> list[str]:
    """The code in a column of the first table below a heading of a page of the book."""
    section = (BOOK / page).read_text("utf-8").split(f"## {heading}\n")[1]
    rows = re.findall(r"^\|.*\|$", section.split("\n## ")[0], re.MULTILINE)
    return [row.split(" | ")[number].strip("| `") for row in rows[2:]]


@pytest.mark.parametrize(
    "page, heading",
    [("teachers.md", "What each message means"), ("students.md", "What you get back")],
)
def test_the_guide_names_messages_that_the_grader_has(page: str, heading: str) -> None:
    code = "".join(
        path.read_text("utf-8") for path in (BOOK / "lmlib/classroom").glob("*.py")
    )
    messages = column(page, heading)
    assert len(messages) > 5
    parts = [part for message in messages for part in message.split("…")]
    assert not [part for part in parts if part not in code]


def test_the_guide_says_whose_a_file_is() -> None:
    paths, students = (column("teachers.md", "Collect", n) for n in (1, 2))
    assert len(paths) > 5
    assert [owner_of(Path(path), "softmax").student for path in paths] == students


# Values


def test_values_come_back_as_they_were() -> None:
    for value in (
        None,
        [True, 1, 2.5, "a", b"\xff"],
        {"a": (1, {2}), (1, 2): []},
        [float("inf")],
    ):
        assert values.decode(json.loads(json.dumps(values.encode(value)))) == value


@pytest.mark.parametrize(
    "forged",
    [
        {"code": "print(1)"},
        {"table": 1, "dict": 2},
        {},
        {"set": [[1]]},
        {"bytes": "x"},
        {"float": "1"},
    ],
)
def test_forged_values_are_refused(forged: dict) -> None:
    with pytest.raises((ValueError, TypeError)):
        values.decode(forged)


def test_what_no_exercise_asks_for_is_equal_to_nothing() -> None:
    class Yes:
        def __eq__(self, other: object) -> bool:
            return True

    yes = values.decode(values.encode(Yes()))
    assert not equal(1, yes) and not equal([yes], [yes])
    assert not equal([1], [1, 1]) and not equal({1: 2}, {1: 3})
    assert equal(float("nan"), float("nan")) and not equal(True, 1)


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_one_number_of_an_array_or_a_tensor_is_a_number(library: str) -> None:
    make = getattr(
        pytest.importorskip(library), {"numpy": "array", "torch": "tensor"}[library]
    )
    assert values.encode([*make([1.5, 2.0]), make(3), make(True)]) == [
        1.5,
        2.0,
        3,
        True,
    ]
    whole = values.decode(values.encode(make([[1.5, 2.0], [float("inf"), 3]])))
    assert whole == Array((2, 2), (1.5, 2.0, float("inf"), 3.0))
    assert equal([[1.5, 2.0], [float("inf"), 3.0]], whole) and equal(whole, whole)
    assert not equal([1.5, 2.0], whole) and not equal([[1.5, 2.0, 1.0, 3.0]], whole)


def test_numbers_are_equal_as_far_as_seven_digits_tell() -> None:
    assert not equal(2_359_296, 2_359_297) and equal(3, 3.0000000001)
    assert not equal(2_359_296, 2_359_297.0) and equal(2_359_296, 2_359_296.0)
    assert equal(0.1, float(torch.tensor(0.1))) and not equal(0.1, 0.1001)
    assert equal([0.0, 1.0], [6e-17, 1.0]) and equal([1000.0, 0.0], [1000.0, 1e-5])
    assert not equal(0.0, 1e-5) and not equal([0.0, 1.0], [1e-5, 1.0])


def test_modules_and_tensors_make_the_journey() -> None:
    """A module with given weights as an argument, and a class that is given weights."""
    layer = torch.nn.Linear(2, 1)
    space = {"nn": torch.nn}
    made = Made("nn.Linear(2, 1)", layer.state_dict())
    for argument in (made, torch.ones(1, 2), torch.tensor([3])):
        sent = json.loads(json.dumps(values.encode(argument)))
        got = values.decode(sent, space)
        again = values.encode(got)
        assert again == values.encode(layer if argument is made else argument)
        assert isinstance(got, torch.nn.Linear if argument is made else torch.Tensor)
    use = values.encode([Use((2, 1), layer.state_dict(), (torch.ones(1, 2),))])
    arguments = values.decode(json.loads(json.dumps(use)), space)
    found = outcome(torch.nn.Linear, arguments)
    assert equal(
        values.decode(values.encode(layer(torch.ones(1, 2)))),
        values.decode(found["value"]),
    )


@pytest.mark.parametrize(
    "matrices",
    [
        ([["x" * 40_000]], [[10**6]]),  # these two multiply to 40 GB
        ([[1]], [["x"]]),
        ([[1]] * 30_000, [[1]] * 30_000),  # and these take hours
        ([[10**400]], [[1e308]]),
        ([(1.0,)], [(1.0,)]),
        [[[1.0]], [[1.0]]],
        None,
    ],
)
def test_nothing_that_comes_back_can_stop_the_grader(matrices: Any) -> None:
    one = task("attention", "copy-head")
    forged = {"value": values.encode(matrices), "after": []}
    hidden = one.examples(one.assignment.inputs("copy-head", "seed"))
    for example in (*one.check.examples, *hidden):
        assert not one.check.right(example, forged)
    assert fault(one.check, [forged] * len(one.check.examples), own=False)


def test_random_arguments_survive_the_journey() -> None:
    for assignment, exercise in EXERCISES.values():
        for args in assignment.inputs(exercise.name, str(random.Random(0).random())):
            if "code" not in json.dumps(args):
                assert values.encode(values.decode(args)) == args
