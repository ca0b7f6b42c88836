"""The real sandbox: what it refuses, what it lets through, and every exercise in it, one right answer and one wrong."""

from __future__ import annotations

import json
import platform
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lmlib.classroom import sandbox, system_calls
from lmlib.classroom.answers import Submission
from lmlib.classroom.assignments import Assignment, topics
from lmlib.classroom.grading import Grade, Grader
from lmlib.classroom.known import mistakes
from lmlib.classroom.tasks import Answer, Task

SOFTMAX = Assignment("softmax")
REHEAT = SOFTMAX.exercises["reheat"]
SOLUTION = REHEAT.solution
LINE = "top = max(probs)"


@pytest.fixture(autouse=True)
def real(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox, with time enough for a busy machine to import torch in it."""
    if sys.platform != "linux":
        pytest.skip("bubblewrap, the sandbox, is there for Linux only")
    if not sandbox.available():
        pytest.fail("no sandbox here: run `make sandbox`, which installs bubblewrap")
    monkeypatch.setattr(sandbox, "SUBMISSION", 240.0)


def tasks(assignment: Assignment) -> dict[str, Task]:
    return {n: Task(assignment, e) for n, e in assignment.exercises.items()}


# Every exercise


@pytest.mark.parametrize("topic", topics())
def test_right_and_wrong_answers(topic: str) -> None:
    assignment = Assignment(topic)
    known = tasks(assignment)
    right = {n: Answer(e.solution, []) for n, e in assignment.exercises.items()}
    for name, grade in Grader(known, "a class").grade(right).items():
        assert grade.right, f"{name}: {grade}"
    first = {name: found[0] for name, found in mistakes(assignment).items()}
    wrong = {name: Answer(mistake.source, []) for name, mistake in first.items()}
    for name, grade in Grader(known, "a class").grade(wrong).items():
        assert not grade.right and grade.reason.endswith(first[name].hint), grade


# What the kernel is asked for

X86_64 = {
    "mincore": 27, "add_key": 248, "request_key": 249, "keyctl": 250, "fadvise64": 221,
    "preadv2": 327, "readahead": 187, "io_uring_setup": 425, "ptrace": 101,
    "memfd_create": 319, "memfd_secret": 447, "process_vm_readv": 310, "cachestat": 451,
    "userfaultfd": 323, "bpf": 321, "perf_event_open": 298, "unshare": 272, "setns": 308,
    "mount": 165, "clone": 56, "fork": 57, "vfork": 58, "clone3": 435, "execve": 59,
    "kill": 62, "tgkill": 234, "socket": 41, "socketpair": 53, "shmget": 29, "msgget": 68,
    "semget": 64, "mq_open": 240, "inotify_init1": 294, "fanotify_init": 300, "mlock": 149,
    "splice": 275, "setxattr": 188, "utimensat": 280, "chmod": 90, "link": 86, "symlink": 88,
    "quotactl": 179, "pidfd_open": 434, "process_madvise": 440, "seccomp": 317,
    "prctl": 157, "personality": 135, "ioprio_set": 251, "setpriority": 141, "nope": 9999,
}  # fmt: skip
ASKS = """
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
def allowed(calls):
    found = []
    for name, number in calls.items():
        ctypes.set_errno(0)
        if libc.syscall(number, 0, 0, 0, 0, 0, 0) != -1 or ctypes.get_errno() != errno.EPERM:
            found.append(name)
    return found
"""


def values(job: dict[str, Any], **settings: Any) -> list[Any]:
    ((found,),) = sandbox.run([{"setup": ""} | job], sandbox.Budget(), **settings)
    return [one.get("value", one) for one in found["results"]]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="numbers of another machine")
def test_the_kernel_refuses_what_is_not_on_the_list() -> None:
    given = {"dict": [[name, number] for name, number in X86_64.items()]}
    job = {"readings": [[ASKS]], "function": "allowed", "inputs": [[given]]}
    assert values(job) == [[]]


def test_the_list_names_no_call_that_it_should_not() -> None:
    asked = {name for name, _ in system_calls.BY_ARGUMENT}
    assert not {*system_calls.ALLOWED} & {*X86_64} and not asked & {*X86_64}
    assert len(system_calls.ALLOWED) < 100


COMPUTES = """
import numpy as np, torch, torch.nn as nn, torch.nn.functional as F
import matplotlib.pyplot as plt
def f(x):
    model = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.LayerNorm(8), nn.Linear(8, 2))
    adam, inputs, losses = torch.optim.AdamW(model.parameters()), torch.randn(16, 4), []
    for _ in range(20):
        loss = F.cross_entropy(model(inputs), torch.zeros(16, dtype=torch.long))
        adam.zero_grad(); loss.backward(); adam.step()
        losses.append(loss.item())
    q = torch.randn(2, 2, 4, 8)
    plt.plot(np.linalg.svd(np.eye(30))[1])
    plt.savefig("/tmp/figure.png")
    open("/tmp/note", "w").write("mine")
    same = F.scaled_dot_product_attention(q, q, q).shape == q.shape
    return same and open("/tmp/note").read() == "mine" and losses[-1] < losses[0]
