"""Grades: answers run in the sandbox, their values are compared out here, and each grade has a reason.

First all answers of a submission are called with the examples of their visible checks, which everybody may
know. What fails there has its reason, made of the check's own words and numbers. Only then hidden inputs
are drawn, from the class's secret seed and the answer itself: what one run could learn of them, and leave
somewhere, helps no other. From that second run nothing comes back to a student but whether an answer is right,
or was stopped.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from lmlib.classroom import sandbox, sentences
from lmlib.classroom.received import built_in, outcomes_in
from lmlib.classroom.tasks import Answer, Task


class Grade(NamedTuple):
    """A reason is for the student; a ``note`` is for the teacher, and may hold what the answer itself said."""

    right: bool
    reason: str
    note: str = ""


class Grader:
    """Grades one submission. ``seed`` is the secret of the class."""

    def __init__(self, tasks: dict[str, Task], seed: str, sandboxed: bool = True):
        self.tasks, self.seed, self.sandboxed = tasks, seed, sandboxed
        self.budget = sandbox.Budget()
        self.budget.kept = sandbox.HIDDEN * self.budget.seconds
        self.budget.above = sandbox.ABOVE * self.budget.seconds / (2 * len(tasks) or 1)

    def grade(self, answers: dict[str, Answer | None]) -> dict[str, Grade]:
        """A grade for each exercise. All of them together take at most a minute."""
        given = {name: answer for name, answer in answers.items() if answer}
        grades = {name: NOT_ANSWERED for name in self.tasks}
        jobs = {
            name: self.tasks[name].job(answer.readings, check=self._check(name))
            for name, answer in given.items()
        }
        chosen: dict[str, list[str]] = {}
        for name, outcomes in self._run(jobs).items():
            judged = [self._visible(name, found) for found in outcomes]
            best = max(judged, key=lambda one: one[0])
            grades[name] = best[1]
            if best[1].right:
                chosen[name] = given[name].readings[judged.index(best)]
        return grades | self._hidden(chosen, given)

    def _check(self, name: str) -> str:
        return self.tasks[name].exercise.check

    def _run(self, jobs: dict[str, dict]) -> dict[str, list[dict[str, Any]]]:
        text = repr(jobs)
        preload = [name for name, used in PRELOAD.items() if re.search(used, text)]
        found = sandbox.run([*jobs.values()], self.budget, self.sandboxed, preload)
        return dict(zip(jobs, found, strict=True))

    def _visible(self, name: str, found: dict[str, Any]) -> tuple[int, Grade]:
        """How many examples of the visible check are right, and a grade that is final where not all are."""
        if failed := _failed(found):
            return -1, failed
        check = self.tasks[name].check
        results = outcomes_in(found, len(check.examples))
        if results is None:
            return -1, Grade(False, f"{DIED}it wrote into the grader's own channel")
        fault = sentences.fault(check, results, own=False)
        if fault is None:
            return len(results), Grade(True, "")
        right = sum(map(check.right, check.examples, results))
        gave = sentences.gave(check, results[check.wrong(results) or 0])
        return right, Grade(False, fault, f"What the answer gave: {gave!r}")

    def _hidden(
        self, chosen: dict[str, list[str]], given: dict[str, Answer]
    ) -> dict[str, Grade]:
        """Grades of answers that are right for the visible check."""
        inputs = {
            name: self.tasks[name].assignment.inputs(
                name, f"{self.seed} {given[name].digest}"
            )
            for name in chosen
        }
        jobs = {
            name: self.tasks[name].job([cells], inputs=inputs[name])
            for name, cells in chosen.items()
        }
        self.budget.kept = 0.0
        found = self._run(jobs) if jobs else {}
        return {
            name: self._of_hidden(name, inputs[name], *outcomes)
            for name, outcomes in found.items()
        }

    def _of_hidden(self, name: str, inputs: list[Any], found: dict[str, Any]) -> Grade:
        if failed := _failed(found):
            slow = found.get("died") in sandbox.stopped()
            return Grade(False, TOO_MUCH if slow else NOT_FOR_ALL, failed.reason)
        task = self.tasks[name]
        examples = task.examples(inputs)
        results = outcomes_in(found, len(examples)) or []
        right = sum(map(task.check.right, examples, results))
        if right == len(examples):
            return Grade(True, f"Right for all {right} hidden inputs.")
        wrong = f"Wrong for {len(examples) - right} of {len(examples)} hidden inputs."
        return Grade(False, NOT_FOR_ALL, wrong)


DIED = "Your function gave nothing back: "
NOT_ANSWERED = Grade(False, "Not answered.")
NOT_FOR_ALL = (
    "The check in the notebook passes, but the answer is not right for all inputs."
)
TOO_MUCH = "The check in the notebook passes, but with other inputs it takes too much time or memory: it was stopped."
PRELOAD = {
    "torch": r"\btorch\b|from lmlib(?!\.classroom)|import lmlib",
    "numpy": r"\bnumpy\b",
    "matplotlib.pyplot": r"\bmatplotlib\b",
}
"""Modules that take long to import, and what in an answer asks for them."""


def stopped(grade: Grade) -> bool:
    """Whether a busy machine may be the reason of a grade."""
    why = grade.reason.removeprefix(DIED)
    return grade.reason == TOO_MUCH or why in sandbox.stopped()


def _failed(found: dict[str, Any]) -> Grade | None:
    """The grade of an answer that gave no values."""
    if "died" in found:
        return Grade(False, f"{DIED}{found['died']}")
    if "broken" in found:
        return Grade(False, f"The cell does not run: {built_in(found['broken'])}.")
    return None
