"""Attacks on the grader that were tried by hand and went through once: each stands for a kind."""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from test_classroom import softmax_class

from lmlib.classroom import autograde, sandbox, shards
from lmlib.classroom.answers import Submission
from lmlib.classroom.assignments import Assignment
from lmlib.classroom.collect import collect
from lmlib.classroom.course import Course
from lmlib.classroom.grading import NOT_FOR_ALL, TOO_MUCH, Grade, Grader
from lmlib.classroom.received import built_in, outcomes_in
from lmlib.classroom.sentences import fault, gave
from lmlib.classroom.statements import Part
from lmlib.classroom.tasks import Answer, Task
from lmlib.classroom.values import encode

pytestmark = pytest.mark.filterwarnings("ignore:Object of type")  # SQLAlchemy's
SOFTMAX = Assignment("softmax")
EXERCISES = SOFTMAX.exercises
REHEAT = EXERCISES["reheat"]
TASKS = {name: Task(SOFTMAX, exercise) for name, exercise in EXERCISES.items()}
LINE = "    top = "


@pytest.fixture
def real() -> None:
    if sys.platform != "linux":
        pytest.skip("bubblewrap, the sandbox, is there for Linux only")
    if not sandbox.available():
        pytest.fail("no sandbox here: run `make sandbox`, which installs bubblewrap")


def notebook(*cells: Any) -> bytes:
    listed = [{"cell_type": "code", "source": cell} for cell in cells]
    return json.dumps({"cells": listed}).encode()


def answers(*cells: str) -> dict[str, Answer | None]:
    """All answers of a notebook with these cells."""
    found = Submission(notebook(*cells))
    return {
        name: Answer(found.answer(e) or "", found.cells[: found.until(e)])
        for name, e in EXERCISES.items()
    }


def graded(*cells: str) -> Grade:
    one = {"reheat": answers(*cells)["reheat"]}
    return Grader({"reheat": TASKS["reheat"]}, "seed").grade(one)["reheat"]


# What comes back cannot stop the grader, which has no limit of time and memory


def nested(kind: str, levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"list": [value], "tuple": {"tuple": [value]}}.get(
            kind, {"dict": [[1, value]]}
        )
    return value


COLLIDING = [key * (2**61 - 1) for key in range(10_000)]  # all have the hash 0
FORGED = {
    "no shape": {"array": [[], [1]]},
    "a shape of fractions": {"array": [[1.0, 1], [1]]},
    "a shape below zero": {"array": [[-1, -1], [1]]},
    "a shape of letters": {"array": ["ab", []]},
    "a shape of truths": {"array": [[True], [1]]},
    "rows without end": {"array": [[10**12, 0], []]},
    "rows of rows": {"array": [[10**4, 10**4, 0], []]},
    "a list as a number": {"array": [[1], [{"tuple": [1]}]]},
    "lists in lists": nested("list", 450),
    "tuples in tuples": nested("tuple", 300),
    "dictionaries in dictionaries": nested("dict", 200),
    "a set that takes hours": {"set": COLLIDING},
    "a dictionary that takes hours": {"dict": [[key, 0] for key in COLLIDING]},
    "two kinds": {"set": [], "tuple": []},
}


@pytest.mark.parametrize("value", FORGED.values(), ids=FORGED)
def test_no_value_stops_the_grader_or_takes_its_time(value: Any) -> None:
    check, started = TASKS["reheat"].check, time.process_time()
    for one in (
        {"value": value, "after": []},
        {"value": 1, "after": value},
        {"value": [0.5, value], "after": []},
    ):
        found = outcomes_in({"results": [one] * 5}, 5)
        assert found and fault(check, found, own=False) and gave(check, found[0])
    assert time.process_time() - started < 2


def test_honest_arrays_without_numbers_are_arrays() -> None:
    import numpy as np

    for shape in ((0,), (0, 3), (3, 0)):
        sent = {"value": encode(np.zeros(shape)), "after": []}
        (found,) = outcomes_in({"results": [sent]}, 1) or []
        assert found == sent