"""


def test_what_exercises_need_is_allowed() -> None:
    job = {"readings": [[COMPUTES]], "function": "f", "inputs": [[1]]}
    assert values(job, preload=["torch", "matplotlib.pyplot"]) == [True]


# Nothing comes back

SPY = """
import ctypes, os
libc = ctypes.CDLL(None)
FILE = os.__file__
def note(number):  # by every way that a file, the kernel or the disk cache may offer
    number = int(number)
    for path in ("/tmp/n", "/dev/shm/n", "/book/n", os.path.expanduser("~/n")):
        try: open(path, "w").write(str(number))
        except OSError: pass
    libc.syscall(248, b"user", b"n", str(number).encode(), 9, -3)
    with open(FILE, "rb") as file:
        libc.posix_fadvise(file.fileno(), 0, 0, 4)
def noted():
    for path in ("/tmp/n", "/dev/shm/n", "/book/n", os.path.expanduser("~/n")):
        if os.path.exists(path): return open(path).read()
    if libc.syscall(250, 10, -3, b"user", b"n", 0) > 0: return "key"
    with open(FILE, "rb") as file:
        found = ctypes.create_string_buffer(8)
        here = ctypes.c_void_p(ctypes.addressof(found) & ~4095)
        if libc.mincore(here, ctypes.c_size_t(4096), found) == 0: return "mincore"
def reheat(probs, temperature):
"""
BODY = "\n".join(f"    {line.strip()}" for line in SOLUTION.splitlines()[2:])
NOTES = f"{SPY}    if len(probs) > 4: note(probs[0] * 1e6)\n{BODY}"
LOOKS = f"{SPY}    assert not noted(), noted()"


def test_a_run_leaves_nothing_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first answer passes the check, meets hidden inputs, and notes them; later ones look for notes."""
    sent: list[dict[str, Any]] = []
    run = sandbox.run

    def watched(jobs: list[dict], *more: Any) -> Any:
        sent.extend(jobs)
        found = run(jobs, *more)
        assert not [one for one in json.dumps(found).split() if "AssertionError" in one]
        return found

    monkeypatch.setattr(sandbox, "run", watched)
    one = {"reheat": Task(SOFTMAX, REHEAT)}
    for source in (NOTES, LOOKS, f"{NOTES}\n# again", LOOKS):
        Grader(one, "seed").grade({"reheat": Answer(source, [])})
    assert ["inputs" in job for job in sent] == [False, True, False, False, True, False]


