"""What a student's notebook needs: checks that help, and never stop the notebook.

Python's standard library alone, since it runs on every student's machine.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lmlib.classroom.diagnosis import Check
from lmlib.classroom.examples import Example, example
from lmlib.classroom.sentences import fault
from lmlib.workshop.keeping import keep

__all__ = ["check_answer", "check_of", "checking", "example"]


def check_answer(
    exercise: str,
    answer: Callable,
    *examples: Example,
    right: str,
    view: Callable[[Any], Any] | None = None,
    untouched: bool = False,
    part: bool = False,
) -> None:
    """Call an answer with each example, and print ``right`` if all are.

    ``view`` says what counts of a result where not all of it does; ``untouched``, that the arguments must
    stay as they are; ``part``, that it is a part of the reader's own GPT and is kept for it. Raises
    AssertionError with a hint.

    >>> check_answer("halve", lambda x: x / 2, example(3, gives=1.5), right="Right.")
    Right.
    >>> check_answer("halve", lambda x: x // 2, example(3, gives=1.5), right="Right.")
    Traceback (most recent call last):
    AssertionError: halve(3) should be 1.5, not 1.
    """
    name = getattr(answer, "__name__", exercise)
    name = exercise if name == "<lambda>" else name
    check = Check(exercise, name, examples, view, untouched)
    said = fault(check, check.outcomes(answer))
    if said:
        raise AssertionError(said)
    print(right)
    if part and (kept := keep(answer)):
        print(kept)


@contextmanager
def checking(exercise: str) -> Iterator[None]:
    """Says what is wrong as a sentence, so that "Run all" reaches the end of the notebook.

    >>> with checking("reheat"):
    ...     raise NotImplementedError
    reheat: not answered yet.
    >>> with checking("reheat"):
    ...     assert 1 + 1 == 3, "Did you count twice?"
    reheat: not yet. Did you count twice?
    """
    try:
        yield
    except NotImplementedError:
        print(f"{exercise}: not answered yet.")
    except AssertionError as hint:
        print(f"{exercise}: not yet. {str(hint) or 'An assertion of your own fails.'}")
    except NameError as error:
        lost = f"There is no {error.name!r}: was it renamed, or was its cell not run?"
        print(f"{exercise}: not yet. {lost}")
    except Exception as error:
        line = traceback.extract_tb(error.__traceback__)[-1]
        print(
            f"{exercise}: not yet. It stops with {type(error).__name__}: {error} "
            f"(line {line.lineno} of {line.name}: {line.line})"
        )


def check_of(space: dict[str, Any], source: str, function: str) -> Check:
    """The check that a cell's ``source`` asks for, which is not made. ``space`` has the names it may use.

    Raises ValueError where the cell does something else.
    """
    found: list[Check] = []

    def check_answer(
        exercise: str,
        answer: Any,
        *examples: Example,
        right: str,
        part: bool = False,
        **settings: Any,
    ) -> None:
        found.append(Check(exercise, function, examples, **settings))

    names = space | {"check_answer": check_answer, function: None}
    try:
        exec(compile(source, "check", "exec"), names)
        return found[0]
    except Exception as error:
        raise ValueError(
            f"check of {function!r}: it must be one call of check_answer and what that needs ({error})"
        ) from error
