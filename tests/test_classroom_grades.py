"""Grades of honest, wrong, broken and hostile submissions, in the real sandbox and with the real nbgrader."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.apps.api import NbGraderAPI
from test_classroom import column, in_process, softmax_class

from lmlib.classroom import autograde, gradebook, reports, sandbox, shards, walls
from lmlib.classroom.__main__ import TRUST, main
from lmlib.classroom.assignments import BOOK, Assignment
from lmlib.classroom.collect import collect
from lmlib.classroom.course import Course
from lmlib.classroom.known import Mistake, mistakes
from lmlib.classroom.tasks import Answer
from lmlib.classroom.words import questions

pytestmark = pytest.mark.filterwarnings(
    "ignore:Object of type"
)  # SQLAlchemy's, about nbgrader
__all__ = ["in_process"]  # a fixture
TOPIC = "softmax"
SOFTMAX = Assignment(TOPIC)
EXERCISES = SOFTMAX.exercises
WRONG = mistakes(SOFTMAX)
POINTS = {name: exercise.points for name, exercise in EXERCISES.items()}
REHEAT = EXERCISES["reheat"].solution
RIGHT = [REHEAT, *(e.solution for n, e in EXERCISES.items() if n != "reheat")]


@pytest.fixture(scope="module", autouse=True)
def short_limits() -> Any:
    """An endless loop ends sooner here than in a class."""
    if sys.platform != "linux":
        pytest.skip("bubblewrap, the sandbox, is there for Linux only")
    if not sandbox.available():
        pytest.fail("no sandbox here: run `make sandbox`, which installs bubblewrap")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox, "EACH", 2.0)
        yield


def notebook(*sources: str, **more: Any) -> bytes:
    cells = [{"cell_type": "code", "source": source, **more} for source in sources]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}).encode()


def reheat(body: str) -> bytes:
    """A submission whose first answer is hostile, and whose others are right."""
    lines = "\n    ".join(body.splitlines())
    return notebook(f"def reheat(probs, temperature):\n    {lines}", *RIGHT[1:])


NONE, ALL = dict.fromkeys(POINTS, 0), POINTS
OTHERS = POINTS | {"reheat": 0}
FIRST = dict.fromkeys(POINTS, 0) | {"reheat": 1}
FORGED = 'b\'{"results": [{"value": [1.0]}], "hint": null}\''

# name → the file, the scores it must get, and words of the reason for what is lost
BROKEN: dict[str, tuple[bytes, dict[str, int], str]] = {
    "honest": (notebook(*RIGHT), ALL, ""),
    "unanswered": (
        notebook(*(e.stub for e in EXERCISES.values())),
        NONE,
        "Not answered.",
    ),
    "no-json": (b"Dear teacher, my dog", NONE, "The file is no notebook"),
    "empty": (b"", NONE, "The file is empty."),
    "picture": (b"\x89PNG\r\n\x1a\n\x00\xff", NONE, "The file is no notebook"),
    "cut-off": (notebook(*RIGHT)[:-20], NONE, "or it is damaged"),
    "deep": (b'{"cells":' + b"[" * 200_000, NONE, "The file is no notebook"),
    "large": (notebook(*RIGHT, outputs=[{"text": "x" * (13 << 20)}]), ALL, ""),
    "other-assignment": (
        notebook(Assignment("attention").exercises["attend"].solution),
        NONE,
        "The file belongs to the assignment 'attention'.",
    ),
    "lost-metadata": (notebook(*RIGHT, metadata={"nbgrader": "?"}, id=7), ALL, ""),
    "duplicated": (notebook(*RIGHT, *RIGHT, EXERCISES["reheat"].stub), ALL, ""),
    "one-cell": (notebook("%pip install x\n" + "\n".join(RIGHT)), ALL, ""),
    "syntax-error": (reheat("return [p for"), OTHERS, "does not run: SyntaxError"),
    "indentation": (
        reheat("return 1\n  return 2"),
        OTHERS,
        "does not run: IndentationError",
    ),
    "null-byte": (reheat("return '\0'"), OTHERS, "The cell does not run"),
    "surrogate": (reheat("return '\ud800'"), OTHERS, "Give back a list"),
    "top-level": (
        notebook("x = 1 / 0", "def reheat(p, t): return x", *RIGHT[1:]),
        OTHERS,
        "it stops with NameError",
    ),
    "tests-rewritten": (
        notebook(
            "def reheat(p, t): return p",
            "with checking('reheat'):\n    pass\nscore = 100",
        ),
        NONE,
        "should be|Not answered",
    ),
    "outputs-forged": (
        notebook(
            "def reheat(p, t): return p", outputs=[{"text": "Right for all"}], points=99
        ),
        NONE,
        "should be",
    ),
    "endless-loop": (reheat("while True: pass"), OTHERS, "does a loop never end"),
    "swallowed": (
        reheat(
            "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
        ),
        OTHERS,
        "does a loop never end",
    ),
    "signals-off": (
        reheat(
            "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass"
        ),
        OTHERS,
        "does a loop never end",
    ),
    "exit": (reheat("raise SystemExit(0)"), OTHERS, "SystemExit"),
    "os-exit": (reheat("import os\nos._exit(0)"), OTHERS, "it ended Python itself"),
    "killed": (
        reheat("import os\nos.kill(os.getppid(), 9)\nos.kill(os.getpid(), 9)"),
        OTHERS,
        "PermissionError",
    ),
    "crash": (reheat("import ctypes\nctypes.string_at(0)"), OTHERS, "SIGSEGV"),
    "memory": (reheat("return bytearray(16 << 30)"), OTHERS, "it runs out of memory"),
    "recursion": (
        reheat("return reheat(probs, temperature)"),
        OTHERS,
        "RecursionError",
    ),
    "many-lines": (
        notebook(
            REHEAT.replace(
                "top =", "[print('x' * 80) for _ in range(30_000)]\n    top ="
            ),
            *RIGHT[1:],
        ),
        ALL,
        "",
    ),
    "background": (
        reheat("import subprocess\nsubprocess.Popen(['sleep', '99'])\nreturn probs"),
        OTHERS,
        "PermissionError",
    ),
    "memory-outside": (
        reheat(
            "import ctypes\nc = ctypes.CDLL(None)\n"
            "got = [c.shmget(0, 4096, 0o1600), c.msgget(0, 0o1600), c.memfd_create(b'x', 0), c.unshare(1 << 28)]\n"
            "assert got == [-1] * 4, got\nreturn probs"
        ),
        OTHERS,
        "should be",
    ),
    "sockets": (
        reheat("import socket\nreturn [socket.socketpair() for _ in range(200)]"),
        OTHERS,
        "PermissionError",
    ),
    "too-much-back": (
        reheat("return 'x' * 300_000"),
        OTHERS,
        "gave back more than 256 kB",
    ),
    "numpy-numbers": (
        notebook(
            "import numpy as np",
            REHEAT.replace("return [", "return [*np.array([") + ")]",
            *RIGHT[1:],
        ),
        ALL,
        "",
    ),
    "ipython": (
        notebook(
            "%%time\nfrom IPython import get_ipython\nfrom IPython.core.display import HTML, display\n!ls\n"
            + REHEAT.replace(
                "top =",
                "%timeit sum(probs)\n    display(HTML(''), get_ipython().magic('ls'))\n    top =",
            ),
            *RIGHT[1:],
        ),
        ALL,
        "",
    ),
    "notebooks-own": (
        notebook(
            REHEAT.replace(
                "top =", "display(probs)\n    get_ipython().system('ls')\n    top ="
            ),
            *RIGHT[1:],
        ),
        ALL,
        "",
    ),
    "sets": (
        reheat("raise ValueError({'alpha', 'beta', 'gamma', 'delta'})"),
        OTHERS,
        "ValueError",
    ),
    "fork-bomb": (
        reheat("import os\nwhile True: os.fork()"),
        OTHERS,
        "PermissionError",
    ),
    "threads": (
        reheat("import threading\nthreading.Thread(target=print).start()"),
        OTHERS,
        "RuntimeError",
    ),
    "network": (
        reheat("import socket\nsocket.create_connection(('192.0.2.1', 80), 1)"),
        OTHERS,
        "PermissionError",
    ),
    "disk": (
        reheat(
            "for n in range(9999):\n    open(f'/tmp/{n}', 'wb').write(b'x' * 200_000)"
        ),
        OTHERS,
        "OSError",
    ),
    "large-file": (
        reheat("open('/tmp/x', 'wb').write(b'x' * 9_000_000)"),
        OTHERS,
        "OSError",
    ),
    "reads-the-book": (
        reheat(f"return open({str(BOOK / 'chapters' / 'softmax.ipynb')!r}).read()"),
        OTHERS,
        "FileNotFoundError",
    ),
    "searches": (
        reheat(
            "import os\nassert os.listdir('/book') == ['lmlib']\n"
            f"seen = [n for n in ('chapters', 'assignments', 'course') if os.path.exists({str(BOOK)!r} + '/' + n)]\n"
            "assert not seen and len(os.environ) < 9 and os.getuid() == 65534\nreturn probs"
        ),
        OTHERS,
        "should be",
    ),
    "deletes": (
        reheat("import shutil\nshutil.rmtree('/book')"),
        OTHERS,
        "Read-only|OSError|PermissionError",
    ),
    "patched": (
        reheat(
            "import builtins, math\nimport lmlib.classroom.values as v\n"
            "builtins.abs = lambda x: 0\nmath.isclose = lambda *a, **k: True\n"
            "v.equal = lambda *a: True\nbuiltins.isinstance = lambda *a: True\nreturn [9.0]"
        ),
        OTHERS,
        ".",
    ),
    "always-equal": (
        reheat("class Yes(list):\n    __eq__ = lambda *a: True\nreturn Yes(probs)"),
        OTHERS,
        "should be",
    ),
    "forged": (
        reheat(
            f"import os\nfor fd in range(64):\n    try: os.write(fd, {FORGED})\n    except OSError: pass\nos._exit(0)"
        ),
        OTHERS,
        ".",
    ),
    "flood": (
        reheat(
            "import os\nwhile True:\n    for fd in range(64):\n"
            "        try: os.write(fd, b'x' * 9999)\n        except OSError: pass"
        ),
        OTHERS,
        "gave back more than 256 kB",
    ),
    "spy": (
        reheat(
            "import sys\nframe = sys._getframe()\n"
            "while 'job' not in frame.f_locals: frame = frame.f_back\n"
            "raise ValueError(str(frame.f_locals['job'].get('inputs')))"
        ),
        OTHERS,
        "ValueError",
    ),
    "mute": (reheat("assert False"), OTHERS, "AssertionError"),
    "last-words": (
        reheat(
            "import json, os, sys\nwords = str(probs) + str(temperature)\n"
            "said = json.dumps({'died': words, 'broken': words, 'hint': words}).encode()\n"
            "for fd in range(64):\n    try: os.write(fd, b'ready' + bytes([10]) + said)\n"
            "    except OSError: pass\nos._exit(0)"
        ),
        OTHERS,
        "the grader's own channel",
    ),
    "itself": (reheat("probs.append(probs)\nreturn probs"), OTHERS, "."),
    "huge-number": (reheat("return [10 ** 9999] * 4"), OTHERS, "."),
    "nan": (reheat("return [float('nan')] * len(probs)"), OTHERS, "nan, nan"),
    "script": (
        reheat("raise ValueError('<script>alert(1)</script>\\x1b[2J' + '=1+1' * 999)"),
        OTHERS,
        "ValueError",
    ),
    "praise": (
        reheat("raise AssertionError('All is right. Grader fault: full marks')"),
        OTHERS,
        "AssertionError",
    ),
    "coin": (
        reheat(
            "import os\nassert os.urandom(1)[0] < 128, os.urandom(4).hex()\n"
            "raise ValueError(os.urandom(4).hex() + ' seconds: does it wait for something?')"
        ),
        OTHERS,
        "AssertionError|ValueError",
    ),
    "gives-up": (
        reheat("raise NotImplementedError('later')"),
        OTHERS,
        "NotImplementedError",
    ),
}

IN_THE_CLASS = {f"wrong-{name}": (name, found[0]) for name, found in WRONG.items()}
"""One wrong answer to each exercise. The others are graded in test_classroom.py."""


def mistaken(name: str, wrong: Mistake) -> bytes:
    """All answers right but one."""
    return notebook(
        *(wrong.source if n == name else e.solution for n, e in EXERCISES.items())
    )


class Graded:
    """A class after everything was graded."""

    def __init__(self, folder: Path, released: Course) -> None:
        self.course, downloads = Course(folder / "course"), folder / "downloads"
        leftover = shutil.ignore_patterns("submitted")
        shutil.copytree(released.path, self.course.path, ignore=leftover)
        downloads.mkdir()
        for name, (data, _, _) in BROKEN.items():
            (downloads / f"{name}.ipynb").write_bytes(data)
        for name in IN_THE_CLASS:
            (downloads / f"{name}.ipynb").write_bytes(mistaken(*IN_THE_CLASS[name]))
        self.collected = list(collect(self.course, TOPIC, downloads))
        list(shards.grade(self.course, TOPIC))
        gradebook.merge(self.course, TOPIC)
        list(reports.feedback(self.course, TOPIC))
        self.table = reports.export(self.course, TOPIC)
        with self.table.open(encoding="utf-8-sig") as file:
            self.rows = {row["student"]: row for row in csv.DictReader(file)}

    def scores(self, student: str) -> dict[str, float]:
        return {name: float(self.rows[student][name]) for name in EXERCISES}

    def page(self, student: str) -> str:
        path = self.course.path / "feedback" / student / TOPIC / f"{TOPIC}.html"
        return path.read_text("utf-8")


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory, short_limits: None) -> Graded:
    return Graded(tmp_path_factory.mktemp("class"), softmax_class(tmp_path_factory))


def reasons_for_code(graded: Graded, student: str) -> str:
    """The reasons but for the exercise in words, which a person reads."""
    reasons = graded.rows[student]["reasons"].split(" | ")
    asked = questions(Assignment(TOPIC))
    return " | ".join(one for one in reasons if one.split(":")[0] not in asked)


@pytest.mark.parametrize("student", BROKEN)
def test_whatever_comes_back_has_a_grade_a_reason_and_a_page(
    graded: Graded, student: str
) -> None:
    _, scores, reason = BROKEN[student]
    assert graded.scores(student) == scores
    reasons = reasons_for_code(graded, student)
    assert bool(reasons) == (scores != ALL)
    assert re.search(reason, reasons), reasons
    page = graded.page(student)
    assert page.count("Right for all") == sum(score > 0 for score in scores.values())


@pytest.mark.parametrize("student", IN_THE_CLASS)
def test_a_wrong_answer_loses_its_own_question_and_no_other(
    graded: Graded, student: str
) -> None:
    name, wrong = IN_THE_CLASS[student]
    assert graded.scores(student) == POINTS | {name: 0}
    reasons = reasons_for_code(graded, student)
    assert reasons.startswith(f"{name}: {EXERCISES[name].function}(")
    assert wrong.hint in reasons and " | " not in reasons


def test_the_guide_explains_every_reason_that_is_no_hint(graded: Graded) -> None:
    messages = column("teachers.md", "What each message means")
    known = re.compile(
        "|".join(re.escape(text).replace("…", ".*") for text in messages)
    )
    calls = tuple(f"{exercise.function}(" for exercise in EXERCISES.values())
    for row in graded.rows.values():
        for reason in filter(None, row["reasons"].split(" | ")):
            said = reason.split(": ", 1)[1]
            assert said.startswith(calls) or known.match(said), reason


def hidden_inputs(course: Course, student: str, name: str) -> list[Any]:
    """Those that a student's answer would meet."""
    submitted = nbformat.read(
        course.notebook("submitted", TOPIC, student), as_version=4
    )
    (source,) = (
        cell.source
        for cell in submitted.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") == name
    )
    cells = submitted.metadata["cells"][: submitted.metadata["until"][name]]
    return SOFTMAX.inputs(name, f"{course.seed} {Answer(source, cells).digest}")


