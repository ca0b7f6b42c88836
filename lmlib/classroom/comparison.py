"""Whether two results are the same, whatever form they have, and what form one has in words.

The check in the notebook and the grader both ask here, so that they agree. Python's standard library alone.
"""

from __future__ import annotations

import math
from typing import Any

from lmlib.classroom.given import Array, Other

SEVEN_DIGITS = (1e-5, 1e-6, 1e-9)
"""How far two numbers may be apart: of the number itself, of the largest beside it, and in any case. Float32
has seven digits, and a few are lost on the way: a block of a transformer adds up numbers that nearly cancel."""
THREE_DIGITS = (1e-3, 1e-3, 1e-6)
Slack = tuple[float, float, float]


def equal(expected: Any, got: Any) -> bool:
    """Whether ``got`` is what was expected, as far as numbers of seven digits can tell.

    A tuple, an array or a tensor may stand for a list, and the other way round. A whole number may come as
    a float; True is no number. Two whole numbers are equal only if they are.

    >>> equal((1.0, [2]), [1.0000001, (2,)]), equal({1}, [1]), equal(1, True)
    (True, False, False)
    """
    return _equal(plain(expected), plain(got), 0.0, SEVEN_DIGITS)


def near(expected: Any, got: Any) -> bool:
    """Whether ``got`` would be right if its numbers had been rounded on the way, as float32 rounds large ones."""
    return _equal(plain(expected), plain(got), 0.0, THREE_DIGITS)


def plain(value: Any) -> Any:
    """Lists in place of tuples and arrays, on every level."""
    if isinstance(value, Array):
        return _nested(value.shape, list(value.numbers))
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def _nested(shape: tuple[int, ...], row: list) -> list:
    if len(shape) == 1:
        return row
    step = math.prod(shape[1:])
    rows = [row[n * step : (n + 1) * step] for n in range(shape[0])]
    return [_nested(shape[1:], one) for one in rows]


def _equal(expected: Any, got: Any, largest: float, slack: Slack) -> bool:
    if is_number(expected):
        return is_number(got) and _close(expected, got, largest, slack)
    if type(expected) is not type(got) or isinstance(got, Other):
        return False
    if isinstance(expected, list):
        sizes = [abs(n) for n in expected if is_number(n) and math.isfinite(n)]
        largest = max(sizes, default=0.0)
        pairs = zip(expected, got, strict=False)
        return len(expected) == len(got) and all(
            _equal(*p, largest, slack) for p in pairs
        )
    if isinstance(expected, dict):
        return expected.keys() == got.keys() and all(
            _equal(item, got[key], 0.0, slack) for key, item in expected.items()
        )
    return bool(expected == got)


def is_number(value: Any) -> bool:
    """True and False are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _close(expected: float, got: float, largest: float, slack: Slack) -> bool:
    if isinstance(expected, int):
        whole = isinstance(got, int)
        return expected == got if whole else math.isclose(expected, got, abs_tol=1e-6)
    if expected != expected:
        return got != got
    relative, of_largest, absolute = slack
    at_least = max(absolute, of_largest * largest)
    return math.isclose(expected, got, rel_tol=relative, abs_tol=at_least)


def form_of(value: Any) -> str:
    """What kind of thing a value is, in words.

    >>> form_of([1, 2]), form_of(({"a"}, 2.5)), form_of(Array((2, 3), (0,) * 6))
    ('a list of 2 numbers', 'a tuple of a set and a number', 'a tensor of shape (2, 3)')
    >>> form_of([(1, 2), (3, 4)])
    'a list of 2, each a tuple of 2 numbers'
    """
    if isinstance(value, (list, tuple)):
        kind = "list" if isinstance(value, list) else "tuple"
        return f"a {kind} of {_items(value)}" if value else f"an empty {kind}"
    if isinstance(value, Array):
        return f"a tensor of shape {value.shape}"
    if isinstance(value, Other):
        return f"an object of type {value}"
    if value is None or isinstance(value, bool):
        return "None" if value is None else "True or False"
    if is_number(value):
        return "a number"
    names: dict[type, str] = {
        str: "a string",
        set: "a set",
        dict: "a dictionary",
        bytes: "bytes",
    }
    return names.get(type(value), f"an object of type {type(value).__name__}")


def _items(values: list | tuple) -> str:
    forms = [form_of(item) for item in values]
    if len(set(forms)) > 1 and len(forms) > 3:
        return f"{len(forms)} things"
    if len(set(forms)) > 1:
        return f"{', '.join(forms[:-1])} and {forms[-1]}"
    many = {
        "a string": "strings",
        "a number": "numbers",
        "True or False": "truth values",
    }
    if len(forms) == 1:
        return forms[0]
    return (
        f"{len(forms)} {many[forms[0]]}"
        if forms[0] in many
        else f"{len(forms)}, each {forms[0]}"
    )
