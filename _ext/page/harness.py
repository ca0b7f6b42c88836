"""Runs and checks what a reader wrote: the part of the worker that is Python."""

import _sys
import builtins
import sys
import traceback

import lmlib.classroom.checks as checks
import lmlib.classroom.record as record
import lmlib.classroom.values as values
from lmlib.classroom.examples import Example

page = __BRYTHON__.page  # what the script of the worker shares with this one
NAME = "<your code>"
MOST = 20_000
"""Characters of output that are shown; more than one reads would stop the page."""


class Console:
    """Where `print` writes: to the page, in pieces, and no more than is read."""

    def __init__(self):
        self.written, self.piece = 0, []

    def write(self, text):
        text = str(text)
        room = MOST - self.written
        self.written += len(text)
        if room > 0:
            self.piece.append(text[:room])
            if sum(map(len, self.piece)) > 500 or self.written > MOST:
                self.flush()
        return len(text)

    def flush(self):
        if self.piece:
            page.said("".join(self.piece), self.written > MOST)
            self.piece = []


def _no_keyboard(prompt=""):
    raise RuntimeError("there is no keyboard behind input() here: write the value into the code")


def _space(setup):
    space = {"__name__": "__main__"}
    exec(compile(setup, "<chapter>", "exec"), space)
    return space


def _run(code, space):
    """Runs code; the value of a last expression is shown, as in a notebook."""
    traceback.SOURCES.clear()
    traceback.SOURCES[NAME] = code
    exec(compile(code, NAME, "exec"), space)


def run(setup, code, last):
    """What the code prints, the value of its ``last`` expression, or what stops it."""
    try:
        space = _space(setup)
        _run(code, space)
        value = eval(compile(last, NAME, "eval"), space) if last else None
        if value is not None:
            print(repr(value))
        return True
    except BaseException as error:
        print(traceback.format_exception(error))
        return False
    finally:
        sys.stdout.flush()


def _checked(given, space):
    """Makes the check: that of the notebook, or one with examples that were worked out before."""
    if "source" in given:
        exec(compile(given["source"], "<check>", "exec"), space)
        return
    examples = []
    for args, gives, why, raises, shown in given["examples"]:
        args = tuple(values.decode(args, space))
        examples.append(Example(args, values.decode(gives, space), why, raises, shown))
    answer = space[given["function"]]
    checks.check_answer(given["exercise"], answer, *examples, right=given["right"], untouched=given["untouched"])


def check(setup, code, given):
    """The same, and then the exercise's check, which says what it says in a notebook. Whether all is right."""
    exercise, function = given["exercise"], given["function"]
    record.KNOWN[exercise] = given["known"]
    try:
        space = _space(setup)
        with_code = False
        try:
            _run(code, space)
            with_code = True
        except NotImplementedError:
            print(f"{exercise}: not answered yet.")
        except BaseException as error:
            print(traceback.format_exception(error))
        if not with_code:
            return False
        if space.get(function) is None:
            print(f"{exercise}: not yet. There is no {function!r}: was it renamed?")
            return False
        right = False
        with checks.checking(exercise):
            _checked(given, space)
            right = True
        return right
    finally:
        sys.stdout.flush()


builtins.input = _no_keyboard
_sys.stdout = _sys.stderr = sys.stdout = sys.stderr = Console()
page.run, page.check = run, check
