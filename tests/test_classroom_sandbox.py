"""Every exercise in the real sandbox: one right answer and one wrong one; test_classroom.py knows all wrong ones."""

import sys

import pytest

from lmlib.classroom import sandbox
from lmlib.classroom.assignments import Assignment, topics
from lmlib.classroom.exercises import Exercise
from lmlib.classroom.grading import Expected, grade

EXERCISES = {
    f"{topic}-{name}": (assignment, exercise)
    for topic, assignment in ((topic, Assignment(topic)) for topic in topics())
    for name, exercise in assignment.exercises.items()
}


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox, with time enough for a busy machine to import torch in it."""
    if sys.platform != "linux":
        pytest.skip("bubblewrap, the sandbox, is there for Linux only")
    if not sandbox.available():
        pytest.fail("no sandbox here: run `make sandbox`, which installs bubblewrap")
    monkeypatch.setattr(sandbox, "SECONDS", 120)
    monkeypatch.setitem(sandbox.LIMITS, "CPU", 60)


@pytest.mark.usefixtures("real")
@pytest.mark.parametrize("assignment, exercise", EXERCISES.values(), ids=EXERCISES)
def test_a_right_and_a_wrong_answer(assignment: Assignment, exercise: Exercise) -> None:
    expected = Expected(assignment, exercise, "a class")
    passed, reason = grade(expected, exercise.solution)
    assert passed, reason
    right, wrong = assignment.mistakes()[exercise.name][0]
    passed, reason = grade(expected, exercise.solution.replace(right, wrong))
    assert not passed
    assert len(reason) > 20 and "The check in the notebook passes" not in reason