def test_pages_hold_no_hidden_input_and_run_no_script(graded: Graded) -> None:
    for student in BROKEN:
        hidden = hidden_inputs(graded.course, student, "reheat")
        numbers = {str(p) for args in hidden for p in args[0] if len(str(p)) > 12}
        page = graded.page(student)
        assert len(numbers) > 20
        assert not [number for number in numbers if number in page], student
        assert graded.course.seed not in page
    assert "<script>alert(1)" not in graded.page("script")
    assert "\x1b" not in graded.table.read_text("utf-8")


def test_what_only_the_answer_could_have_said_is_the_teachers_alone(
    graded: Graded,
) -> None:
    for student, words in (
        ("script", "alert(1)"),
        ("sets", "alpha"),
        ("praise", "Grader fault"),
    ):
        page = graded.course.notebook("autograded", TOPIC, student)
        outputs = [c.get("outputs") for c in nbformat.read(page, as_version=4).cells]
        assert words not in str(outputs)
        reasons = graded.rows[student]["reasons"]
        assert re.search(f"What the answer gave: ['\"].*{re.escape(words)}", reasons)


def test_grading_again_gives_the_same_table_byte_for_byte(graded: Graded) -> None:
    before = graded.table.read_bytes()
    for student in ("honest", "endless-loop", "script", "spy", "sets", "coin"):
        graded_copy = graded.course.notebook("autograded", TOPIC, student)
        graded_copy.chmod(0o600)
        graded_copy.write_text('{"cells": [', "utf-8")  # cut off, as by a full disk
        assert not shards.is_graded(graded.course, TOPIC, student)
    done = list(shards.grade(graded.course, TOPIC, (1, 2)))
    done += shards.grade(graded.course, TOPIC, (2, 2))
    assert sorted(done) == sorted(graded.rows)
    gradebook.merge(graded.course, TOPIC)
    assert reports.export(graded.course, TOPIC).read_bytes() == before


