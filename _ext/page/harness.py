"""Runs and checks what a reader wrote: the part of the worker that is Python."""

import _sys
import annotationlib
import builtins
import sys
import traceback

import lmlib.classroom.checks as checks
import lmlib.classroom.record as record
import lmlib.classroom.values as values
from lmlib.classroom.examples import Example

page = __BRYTHON__.page  # what the script of the worker shares with this one
NAME = "<your code>"
FIRST, LAST = 20_000, 2_000
"""Characters of output that are shown at its beginning and its end; more than one reads would stop the page."""
AT_ONCE, PIECE = 2_000, 500
"""Characters that go to the page as they come, so that a loop that never ends has said how far it is; and what is
gathered after that."""
LACKING = ("No module named '", "module 'torch", "'Tensor' object has no attribute")


class Console:
    """Where `print` writes: to the page, in pieces, and no more than is read."""

    def __init__(self):
        self.begin()

    def begin(self):
        self.written, self.piece, self.last, self.lacks = 0, [], [], False

    def write(self, text):
        # A program may print a hundred thousand lines; what is asked below has quotes.
        if self.written > FIRST and "'" not in text:
            self.last.append(text)
            if len(self.last) > LAST:
                self.last = ["".join(self.last)[-LAST:]]
            return len(text)
        room = FIRST - self.written
        self.written += len(text)
        self.lacks = self.lacks or any([words in text for words in LACKING])
        if room > 0:
            self.piece.append(text[:room])
        if self.written > FIRST:
            self.last.append(text[max(room, 0) :])
        if room > 0 and (
            self.written < AT_ONCE or self.last or sum(map(len, self.piece)) > PIECE
        ):
            self.flush()
        return len(text)

    def flush(self):
        if self.piece:
            page.said("".join(self.piece), bool(self.last))
            self.piece = []

    def end(self):
        """Says what is still to be said, the end of much output, and whether the page is what lacked something."""
        if self.lacks:
            print(
                "The page has only a part of Python's own modules, and of PyTorch. Colab has all of them."
            )
        self.flush()
        if self.last:
            page.said("".join(self.last)[-LAST:], False)
            self.last = []


def _no_keyboard(prompt=""):
    raise RuntimeError(
        "there is no keyboard behind input() here: write the value into the code"
    )


def _space(setup):
    space = {"__name__": "__main__"}
    exec(compile(setup, "<chapter>", "exec"), space)
    return space


def _run(code, space):
    """Runs code; the value of a last expression is shown, as in a notebook. Gives the lines of its statements."""
    traceback.SOURCES.clear()
    traceback.SOURCES[NAME] = code
    statements = page.statements(code, NAME)
    if statements and statements[-1][0] == "Expr" and not code.rstrip().endswith(";"):
        _, first, _, column = statements[-1]
        lines = code.splitlines()
        before = [*lines[: first - 1], lines[first - 1][:column]]
        exec(compile("\n".join(before), NAME, "exec"), space)
        # As many lines and columns as before, so that an error names its own.
        last = "\n".join([lines[first - 1][column:], *lines[first:]])
        value = eval(compile("\n" * (first - 1) + last.rstrip(), NAME, "eval"), space)
        if value is not None:
            print(repr(value))
    else:
        exec(compile(code, NAME, "exec"), space)
    return statements


def _definitions(code, statements):
    """What of the code can be run again anywhere, as ``lmlib.workshop.keeping`` keeps it."""
    kinds = ("Import", "ImportFrom", "FunctionDef", "ClassDef", "Assign")
    lines = code.splitlines()
    return "\n\n\n".join(
        [
            "\n".join(lines[first - 1 : last])
            for kind, first, last, _ in statements
            if kind in kinds
        ]
    )


def run(setup, code):
    """What the code prints, the value of its last expression, or what stops it; a text where nothing does."""
    console.begin()
    try:
        _run(code, _space(setup))
        return ""
    except BaseException as error:
        print(traceback.format_exception(error))
        return None
    finally:
        console.end()


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
    checks.check_answer(
        given["exercise"],
        answer,
        *examples,
        right=given["right"],
        untouched=given["untouched"],
    )


def check(setup, code, given):
    """The same, and then the exercise's check, which says what it says in a notebook. The code to keep if all is right."""
    exercise, function = given["exercise"], given["function"]
    record.KNOWN[exercise] = given["known"]
    console.begin()
    try:
        space = _space(setup)
        space.pop(function, None)  # the book's own, which chapters lend, is no answer
        try:
            statements = _run(code, space)
        except NotImplementedError:
            print(f"{exercise}: not answered yet.")
            return None
        except BaseException as error:
            print(traceback.format_exception(error))
            return None
        kept = None
        with checks.checking(exercise):
            if function not in space:
                raise NameError(f"name {function!r} is not defined", name=function)
            _checked(given, space)
            kept = _definitions(code, statements)
        return kept
    finally:
        console.end()


builtins.input = _no_keyboard
_sys.setrecursionlimit(
    500
)  # a browser's own limit comes soon after, and is another error
console = Console()
_sys.stdout = _sys.stderr = sys.stdout = sys.stderr = console
# All modules are in the worker: nothing is to be looked for elsewhere.
_sys.meta_path[:] = [finder for finder in _sys.meta_path if "VFS" in repr(finder)]
page.run, page.check = run, check