def test_only_exceptions_are_named() -> None:
    assert built_in("ValueError") == "ValueError"
    for other in ("int", "print", "__doc__", "Right", 5, ["x"], None):
        assert built_in(other) == "an error"


def test_a_number_of_any_length_is_a_result(real: None) -> None:
    """It was told that its answer had ended Python itself."""
    grade = graded("def reheat(probs, temperature):\n    return [10**9999] * 4")
    assert grade.reason.startswith("reheat([0.5714…") and "huge int" in grade.note


# What comes back of a run with hidden inputs

SEES = """import sys
frame = sys._getframe()
while 'job' not in frame.f_locals: frame = frame.f_back
hidden = 'inputs' in frame.f_locals['job']
"""


def if_hidden(does: str) -> str:
    return SEES + REHEAT.solution.replace(LINE, f"    if hidden: {does}\n{LINE}")


BITS = {
    "wrong": if_hidden("return []"),
    "raises": if_hidden("raise BlockingIOError(probs)"),
    "the cell raises": f"{SEES}{REHEAT.solution}\nif hidden:\n    del reheat\n    raise BlockingIOError",
    "the cell raises another": f"{SEES}{REHEAT.solution}\nif hidden:\n    del reheat\n    raise KeyError",
    "crashes": if_hidden("import ctypes; ctypes.string_at(0)"),
    "ends": if_hidden("import os; os._exit(1)"),
    "an alarm": if_hidden("import signal as s; s.signal(14, s.SIG_DFL); s.alarm(1); s.pause()"),
    "writes": if_hidden("import os; [os.write(n, b'x') for n in range(3, 9)]"),
    "too much": if_hidden("return ['x' * 300_000]"),
}  # fmt: skip


@pytest.mark.parametrize("source", BITS.values(), ids=BITS)
def test_a_run_with_hidden_inputs_tells_nothing_in_its_reason(
    real: None, source: str
) -> None:
    grade = graded(source)
    assert (grade.right, grade.reason) == (False, NOT_FOR_ALL) and grade.note


@pytest.mark.parametrize("does", ["import time; time.sleep(99)", "while True: pass"])
def test_what_was_stopped_with_hidden_inputs_is_told_in_one_sentence(
    real: None, does: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "EACH", 2.0)
    lines = does if does.startswith("import") else "\n        while True: pass"
    grade = graded(if_hidden(lines))
    assert grade.reason == TOO_MUCH and "it was stopped after" in grade.note


def test_another_cell_means_other_hidden_inputs() -> None:
    """Or each submission with the same answer could ask for one more bit of the same inputs."""
    saved = REHEAT.solution
    digests = {Answer(saved, [head, saved]).digest for head in ("bit = 1", "bit = 2")}
    same = {Answer(saved, [head, saved]).digest for head in ("x=1", "x = 1  # one")}
    assert len(digests) == 2 and len(same) == 1


# Time

SLEEPS = "import time\n    time.sleep(999)"


def test_the_checks_leave_time_for_the_hidden_inputs(
    real: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "SUBMISSION", 9.0)
    cells = [e.stub.replace("raise NotImplementedError", SLEEPS) for e in EXERCISES.values()]  # fmt: skip
    grader = Grader(TASKS, "seed")
    *_, last = grader.grade(
        answers(*cells[:-1], EXERCISES["loss-in-bits"].solution)
    ).values()
    assert last.right, last
    assert grader.budget.seconds > 1.5


def test_an_import_that_takes_long_takes_no_points(real: None) -> None:
    """The clock ran on while torch was imported, and all results were lost when it was over."""
    sleeps = {"readings": [["import time\ndef f(x): time.sleep(99)"]], "function": "f"}
    honest = {"readings": [["def f(x): return x"]], "function": "f"}
    jobs = [job | {"setup": "", "inputs": [[1]]} for job in (*[sleeps] * 6, honest)]
    *stopped, last = sandbox.run(jobs, sandbox.Budget(20.0), preload=["torch"])
    assert last[0]["results"] == [{"value": 1, "after": [1]}]
    assert all("does it wait" in one["died"] for (one,) in stopped)


