"""Runs a student's code where it can do no harm: within `walls`, and within limits of time, memory and files.

One limit of memory and one of time hold for all that the code can do, since it can start nothing else.
What comes back is a file of at most 256 kB.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from typing import IO, Any

from lmlib.classroom.walls import INSIDE, LMLIB, SYSTEM_CALLS, walls

RUNNER = "classroom/runner.py"
LIMITS = {"AS": 3 << 30, "CPU": 10, "FSIZE": 256 << 10, "NOFILE": 256, "CORE": 0}
"""Bytes of memory, seconds of processor, bytes of a file, open files, which can be sockets full of bytes:
see ``man setrlimit``."""
SECONDS = 30
"""On the clock, for code that sleeps: far more than honest answers take on a busy machine."""
THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
ENVIRONMENT = THREADS | {"PYTHONHASHSEED": "0"}
"""One thread, and sets in the same order in each run, so that a grade made again has the same reason."""
WHY = {
    "SIGXCPU": f"it was stopped after {LIMITS['CPU']} seconds of computing: does a loop never end?",
    "SIGKILL": "it was killed: by itself, or because it did not stop when its time was over",
    "SIGXFSZ": f"it gave back more than {LIMITS['FSIZE'] >> 10} kB",
}
WAITED = " seconds: does it wait for something?"
NO_SANDBOX = (
    "There is no sandbox on this machine, so a student's code could read your files and change grades. "
    "On Debian and Ubuntu: apt-get install bubblewrap (0.7 or newer). On macOS and Windows: grade in a Linux container "
    "or virtual machine. Or grade with --without-sandbox-because-i-trust-these-students."
)


def available() -> bool:
    """Whether a sandbox can be made here."""
    if shutil.which("bwrap") is None or platform.machine() not in SYSTEM_CALLS:
        return False
    return run({"setup": "", "answer": "", "inputs": []}) == {"results": []}


def run(job: dict[str, Any], sandboxed: bool = True) -> dict[str, Any]:
    """The outcome of a job of `runner`, or ``{"died": why}`` in words.

    Never raises for what the code does, and takes at most `SECONDS`.
    """
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stdout:
        stdin.write(json.dumps(job).encode())
        stdin.seek(0)
        died = _wait(stdin, stdout, sandboxed)
        stdout.seek(0)
        return {"died": died} if died else _read(stdout.read(LIMITS["FSIZE"] + 1))


def _wait(stdin: IO[bytes], stdout: IO[bytes], sandboxed: bool) -> str | None:
    with tempfile.TemporaryFile() as rules:
        lmlib = f"{INSIDE}/lmlib" if sandboxed else str(LMLIB)
        command = [sys.executable, "-s", "-P", f"{lmlib}/{RUNNER}"]
        process = subprocess.Popen(
            [*walls(rules), *command] if sandboxed else command,
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT if sandboxed else os.environ | ENVIRONMENT,
            pass_fds=[rules.fileno()] if sandboxed else [],
            preexec_fn=_limit if os.name == "posix" else None,
            start_new_session=True,
        )
        try:
            code = process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            _kill(process)
            return f"it was stopped after {SECONDS}{WAITED}"
        _kill(process)  # what it left behind, where there is no sandbox
    return _why(code)


def _kill(process: subprocess.Popen) -> None:
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _why(code: int) -> str | None:
    # bwrap gives back 128 + the signal, as a shell does.
    try:
        name = signal.Signals(-code if code < 0 else code - 128).name
    except ValueError:
        return "it ended Python itself, or ran out of memory" if code else None
    return WHY.get(name, f"it ended Python itself ({name})")


def _read(text: bytes) -> dict[str, Any]:
    """The outcome in ``text``; what is no strict JSON was not written by the runner."""
    try:
        outcome = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        outcome = None
    # Only out here is it known why a process died. In there the words could tell hidden inputs.
    if not isinstance(outcome, dict) or "died" in outcome:
        return {
            "died": "it ended Python itself, or wrote into the grader's own channel"
        }
    return outcome


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _limit() -> None:
    import resource

    for name, value in LIMITS.items():
        # A second of processor more before SIGKILL, so that the signal says why it came.
        limits = (value, value + (name == "CPU"))
        with contextlib.suppress(
            ValueError, OSError
        ):  # a stricter limit was there already
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), limits)