def test_a_finished_grade_is_not_made_again(
    graded: Graded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lmlib.classroom.grading.sandbox.run", None)  # nothing may run
    assert len(list(shards.grade(graded.course, TOPIC))) == len(graded.rows)


def test_a_run_that_is_killed_goes_on_where_it_stopped(graded: Graded) -> None:
    course = graded.course
    for student in course.students(TOPIC)[:3]:
        course.notebook("autograded", TOPIC, student).unlink()
    run = shards.grade(course, TOPIC)
    next(run)
    run.close()
    assert [shards.is_graded(course, TOPIC, s) for s in course.students(TOPIC)[:3]] == [
        True,
        False,
        False,
    ]
    assert len(list(shards.grade(course, TOPIC))) == len(graded.rows)
    assert not list(course.path.glob("gradebook.*-of-*"))


def test_one_that_cannot_be_graded_stops_nobody_else(
    graded: Graded, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    course, (first, second, *_) = graded.course, graded.course.students(TOPIC)
    for student in (first, second):
        course.notebook("autograded", TOPIC, student).unlink()
    autograde = NbGraderAPI.autograde

    def full_disk_once(self: NbGraderAPI, topic: str, student: str) -> dict[str, Any]:
        if student == first:
            return {"success": False, "error": "No space left on device"}
        return autograde(self, topic, student)

    monkeypatch.setattr(NbGraderAPI, "autograde", full_disk_once)
    with pytest.raises(
        RuntimeError, match=f"Without a grade: {first}. .*No space left"
    ):
        list(shards.grade(course, TOPIC))
    monkeypatch.setattr(
        sys, "argv", ["classroom", "--course", str(course.path), "grade", TOPIC]
    )
    with pytest.raises(SystemExit, match=f"Without a grade: {first}. .*No space left"):
        main()
    merged = f"{len(graded.rows) - 1} graded submissions are in the gradebook."
    assert merged in capsys.readouterr().out
    assert not shards.is_graded(course, TOPIC, first) and shards.is_graded(
        course, TOPIC, second
    )
    monkeypatch.undo()
    assert len(list(shards.grade(course, TOPIC))) == len(graded.rows)


def test_a_score_by_hand_outlives_grading(graded: Graded) -> None:
    before = graded.table.read_bytes()
    gradebook.override(
        graded.course, TOPIC, "os-exit", "reheat", 0.5, "Explained it to me."
    )
    gradebook.merge(graded.course, TOPIC)
    table = reports.export(graded.course, TOPIC).read_text("utf-8")
    points = [str(POINTS[name]) for name in EXERCISES if name != "reheat"]
    row = next(line for line in table.splitlines() if line.startswith("os-exit,"))
    assert row.split(",")[1:7] == [*points[:4], "0.5", *points[4:]]
    total, of = map(float, row.split(",")[8:10])
    assert total == sum(POINTS.values()) - 0.5 and of > sum(POINTS.values())
    assert "| reheat: 0.5 by hand (0 by the grader)" in table
    nbgrader = graded.course.nbgrader(graded.course.config())
    assert nbgrader.generate_feedback(TOPIC, "os-exit")["success"]
    assert "Explained it to me." in graded.page("os-exit")
    for wrong, match in (
        (("nobody", "reheat", 1), "student: 'nobody' is not in the table of 'softmax'"),
        (("honest", "rehat", 1), "exercise: 'rehat' is not known; use one of prob"),
        (("honest", "reheat", 7), r"score: 7 is outside 0 … 1"),
    ):
        with pytest.raises(ValueError, match=match):
            gradebook.override(graded.course, TOPIC, *wrong, "why")
    gradebook.override(graded.course, TOPIC, "os-exit", "reheat", None, None)
    assert reports.export(graded.course, TOPIC).read_bytes() == before


def test_nbgraders_own_command_grades_in_the_sandbox_too(graded: Graded) -> None:
    command = [
        sys.executable,
        "-m",
        "nbgrader",
        "autograde",
        TOPIC,
        "--student",
        "patched",
        "--force",
    ]
    subprocess.run(command, cwd=graded.course.path, check=True, capture_output=True)
    page = graded.course.notebook("autograded", TOPIC, "patched").read_text("utf-8")
    assert (
        page.count("Right for all") == len(EXERCISES) - 1
        and page.count('"output_type": "error"') == 1
    )


def test_without_a_sandbox_it_refuses_until_told_in_as_many_words(
    graded: Graded, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sandbox.shutil, "which", lambda program: None)
    arguments = ["classroom", "--course", str(graded.course.path), "grade", TOPIC]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit, match=r"There is no sandbox .*trust-these-students"):
        main()
    monkeypatch.setattr(sys, "argv", [*arguments, f"--{TRUST}"])
    with monkeypatch.context() as windows:
        windows.delattr("os.fork")
        with pytest.raises(SystemExit, match="grade in WSL 2"):
            main()
    main()
    assert f"{len(graded.rows)} graded submissions" in capsys.readouterr().out
    job = {"setup": "", "readings": [["f = abs"]], "function": "f", "inputs": [[-1]]}
    ((found,),) = sandbox.run([job], sandbox.Budget(), sandboxed=False)
    assert found == {"results": [{"value": 1, "after": [-1]}], "ready": True}


def test_the_sandbox_shows_nothing_of_the_course() -> None:
    walls.require_hidden(BOOK / "chapters")
    with pytest.raises(ValueError, match="which students' code can read"):
        walls.require_hidden(walls.LMLIB / "course")
    with pytest.raises(
        ValueError, match="lies below /usr, which students' code can read"
    ):
        walls.require_hidden(Path("/usr/share/course"))


def test_one_damaged_grade_stops_no_other(graded: Graded) -> None:
    course, students = graded.course, graded.course.students(TOPIC)
    path = course.notebook("autograded", TOPIC, students[1])
    whole = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(whole[:99])
    with course.gradebook() as book:
        for student in students[:3]:
            book.find_grade("reheat-check", TOPIC, TOPIC, student).auto_score = 99
        book.db.commit()
    damaged = f"student: {students[1]} has a damaged grade for 'softmax'; run the command `grade`"
    with pytest.raises(ValueError, match=damaged):
        gradebook.merge(course, TOPIC)
    with course.gradebook() as book:
        found = [book.find_grade("reheat-check", TOPIC, TOPIC, s) for s in students[:3]]
        assert [grade.auto_score == 99 for grade in found] == [False, True, False]
    with pytest.raises(ValueError, match=damaged):
        reports.export(course, TOPIC)
    path.write_bytes(whole)
    gradebook.merge(course, TOPIC)
    reports.export(course, TOPIC)


def test_all_pages_are_in_a_zip_file_for_moodle(graded: Graded) -> None:
    with zipfile.ZipFile(graded.course.path / f"feedback-{TOPIC}.zip") as archive:
        names = archive.namelist()
        assert sorted(names) == sorted(
            f"{student}_assignsubmission_file_/{TOPIC}.html" for student in graded.rows
        )
        page = archive.read("honest_assignsubmission_file_/softmax.html").decode()
    assert "hand in this one file" not in page and "import checking" not in page
    assert "check_answer" not in page  # it is long; its sentence is there
    assert page == graded.page("honest") and ">reheat</a> (Score: 1.0" in page


def test_what_was_stopped_has_a_grade_and_is_run_again_on_demand(
    graded: Graded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "EACH", 1.0)
    course, downloads = Course(tmp_path / "course"), tmp_path / "downloads"
    downloads.mkdir()
    shutil.copytree(graded.course.path / "release", course.path / "release")
    shutil.copyfile(graded.course.path / "gradebook.db", course.path / "gradebook.db")
    (downloads / "sleeper.ipynb").write_bytes(reheat("import time\ntime.sleep(999)"))
    command = ["classroom", "--course", str(course.path)]

    def run(*arguments: str) -> None:
        monkeypatch.setattr(sys, "argv", [*command, *arguments])
        main()

    for early, message in (
        (
            ("grade", TOPIC),
            "nobody has handed in 'softmax' yet; run the command `collect`",
        ),
        (
            ("export", TOPIC),
            "nobody has a grade for 'softmax' yet; run the command `grade`",
        ),
        (
            ("feedback", TOPIC),
            "nobody has a grade for 'softmax' yet; run the command `grade`",
        ),
    ):
        with pytest.raises(SystemExit, match=message):
            run(*early)
    run("collect", TOPIC, str(downloads))
    run("grade", TOPIC, "--shard", "1/1")
    assert "does it wait for something?" in reports.export(course, TOPIC).read_text(
        "utf-8"
    )
    assert shards.is_graded(course, TOPIC, "sleeper")
    record = autograde.record(course, TOPIC, "sleeper")
    before = record.stat().st_mtime_ns
    run("grade", TOPIC)
    assert record.stat().st_mtime_ns == before
    with pytest.raises(
        SystemExit, match="'nobody' has handed in nothing for 'softmax'"
    ):
        run("grade", TOPIC, "--again", "nobody")
    run("grade", TOPIC, "--again", "sleeper")
    assert record.stat().st_mtime_ns != before
    (downloads / "late.ipynb").write_bytes(notebook(*RIGHT))
    run("collect", TOPIC, str(downloads))
    list(shards.grade(course, TOPIC, (1, 2)))  # late.ipynb, and no merging
    for command_ in ("export", "feedback"):
        with pytest.raises(
            SystemExit, match="the grade of late is not in the gradebook; run"
        ):
            run(command_, TOPIC)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["grade", "softmx"], "topic: 'softmx' is not known"),
        (["grade", TOPIC], "has no gradebook yet|nobody has handed in"),
        (["collect", TOPIC, "/nowhere"], "was not released"),
        (["export", TOPIC], "nobody has a grade for 'softmax' yet"),
        (
            ["override", TOPIC, "ada", "reheat", "1"],
            "give a score and a sentence that says why",
        ),
        (
            ["override", TOPIC, "ada", "reheat", "1", "x", "--remove"],
            "give a score and a",
        ),
        (["--course", "/nowhere", "export", TOPIC], "/nowhere is no folder of a class"),
    ],
)
def test_a_wrong_command_is_told_in_a_sentence(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        sys, "argv", ["classroom", "--course", str(tmp_path), *arguments]
    )
    with pytest.raises(SystemExit, match=message):
        main()


