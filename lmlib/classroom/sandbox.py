"""Runs a student's code where it can do no harm: within `walls`, and within limits of time, memory and files.

One call of `run` starts one sandbox, in which the `runner` divides itself for each answer.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from lmlib.classroom import system_calls
from lmlib.classroom.walls import INSIDE, LMLIB, walls

RUNNER = "classroom/runner.py"
LIMITS = {"AS": 3 << 30, "FSIZE": 256 << 10, "NOFILE": 256, "CORE": 0}
"""Bytes of memory, bytes of a file, open files: see ``man setrlimit``."""
SUBMISSION, EACH, RESERVE = 60.0, 10.0, 1.0
"""Seconds on the clock: for a submission in all, at most for one run of an answer, and what is kept for each
run that is still to come. An honest run takes a twentieth of a second."""
HIDDEN, ABOVE = 1 / 3, 1 / 2
"""Parts of a submission's time: what is kept for the hidden inputs while the checks run, so that one answer
without an end takes no points from another; and what all cells above answers may take in both runs."""
THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
ENVIRONMENT = THREADS | {"PYTHONHASHSEED": "0", "MPLBACKEND": "agg"}
"""One thread, and sets in the same order in each run, so that a grade made again has the same reason."""
WHY = {
    "computing": "it was stopped after at most {seconds} seconds of computing: does a loop never end?",
    "waiting": "it was stopped after at most {seconds} seconds: does it wait for something?",
    "time": "the time for one submission was used up",
    "memory": "it needed more than 3 GB of memory",
    "too much": f"it gave back more than {LIMITS['FSIZE'] >> 10} kB",
    "ended": "it ended Python itself",
}
KILLED = "it ended Python itself ({died})"
NO_SANDBOX = (
    "There is no sandbox on this machine, so a student's code could read your files and change grades. "
    "On Debian and Ubuntu: apt-get install bubblewrap libseccomp2 (0.7 or newer, and 2.5 or newer). On macOS and "
    "Windows: grade in a Linux container or virtual machine. Or grade with "
    "--without-sandbox-because-i-trust-these-students."
)
NO_FORK = "Each answer has a process of its own, made by fork, which Windows does not have: grade in WSL 2."


@dataclass
class Budget:
    """The seconds that a submission has left."""

    seconds: float = field(default_factory=lambda: SUBMISSION)
    kept: float = 0.0
    """What a call leaves for the next one."""
    above: float = 2.0
    """For all cells above one answer, in one run."""


def available() -> bool:
    """Whether a sandbox can be made here."""
    if shutil.which("bwrap") is None or not system_calls.available():
        return False
    job = {"setup": "", "readings": [["f = abs"]], "function": "f", "inputs": [[-1]]}
    ((found,),) = run([job], Budget())
    return found.get("results") == [{"value": 1, "after": [-1]}]


def run(
    jobs: list[dict[str, Any]],
    budget: Budget,
    sandboxed: bool = True,
    preload: Sequence[str] = (),
) -> list[list[dict[str, Any]]]:
    """For each reading of each job of `runner` what came out: ``results``, ``broken``, or ``died`` and why.

    ``ready`` says whether the function was there. Modules in ``preload`` are imported once, for all. Takes
    no more than what is left in ``budget``, and never raises for what the code does.
    """
    end = time.monotonic() + budget.seconds - budget.kept
    order = {"jobs": jobs, "preload": preload, "end": end, "above": budget.above}
    order |= {"each": EACH, "reserve": RESERVE, "limits": LIMITS}
    order["filter"] = system_calls.program().hex() if sandboxed else ""
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stdout:
        stdin.write(json.dumps(order).encode())
        stdin.seek(0)
        _wait(stdin, stdout, budget, sandboxed)
        stdout.seek(0)
        text = stdout.read()
    found = json.loads(text) if text else [[{"died": "time"}] for _ in jobs]
    return [[_read(one) for one in readings] for readings in found]


def _wait(stdin: IO[bytes], stdout: IO[bytes], budget: Budget, sandboxed: bool) -> None:
    lmlib = f"{INSIDE}/lmlib" if sandboxed else str(LMLIB)
    command = [sys.executable, "-s", "-P", f"{lmlib}/{RUNNER}"]
    process = subprocess.Popen(
        [*walls(), *command] if sandboxed else command,
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        env=ENVIRONMENT if sandboxed else os.environ | ENVIRONMENT,
        start_new_session=True,
    )
    started = time.monotonic()
    try:
        process.wait(budget.seconds - budget.kept + 1)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    budget.seconds = max(0.0, budget.seconds - (time.monotonic() - started))


def _read(found: dict[str, Any]) -> dict[str, Any]:
    """An outcome in words. What an answer wrote itself is strict JSON and claims no death, or it counts as none."""
    ready = found.get("ready", False)
    if "died" in found:
        reason = WHY.get(found["died"], KILLED)
        return {"died": _said(reason, found["died"]), "ready": ready}
    try:
        outcome = json.loads(found["said"], parse_constant=_refuse)
        if {*outcome} in ({"results"}, {"broken"}):
            return outcome | {"ready": ready}
    except (ValueError, RecursionError, TypeError):
        pass
    return {"died": "it wrote into the grader's own channel", "ready": ready}


def _said(reason: str, died: str) -> str:
    return reason.format(died=died, seconds=round(EACH))


def stopped() -> set[str]:
    """Why an answer died where a busy machine may have been the reason."""
    kinds = ("computing", "waiting", "time", "memory")
    return {_said(WHY[kind], kind) for kind in kinds} | {_said(KILLED, "SIGKILL")}


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
