"""Runs the code of one answer and calls its function: what the runner does in each of its copies.

The code is read in one of two ways, which `statements` and `answers` make: the notebook's cells from top to
bottom, or the statements that the function needs and no others.
"""

from __future__ import annotations

import contextlib
import copy
import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import lmlib.classroom.checks
from lmlib.classroom.calls import Outcome, name_of, outcome
from lmlib.classroom.checks import check_of
from lmlib.classroom.no_notebook import NAMES, stand_in
from lmlib.classroom.values import decode

CELL_SECONDS, AT_LEAST = 2.0, 0.1
"""For a cell that has no answer in it, such as one that trains or waits for a key: at most, and where others
above the answer took all the time that there is for them."""


def perform(
    job: dict[str, Any], ready: Callable[[], Any], above: float = CELL_SECONDS
) -> dict[str, Any]:
    """What the function of a job gives for each of its examples or inputs; ``broken`` where there is none.

    ``ready`` is called when the function is there, before it is called for the first time. All cells ``above``
    the answer have that many seconds.
    """
    space: dict[str, Any] = {"__name__": "__main__", **NAMES}
    if any("IPython" in cell for cell in job["cells"]):
        stand_in()
    exec(compile(job["setup"], "setup", "exec"), space)
    given = dict(space)  # so that arguments do not depend on what the answer defines
    broken = _run(job["cells"], space, above)
    function = space.get(job["function"])
    if not callable(function):
        return {"broken": broken}
    ready()
    return {"results": [_safe(function, args) for args in _arguments(job, given)]}


def _arguments(job: dict[str, Any], given: dict[str, Any]) -> Iterator[Any]:
    if "check" in job:
        check = check_of(given, job["check"], job["function"])
        yield from (copy.deepcopy(example.args) for example in check.examples)
    else:
        yield from (decode(arguments, given) for arguments in job["inputs"])


def _safe(function: Callable, args: Any) -> Outcome:
    """An outcome even where the function asks Python to end."""
    try:
        return outcome(function, args)
    except BaseException as error:
        return {"raised": name_of(error), "said": str(error)}


def _run(cells: list[str], space: dict[str, Any], above: float) -> str | None:
    """Run cells one after the other as a notebook does, and return what the last of them raised.

    A cell that fails stops none that follows, since a student may have run these without it. Checks are
    passed over: they would call functions that have their own turn.
    """
    broken, end = None, time.monotonic() + above
    with _without_checks():
        for n, cell in enumerate(cells):
            left = max(AT_LEAST, min(CELL_SECONDS, end - time.monotonic()))
            try:
                with _limited(0.0 if n == len(cells) - 1 else left):
                    exec(compile(cell, "cell", "exec"), space)
                broken = None
            except BaseException as error:
                broken = name_of(error)
    return broken


@contextlib.contextmanager
def _without_checks() -> Iterator[None]:
    module = lmlib.classroom.checks
    kept, module.check_answer = module.check_answer, lambda *args, **settings: None
    try:
        yield
    finally:
        module.check_answer = kept


class _TooLong(BaseException):
    """A cell takes too long."""


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Stop what takes longer, where the system can; 0 is no limit."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise _TooLong

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
