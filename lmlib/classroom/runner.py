"""The program inside the sandbox: runs answers, each in a process of its own, and writes what came out as JSON.

It trusts nobody and decides nothing: values come back, and no expected value is ever in here but those of
the visible checks, which stand in the student's own notebook. It imports what the answers need, such as
PyTorch, once. Then it divides itself for each answer; the copy gives up what it may ask of the system
before it reads a line of the student's.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import random
import select
import signal
import struct
import sys
import time
from functools import partial
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(__file__))))
from lmlib.classroom.running import perform

OUTCOME_LIMIT = 256 << 10
"""Bytes that one answer may give back."""


def serve(order: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """For each job of an order the outcomes of its readings, all before ``order["end"]`` on the clock.

    Where a function was there and ended its process, no other reading of that answer is tried.
    """
    for module in order["preload"]:
        importlib.import_module(module)
    to_come = sum(len(job["readings"]) for job in order["jobs"])
    found = []
    for job in order["jobs"]:
        outcomes: list[dict[str, Any]] = []
        for cells in job["readings"]:
            to_come -= 1
            left = order["end"] - time.monotonic() - order["reserve"] * to_come
            seconds = max(0.5, min(order["each"], left))
            outcomes.append(divided(job | {"cells": cells}, seconds, order))
            if outcomes[-1]["ready"] and "died" in outcomes[-1]:
                to_come -= len(job["readings"]) - len(outcomes)
                break
        found.append(outcomes)
    return found


def divided(job: dict[str, Any], seconds: float, order: dict[str, Any]) -> dict:
    """The outcome of a job, from a copy of this process that has ``seconds`` for it."""
    out, into = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(out)
            _alone(into, order)
            ready = partial(os.write, into, b"ready\n")
            said = json.dumps(perform(job, ready, order["above"]))
            with open(into, "wb") as pipe:
                pipe.write(said.encode())
        finally:
            os._exit(0)  # whatever the answer left for the end is not waited for
    os.close(into)
    text, started, before = b"", time.monotonic(), 0.0
    with open(out, "rb", buffering=0) as pipe:
        while len(text) <= OUTCOME_LIMIT:
            left = started + seconds - time.monotonic()
            before = _worked(child)
            if left <= 0 or not select.select([pipe], [], [], left)[0]:
                break
            some = pipe.read(1 << 16)
            if not some:
                break
            text += some
    return _outcome(child, text, started + seconds, before + 0.02 * seconds)


def _outcome(child: int, text: bytes, end: float, idle: float) -> dict[str, Any]:
    """What a child wrote, or why it did not. It waits if it computed for no more than ``idle`` seconds."""
    too_much = len(text) > OUTCOME_LIMIT
    status, usage = _ended(child, 0.0 if too_much else end)
    before, ready, after = text.partition(b"ready\n")
    found: dict[str, Any] = {"ready": bool(ready)}
    if too_much:
        return found | {"died": "too much"}
    if status is None:
        worked = usage.ru_utime + usage.ru_stime > idle
        return found | {"died": "computing" if worked else "waiting"}
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        return found | {"died": "memory" if usage.ru_maxrss >> 21 else name}
    said = (after if ready else before).decode("utf-8", "replace")
    return found | ({"said": said} if said else {"died": "ended"})


def _ended(child: int, end: float) -> tuple[int | None, Any]:
    """How a child ended and what it used; it is killed at ``end``, and has no status then."""
    while True:
        pid, status, usage = os.wait4(child, os.WNOHANG)
        if pid:
            return status, usage
        if time.monotonic() >= end:
            os.kill(child, signal.SIGKILL)
            return None, os.wait4(child, 0)[2]
        time.sleep(0.002)


def _worked(child: int) -> float:
    """Seconds of computing so far: only Linux tells them of a process that still runs."""
    return time.clock_gettime(~child << 3 | 2) if sys.platform == "linux" else 0.0


def _alone(into: int, order: dict[str, Any]) -> None:
    """Keep no file but ``into``, and give up what only this program may do."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    os.closerange(3, into)
    os.closerange(into + 1, 1 << 12)
    random.seed(0)  # so that an answer that throws dice throws the same again
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    if os.name == "posix":
        import resource

        for name, value in order["limits"].items():
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))
    if order["filter"]:
        _filter(bytes.fromhex(order["filter"]))


def _filter(program: bytes) -> None:
    """From here on the kernel refuses what ``program`` does not allow. There is no way back."""
    libc = ctypes.CDLL(None, use_errno=True)
    space = ctypes.create_string_buffer(program, len(program))
    address = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(space))
    no_new_privileges, set_filter, by_program = 38, 22, 2
    if libc.prctl(no_new_privileges, 1, 0, 0, 0) or libc.prctl(
        set_filter, by_program, ctypes.c_char_p(address), 0, 0
    ):
        raise OSError(ctypes.get_errno(), "the filter of system calls was refused")


if __name__ == "__main__":
    json.dump(serve(json.load(sys.stdin)), sys.stdout)
