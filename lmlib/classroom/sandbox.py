"""Runs a student's code where it can do no harm: bubblewrap, with nothing to read and nobody to call.

Inside there is Python, its packages and lmlib, all read-only; no network, no chapter, no other answer, and
16 MB to write that vanish at the end. A filter of system calls refuses every new process and thread, and
memory that no limit would count, so that one limit of memory and one of time hold for all that the code
can do. What comes back is a file of at most 256 kB.

bubblewrap (0.7 or newer): https://github.com/containers/bubblewrap. The filter: Linux's
``Documentation/userspace-api/seccomp_filter.rst``.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

LIMITS = {"AS": 3 << 30, "CPU": 10, "FSIZE": 256 << 10, "NOFILE": 256, "CORE": 0}
"""Bytes of memory, seconds of processor, bytes of a file, open files, which can be sockets full of bytes:
see ``man setrlimit``."""
SCRATCH = 16 << 20
"""Bytes of /tmp, in memory: a few packages cannot be imported without one."""
SECONDS = 30
"""On the clock, for code that sleeps: far more than honest answers take on a busy machine."""
LMLIB = Path(__file__).parents[1]
RUNNER = "classroom/runner.py"
THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
ENVIRONMENT = THREADS | {"PYTHONHASHSEED": "0"}
"""One thread, and sets in the same order in each run, so that a grade made again has the same reason."""
# Audit number of the processor, and its numbers of fork, vfork, clone and clone3; then of what gives memory
# outside every limit: shmget, msgget, memfd_create, and unshare, which lets a process mount disks of memory.
SYSTEM_CALLS = {
    "x86_64": (0xC000003E, [57, 58, 56, 435, 29, 68, 319, 272]),
    "aarch64": (0xC00000B7, [220, 435, 194, 186, 279, 97]),
}
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
        command = [sys.executable, "-s", "-P", str(LMLIB / RUNNER)]
        if sandboxed:
            rules.write(_no_new_processes())
            rules.seek(0)
            command = [
                *_walls(rules.fileno()),
                sys.executable,
                "-s",
                "-P",
                f"/book/lmlib/{RUNNER}",
            ]
        process = subprocess.Popen(
            command,
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
        return {"died": "it ended Python itself, or wrote into the grader's own channel"}
    return outcome


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _limit() -> None:
    import resource

    for name, value in LIMITS.items():
        # A second of processor more before SIGKILL, so that the signal says why it came.
        limits = (value, value + (name == "CPU"))
        with contextlib.suppress(ValueError, OSError):  # a stricter limit was there already
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), limits)


def _no_new_processes() -> bytes:
    """A filter for the kernel: `SYSTEM_CALLS` are refused (EPERM), all else is allowed."""
    load, equal, at_least, give_back = 0x20, 0x15, 0x35, 0x06
    kill, refuse, allow = 0x80000000, 0x00050001, 0x7FFF0000
    processor, refused = SYSTEM_CALLS[platform.machine()]
    program = [(load, 0, 0, 4), (equal, 1, 0, processor), (give_back, 0, 0, kill)]
    program.append((load, 0, 0, 0))
    # From 2³⁰ on, x86-64 counts the same calls a second time (its x32 form).
    tests = [(at_least, 1 << 30), *((equal, number) for number in refused)]
    program += [(test, len(tests) - n, 0, k) for n, (test, k) in enumerate(tests)]
    program += [(give_back, 0, 0, allow), (give_back, 0, 0, refuse)]
    return b"".join(struct.pack("HBBI", *line) for line in program)


def _walls(rules: int) -> list[str]:
    """bubblewrap's arguments: what is inside, read-only, and what is shut off."""
    command = [
        shutil.which("bwrap") or "bwrap",
        "--unshare-all",
        "--unshare-user",
        "--die-with-parent",
        "--new-session",
    ]
    command += [
        "--cap-drop",
        "ALL",
        "--uid",
        "65534",
        "--gid",
        "65534",
        "--hostname",
        "sandbox",
    ]
    command += [
        "--size",
        str(SCRATCH),
        "--tmpfs",
        "/tmp",
    ]  # first: Python itself may lie below /tmp
    for folder in visible_folders():
        command += ["--ro-bind", folder, folder]
    for link in ("lib", "lib64", "bin"):
        if os.path.islink(f"/{link}"):
            command += ["--symlink", f"usr/{link}", f"/{link}"]
        elif os.path.isdir(f"/{link}"):
            command += ["--ro-bind", f"/{link}", f"/{link}"]
    command += ["--ro-bind", str(LMLIB), "/book/lmlib", "--dev", "/dev"]
    command += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/book"]
    return [*command, "--seccomp", str(rules)]


def visible_folders() -> list[str]:
    """Folders outside lmlib that code in the sandbox can read: the system's, and Python with its packages."""
    packages = [
        path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")
    ]
    folders = {
        str(Path(path).absolute()) for path in (sys.prefix, sys.base_prefix, *packages)
    }
    return sorted({"/usr", *(folder for folder in folders if os.path.isdir(folder))})


def require_hidden(*private: Path) -> None:
    """Raise ValueError where one of these folders lies inside one that the sandbox shows."""
    for path in private:
        for folder in (*visible_folders(), str(LMLIB)):
            if path.resolve().is_relative_to(Path(folder).resolve()):
                raise ValueError(
                    f"{path} lies below {folder}, which students' code can read. Move it elsewhere."
                )