def test_slow_cells_above_take_no_points(
    real: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notebook that trains twice, above four right answers."""
    monkeypatch.setattr(sandbox, "SUBMISSION", 18.0)
    slow = ["import time\ntime.sleep(99)"] * 2
    found = Grader(TASKS, "seed").grade(
        answers(*slow, *(e.solution for e in EXERCISES.values()))
    )
    assert all(grade.right for grade in found.values()), found


@pytest.mark.parametrize(
    "above, does, why",
    [
        ("", "import os\n    os.closerange(0, 64)\n    while True: pass", "a loop"),
        ("while True: pass", SLEEPS, "it wait for something"),
    ],
)
def test_what_an_answer_did_when_it_was_stopped_is_told(
    real: None, above: str, does: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the processor's time, that counts which passed since the function was there."""
    monkeypatch.setattr(sandbox, "EACH", 4.0)
    source = REHEAT.stub.replace("raise NotImplementedError", does)
    assert f"does {why}" in graded(above, source).reason


# The same again, byte for byte


def test_run_again_is_only_what_was_stopped(
    real: None, tmp_path: Path, tmp_path_factory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that throws dice, tells the time or its address does not do so again."""
    monkeypatch.setattr(sandbox, "EACH", 1.0)
    course, downloads = Course(tmp_path / "course"), tmp_path / "downloads"
    released = softmax_class(tmp_path_factory).path
    shutil.copytree(released, course.path, ignore=shutil.ignore_patterns("submitted"))
    downloads.mkdir()
    dice = (
        "import os, time\n    raise ValueError(os.urandom(8), time.time_ns(), id([]))"
    )
    stubs = [e.stub for e in EXERCISES.values()]
    cells = [stub.replace("raise NotImplementedError", dice) for stub in stubs]
    cells[1] = stubs[1].replace("raise NotImplementedError", SLEEPS)
    (downloads / "ada.ipynb").write_bytes(notebook(*cells))
    list(collect(course, "softmax", downloads))
    ran: list[int] = []
    run = sandbox.run

    def watched(jobs: list[dict], *more: Any) -> Any:
        ran.append(len(jobs))
        return run(jobs, *more)

    monkeypatch.setattr(sandbox, "run", watched)
    files = (course.notebook("autograded", "softmax", "ada"), autograde.record(course, "softmax", "ada"))  # fmt: skip
    made = []
    for _ in range(2):
        list(shards.grade(course, "softmax"))
        made.append([file.read_bytes() for file in files])
        shards.forget(course, "softmax", "ada")
    assert made[0] == made[1] and ran == [len(EXERCISES), 1]


def test_a_name_that_is_set_thousands_of_times_takes_no_minutes() -> None:
    """Each of these statements needs the one before it."""
    found = Submission(notebook())
    answer = REHEAT.solution.replace("1 / temperature", "k / temperature")
    found.parts = [Part("k += 1", frozenset({"k"}), 0)] * 50_000
    found.parts.append(Part(answer, frozenset({"reheat"}), 0))
    started = time.process_time()
    assert (found.answer(REHEAT) or "").count("k += 1\n") == 50_000
    assert time.process_time() - started < 5


# Clumsy files


@pytest.mark.parametrize(
    "broken", [None, 5, "x", [], {}, {"source": 7, "cell_type": "code"},
               {"cell_type": "code", "source": {"a": 1}}, {"cell_type": "code", "source": [["x"], None]}]
)  # fmt: skip
def test_a_cell_that_is_none_damages_no_file(broken: Any) -> None:
    cell = {"cell_type": "code", "source": REHEAT.solution}
    found = Submission(json.dumps({"cells": [broken, cell, broken]}).encode())
    assert found.trouble is None and found.answer(REHEAT) == REHEAT.solution