@pytest.mark.parametrize("share", ["2", "2/0", "0/2", "3/2", "a/b"])
def test_a_share_that_does_not_exist_is_told(
    share: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["classroom", "grade", TOPIC, "--shard", share])
    with pytest.raises(SystemExit):
        main()
    assert "is no share; write the second of four as 2/4" in capsys.readouterr().err


def test_the_seed_is_its_owners_and_never_empty(tmp_path: Path) -> None:
    course = Course(tmp_path / "course")
    assert len(course.seed) == 32
    file = course.path / "seed"
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text("\n")
    with pytest.raises(
        ValueError, match=r"seed: .*seed is empty; put it back from a copy"
    ):
        assert course.seed


def test_a_release_knows_its_address_in_colab(
    graded: Graded,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copyfile(graded.course.path / "gradebook.db", tmp_path / "gradebook.db")
    command = ["classroom", "--course", str(tmp_path), "release", TOPIC, "--repository"]
    monkeypatch.setattr(sys, "argv", [*command, "your-school/exercises"])
    main()
    link = "research.google.com/github/your-school/exercises/blob/main/softmax.ipynb"
    assert link in capsys.readouterr().out
    monkeypatch.setattr(
        sys, "argv", [*command, "https://github.com/your-school/exercises"]
    )
    with pytest.raises(SystemExit):
        main()
    assert "is no owner/name" in capsys.readouterr().err