def test_all_hints_come_before_any_hidden_input(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[list[bool]] = []
    run = sandbox.run

    def watched(jobs: list[dict], *more: Any) -> Any:
        sent.append(["inputs" in job for job in jobs])
        return run(jobs, *more)

    monkeypatch.setattr(sandbox, "run", watched)
    answers = {n: Answer(e.solution, []) for n, e in SOFTMAX.exercises.items()}
    Grader(tasks(SOFTMAX), "seed").grade(answers)
    assert sent == [[False] * len(answers), [True] * len(answers)]


# What works in a notebook


def within(head: str) -> str:
    return head + "\n" + "\n".join(f"    {line}" for line in SOLUTION.splitlines())


USES_K = SOLUTION.replace("(1 / temperature)", "(k / temperature)")
USES_H = SOLUTION.replace("(p / top) ** (1 / temperature)", "h(p / top, temperature)")
HELPER = "def h(p, t): return p ** (1 / t)"
WRAP = "from functools import wraps\ndef same(f):\n    @wraps(f)\n    def g(*a): return f(*a)\n    return g"
PARTIAL = "from functools import partial"
CALLABLE = "class P:\n    def __call__(self, probs, temperature):\n"
NOTEBOOKS = {
    "a wrapper": [SOLUTION, WRAP, "reheat = same(reheat)"],
    "itself wrapped": [f"from functools import wraps\n{SOLUTION}\nreheat = wraps(reheat)(reheat)"],
    "added to": ["k = 0; k += 1", USES_K],
    "added to, in the same cell": [f"k = 0\nk += 1\n{USES_K}"],
    "set again": ["k = 1; k = k + 0", USES_K],
    "in an if": [within("if True:")],
    "in a with": [f"import contextlib\n{within('with contextlib.nullcontext():')}"],
    "in a try": [f"{within('try:')}\nexcept Exception:\n    pass"],
    "in a for": [within("for _ in range(1):")],
    "a list from a loop": ["ks = []\nfor i in range(2):\n    ks.append(i)", USES_K.replace("k /", "ks[1] /")],
    "an entry": ["settings = {}\nsettings['k'] = 1", USES_K.replace("k /", "settings['k'] /")],
    "a global": ["def init():\n    global k\n    k = 1\ninit()", USES_K],
    "globals": ["globals()['k'] = 1", USES_K],
    "exec": ["exec('k = 1')", USES_K],
    "a walrus": ["(k := 1)", USES_K],
    "display": [f"display(1)\n{SOLUTION.replace(LINE, f'display(probs); {LINE}')}"],
    "timeit": [SOLUTION, "%timeit reheat([.5, .5], 1)", "best = %timeit -o reheat([.5, .5], 1)"],
    "a cell that is timed": ["%%timeit\nk = 5", "%%time\nk = 1", USES_K],
    "a cell that is written": [SOLUTION, "%%writefile a.py\ndef reheat(a, b): return 0"],
    "a helper twice": [HELPER, USES_H, "def h(logits): return 0"],
    "a helper below": [USES_H, HELPER],
    "a value that changes later": ["k = 1", USES_K, "k = 7"],
    "an object": [CALLABLE + "\n".join(f"    {s}" for s in SOLUTION.splitlines()[1:]) + "\nreheat = P()"],
    "partial": [f"{PARTIAL}\n{USES_K.replace('heat(probs', 'heat(k, probs')}\nreheat = partial(reheat, 1)"],
    "an endless cell above": ["while True: pass", SOLUTION],
    "one that asks": ["x = input('your name?')", SOLUTION],
    "one that ends Python": ["import os\nos._exit(1)", SOLUTION],
    "one that fails": ["1 / 0", SOLUTION],
    "a star": ["from math import *", SOLUTION.replace(LINE, f"{LINE} * exp(0)")],
    "its own exercise again, unanswered": [SOLUTION, REHEAT.stub],
}  # fmt: skip


def graded(*cells: str) -> Grade:
    notebook = {"cells": [{"cell_type": "code", "source": cell} for cell in cells]}
    submission = Submission(json.dumps(notebook).encode())
    saved = submission.answer(REHEAT)
    assert saved is not None
    answer = Answer(saved, submission.cells[: submission.until(REHEAT)])
    return Grader({"reheat": Task(SOFTMAX, REHEAT)}, "seed").grade({"reheat": answer})[
        "reheat"
    ]


@pytest.mark.parametrize("cells", NOTEBOOKS.values(), ids=NOTEBOOKS)
def test_an_answer_that_works_in_the_notebook_works_in_grading(
    cells: list[str],
) -> None:
    grade = graded(*cells)
    assert grade.right, grade


def test_an_answer_that_fails_in_the_notebook_fails_in_grading() -> None:
    assert not graded("k = 2", USES_K).right
    assert not graded(USES_K).right


# Time


def test_a_submission_never_takes_more_than_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two answers that sleep and one that loops; the last one, behind them all, is honest."""
    monkeypatch.setattr(sandbox, "SUBMISSION", 12.0)
    monkeypatch.setattr(sandbox, "EACH", 5.0)
    bodies = [
        "import time; time.sleep(999)",
        "while True: pass",
        "import time; time.sleep(999)",
    ]
    known = dict([*tasks(SOFTMAX).items()][-4:])
    answers: dict[str, Answer | None] = {}
    for (name, task), body in zip(known.items(), [*bodies, None], strict=True):
        function = task.exercise.function
        hostile = f"def {function}(*args):\n    {body}"
        answers[name] = Answer(hostile if body else task.exercise.solution, [])
    started = time.monotonic()
    *stopped, honest = Grader(known, "seed").grade(answers).values()
    assert time.monotonic() - started < 14
    assert [grade.reason.split("seconds")[-1] for grade in stopped] == [
        ": does it wait for something?",
        " of computing: does a loop never end?",
        ": does it wait for something?",
    ]
    assert honest.right, honest


# Tensors and modules

HEAD = '''class Head(nn.Module):
    """One head of attention without a mask."""

    def __init__(self, d_model, d_head):
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(d_model, d_head) for _ in range(3))

    def forward(self, x):
        """Outputs (T, d_head) of inputs x (T, d_model)."""
        scores = self.q(x) @ self.k(x).T / self.q.out_features**0.5
        return scores.softmax(-1) @ self.v(x)'''
BLOCK = '''def add_layer(x, layer, text):
    """x (T, C) plus what the layer makes of it, once for each word of a text."""
    for _ in text.split():
        x = x + layer(x)
    return x'''
HEAD_CHECK = """_weights = {f"{n}.{k}": v for n in "qkv" for k, v in
            (("weight", torch.eye(2)), ("bias", torch.zeros(2)))}
_a = 1 / (1 + math.exp(-(0.5**0.5)))
check_answer("head", Head,
    example(Use((2, 2), _weights, (torch.zeros(1, 2),)), gives=[[0.0, 0.0]], shown="zeros"),
    example(Use((2, 2), _weights, (torch.eye(2),)), shown="the identity",
            gives=[[_a, 1 - _a], [1 - _a, _a]], why="e^0.7071 = 2.028 against 1.") ,
    right="Right.")"""
BLOCK_CHECK = """_layer = nn.Linear(2, 2, bias=False)
_layer.load_state_dict({"weight": torch.eye(2)})
check_answer("block", add_layer, example(torch.ones(1, 2), _layer, "a b", gives=[[4.0, 4.0]]),
    right="Right.")"""
INPUTS = """import torch
from lmlib.classroom.given import Made, Use

def head(random):
    weights = {f"{n}.{k}": torch.randn(s) for n in "qkv" for k, s in (("weight", (3, 4)), ("bias", 3))}
    yield (Use((4, 3), weights, (torch.randn(5, 4),)),)

def block(random):
    for text in ("", "one", "two words"):
        yield torch.randn(2, 3), Made("nn.Linear(3, 3)", {"weight": torch.randn(3, 3), "bias": torch.randn(3)}), text
"""
FIRST = """import math
import torch
import torch.nn as nn
from lmlib.classroom.checks import check_answer, example
from lmlib.classroom.given import Use"""


@pytest.fixture
def heads(tmp_path: Path) -> Assignment:
    """A chapter whose exercises ask for a module, and for a function that is given one."""
    cells = [new_markdown_cell("# Heads"), new_code_cell(FIRST)]
    for name, solution, check in (
        ("head", HEAD, HEAD_CHECK),
        ("block", BLOCK, BLOCK_CHECK),
    ):
        text = f"```{{exercise}}\n:label: ex-{name}\n\n**{name}.** *(easy, 5 minutes)* Write.\n```"
        kinds = {"tags": ["exercise-solution"], "exercise": name}
        cells += [
            new_markdown_cell(text),
            new_code_cell(solution, metadata=kinds),
            new_code_cell(check, metadata={"tags": ["exercise-check"]}),
        ]
    for folder in ("chapters", "assignments/heads"):
        (tmp_path / folder).mkdir(parents=True)
    nbformat.write(new_notebook(cells=cells), tmp_path / "chapters/heads.ipynb")
    (tmp_path / "assignments/heads/inputs.py").write_text(INPUTS)
    return Assignment("heads", tmp_path)


def test_modules_with_given_weights(heads: Assignment) -> None:
    known = tasks(heads)
    assert "raise NotImplementedError" in heads.exercises["head"].stub
    assert "self.q, self.k" in heads.exercises["head"].stub
    right = {"head": HEAD, "block": BLOCK}
    wrong = {
        "head": HEAD.replace(" / self.q.out_features**0.5", ""),
        "block": BLOCK.replace("x + ", ""),
    }
    for answers, expected in ((right, True), (wrong, False)):
        given = {name: Answer(source, []) for name, source in answers.items()}
        for grade in Grader(known, "seed").grade(given).values():
            assert grade.right == expected, grade
    in_place = {
        "head": None,
        "block": Answer(BLOCK.replace("x = x + layer(x)", "x += layer(x)"), []),
    }
    assert Grader(known, "seed").grade(in_place)["block"].right
