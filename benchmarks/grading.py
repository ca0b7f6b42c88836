"""Seconds to grade a submission: honest ones, wrong ones, and those that never end.

    python benchmarks/grading.py

Answers are graded one submission after the other, as ``python -m lmlib.classroom grade`` does it in one
process, without nbgrader's share, which is about a third of a second. It needs the sandbox: bubblewrap and
libseccomp (``make sandbox``).
"""

from __future__ import annotations

import math
import statistics
import time

from lmlib.classroom import sandbox
from lmlib.classroom.assignments import Assignment
from lmlib.classroom.grading import Grader
from lmlib.classroom.known import mistakes
from lmlib.classroom.tasks import Answer, Task

SUBMISSIONS = 5
LOOP = "def {}(*args):\n    while True: pass"
SLEEP = "import time\ndef {}(*args):\n    time.sleep(999)"


def seconds(tasks: dict[str, Task], sources: dict[str, str], repeats: int) -> float:
    """The median of some submissions with these answers."""
    found = []
    for n in range(repeats):
        answers = {name: Answer(f"# {n}\n{s}", []) for name, s in sources.items()}
        started = time.perf_counter()
        Grader(tasks, "a seed").grade(answers)
        found.append(time.perf_counter() - started)
    return statistics.median(found)


def measure() -> list[dict]:
    """A row for each kind of submission."""
    if not sandbox.available():
        raise RuntimeError(sandbox.NO_SANDBOX)
    rows = []
    for topic in ("softmax", "attention"):
        assignment = Assignment(topic)
        exercises = assignment.exercises.items()
        tasks = {name: Task(assignment, exercise) for name, exercise in exercises}
        kinds = {
            "right": ({name: e.solution for name, e in exercises}, SUBMISSIONS),
            "wrong": (
                {n: found[0].source for n, found in mistakes(assignment).items()},
                SUBMISSIONS,
            ),
            "endless": ({name: LOOP.format(e.function) for name, e in exercises}, 1),
            "asleep": ({name: SLEEP.format(e.function) for name, e in exercises}, 1),
        }
        for kind, (sources, repeats) in kinds.items():
            work = f"grading {topic}, {len(tasks)} exercises, all answers {kind}"
            took = seconds(tasks, sources, repeats)
            row = {"work": work, "ours": took, "peer": math.nan, "unit": "s"}
            rows.append(row | {"ratio": math.nan})
    return rows


if __name__ == "__main__":
    for row in measure():
        print(f"{row['work']}: {row['ours']:.2f} s")
