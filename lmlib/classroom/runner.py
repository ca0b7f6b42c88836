"""The program inside the sandbox: runs one answer, and writes what came out as JSON.

It trusts nobody and decides nothing. With ``inputs`` it calls the answer's function and gives its values
back; with ``check`` it runs the visible check and gives its hint back. No expected value is ever in here
but those of the visible check, which stand in the student's own notebook.
"""

from __future__ import annotations

import builtins
import json
import os
import signal
import sys
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(__file__))))
from lmlib.classroom.no_notebook import NAMES, stand_in
from lmlib.classroom.values import decode, encode


def kind_of(error: BaseException) -> str:
    """The name of the built-in exception that ``error`` is, or comes from: a name that cannot tell secrets."""
    names = (kind.__name__ for kind in type(error).__mro__)
    return next(name for name in names if hasattr(builtins, name))


def call(
    job: dict[str, Any], space: dict[str, Any], given: dict[str, Any]
) -> list[Any]:
    """For each input, the value and the arguments as they are afterwards, or what was raised."""
    results = []
    for arguments in job["inputs"]:
        values = decode(arguments, given)
        try:
            value = space[job["function"]](*values)
            results.append({"value": encode(value), "after": encode(values)})
        except BaseException as error:
            results.append({"raised": kind_of(error)})
    return results


def hint(job: dict[str, Any], space: dict[str, Any]) -> str | None:
    """What the visible check says: a hint, or nothing if it passes."""
    try:
        exec(compile(job["check"], "check", "exec"), space)
    except AssertionError as error:
        return str(error) or "An assertion of your own fails."
    except BaseException as error:
        return f"Your function stops with {type(error).__name__}: {error}"
    return None


def outcome_of(job: dict[str, Any]) -> dict[str, Any]:
    """What the answer of a job gives: ``results``, or a ``hint``, or that it is ``broken``."""
    space: dict[str, Any] = {"__name__": "__main__", **NAMES}
    exec(compile(job["setup"], "setup", "exec"), space)
    given = dict(space)  # so that arguments do not depend on what the answer defines
    try:
        exec(compile(job["answer"], "answer", "exec"), space)
    except BaseException as error:
        return {"broken": kind_of(error)}
    if "check" in job:
        return {"hint": hint(job, space)}
    return {"results": call(job, space, given)}


def main() -> None:
    """Read a job, run it with its prints thrown away, write the outcome to where stdout led."""
    job = json.load(sys.stdin)
    answer_to = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    if "IPython" in job["answer"]:
        stand_in()
    outcome = outcome_of(job)
    # Python ignores this signal. Too large an outcome shall say why it ends.
    if hasattr(signal, "SIGXFSZ"):
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    json.dump(outcome, answer_to)
    answer_to.flush()
    os._exit(0)  # whatever the answer left for the end is not waited for


if __name__ == "__main__":
    main()
