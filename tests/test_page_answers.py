"""Every known answer to the exercises of a page, in a real browser: right ones pass, wrong ones get their hint.

All answers of a chapter go through one Python in one worker, as the page has it, without a click each.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import Any

import pytest
from page.lessons import ELSEWHERE, exercises_here
from playwright.sync_api import Browser
from support.visits import address, visit

from lmlib.classroom.assignments import Assignment, topics
from lmlib.classroom.known import forms, mistakes

pytestmark = pytest.mark.usefixtures("built")

TASKS = {"attend", "heads", "hide-later", "block", "gpt", "look-up", "word-scores"}
"""Tasks on tensors that must be among them."""
LACKS = re.compile(
    r"No module named '|has no attribute '|unexpected keyword argument '"
)
"""What is said of an answer that needs more of Python or PyTorch than a page has."""
OTHER_HINTS = {
    ("perplexity", "A small number added before the logarithm"),
    ("mixture", "You draw the experts by chance"),
}
"""Wrong answers that are told something else: one whose last digit differs, since float32 adds up in another order
here, and one that draws other numbers than Python's `random` with the same seed."""
UNUSUAL = 0.5
"""Share of the right answers in unusual forms that may need more: each chapter has some with NumPy."""
FEW = 0.06
"""Share of the wrong answers of a chapter that may need more of Python or PyTorch, so that they are told that."""

# Starts the page's Python, and hands it one answer after the other.
RUN = """async (answers) => {
  const [script, lesson, rare] = await Promise.all(["python.js", bookWork.data, "rare.js"].map(bookWork.load));
  let worker = null;
  const start = () => new Promise((ready, failed) => {
    worker = new Worker(URL.createObjectURL(new Blob([script])));
    worker.onmessage = ready;
    worker.onerror = (event) => failed(new Error(event.message));
  });
  const ask = (message) => new Promise((end) => {
    let said = "";
    const clock = setTimeout(async () => {
      worker.terminate();
      await start();
      end([`${said} (stopped)`, false]);
    }, 30000);
    worker.onmessage = ({ data }) => {
      said += data.text ?? "";
      if (!data.done) return;
      clearTimeout(clock);
      end([said, data.right]);
    };
    worker.postMessage(message);
  });
  await start();
  await ask({ modules: rare, setup: "", code: "" });
  const results = [];
  for (const [name, code] of answers) {
    const { modules, setup, exercises } = lesson;
    results.push(await ask({ modules, setup, code, check: exercises[name].check }));
  }
  return results;
}"""


@cache
def assignment(topic: str) -> Assignment:
    return Assignment(topic)


def here(topic: str) -> list[str]:
    return [name for name, is_here in exercises_here(topic).items() if is_here]


def run(
    browser: Browser, where: str, topic: str, answers: list[tuple[str, str]]
) -> list[Any]:
    with visit(browser, address(where, f"chapters/{topic}.html")) as seen:
        found = seen.page.evaluate(RUN, answers)
        assert not seen.problems
    return found


def without_torch(topic: str, name: str) -> bool:
    exercise = assignment(topic).exercises[name]
    return "torch" not in assignment(topic).setup(exercise.solution, exercise.check)


def test_nearly_all_exercises_without_pytorch_run_on_a_page() -> None:
    counts: Counter[bool] = Counter()
    for topic in topics():
        for name, is_here in exercises_here(topic).items():
            if without_torch(topic, name):
                counts[is_here] += 1
    assert counts.total() > 60
    assert counts[True] >= 0.95 * counts.total()


def test_so_do_tasks_on_tensors() -> None:
    names = {
        name
        for topic in topics()
        for name in here(topic)
        if not without_torch(topic, name)
    }
    assert names >= TASKS and len(names) >= 40
    assert not names & {*ELSEWHERE}


@pytest.mark.parametrize("topic", topics())
def test_answers_get_on_the_page_what_they_get_in_a_notebook(
    topic: str, browser: Browser, served: str
) -> None:
    chapter = assignment(topic)
    wrong = [
        (name, mistake)
        for name, found in mistakes(chapter).items()
        for mistake in found
        if name in here(topic)
    ]
    unusual = [
        (name, code)
        for name, found in forms(chapter).items()
        for code in found
        if name in here(topic)
    ]
    answers = [(name, chapter.exercises[name].solution) for name in here(topic)]
    answers += [(name, mistake.source) for name, mistake in wrong] + unusual
    answers += [(name, "def another(*args):\n    pass") for name in here(topic)]
    where = served if topic == "softmax" else "file"
    results = run(browser, where, topic, answers)
    solved, rest = results[: len(here(topic))], results[len(here(topic)) :]
    for (name, _), (said, right) in zip(answers, solved, strict=False):
        assert right, f"{name}: {said}"
    others, lacking = [], 0
    for (name, mistake), (said, right) in zip(wrong, rest, strict=False):
        assert not right, f"{name} takes {mistake.source!r}"
        if mistake.hint in said:
            continue
        if LACKS.search(said):
            lacking += 1
        else:
            others.append((name, mistake.hint, said, mistake.source))
    assert [
        other
        for other in others
        if not any(other[0] == n and other[1].startswith(h) for n, h in OTHER_HINTS)
    ] == []
    assert lacking <= FEW * len(wrong)
    unable, empty = 0, rest[len(wrong) + len(unusual) :]
    # Nor does the book's own function pass, which a chapter may lend to later exercises.
    for name, (said, right) in zip(here(topic), empty, strict=True):
        assert not right and "There is no" in said, f"{name}: {said}"
    unusual_rest = rest[len(wrong) : len(wrong) + len(unusual)]
    for (name, code), (said, right) in zip(unusual, unusual_rest, strict=True):
        assert right or LACKS.search(said), f"{name}: {said} {code}"
        unable += not right
    assert unable <= UNUSUAL * len(unusual)
