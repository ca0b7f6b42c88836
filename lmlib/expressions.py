"""Arithmetic that a model has written, computed without running it as code; and how often that is right.

Nothing is ever given to ``eval`` or ``exec``. The text is parsed, and of what Python can say only whole numbers,
names that are given, ``+ - * //`` and parentheses are known; all else is refused, before anything is computed.

>>> evaluate("( x + 4 ) * 2", x=3)
14
>>> evaluate("open('diary').read()")
Traceback (most recent call last):
ValueError: text: "open('diary').read()" has other signs than numbers, names and + - * // ( )
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Mapping, Sequence

LONGEST, LARGEST = 200, 10**12
"""Signs of a text, and how far from 0 any number may be: a loop of models must end, and soon."""

SIGNS = re.compile(r"(?:[0-9]+(?!\w)|[a-z]+(?!\w)|//|[-+*() ])*")
OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}


def evaluate(text: str, /, **values: int) -> int:
    """The value of an expression of whole numbers and of the names that are given.

    Raises ValueError for everything else: other signs, other names, calls, powers, a division by 0, more than
    :data:`LONGEST` signs, a number beyond :data:`LARGEST`, and what is no expression.
    """
    if len(text) > LONGEST:
        raise ValueError(f"text: {len(text)} signs; write at most {LONGEST}")
    if not SIGNS.fullmatch(text):
        raise ValueError(
            f"text: {text!r} has other signs than numbers, names and + - * // ( )"
        )
    try:
        return _value(ast.parse(text.strip(), mode="eval").body, values)
    except (SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError(
            f"text: {text!r} is no expression; write it as Python does"
        ) from error


def _value(node: ast.expr, values: Mapping[str, int]) -> int:
    """What a part of the tree comes to."""
    match node:
        case ast.Constant(value=int(number)):
            return _bounded(number)
        case ast.Name(id=name) if name in values:
            return _bounded(values[name])
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner, values)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            a, b = _value(left, values), _value(right, values)
            if b == 0 and isinstance(op, ast.FloorDiv):
                raise ValueError("text: it divides by 0")
            return _bounded(OPERATORS[type(op)](a, b))
    raise ValueError(
        f"text: {ast.unparse(node)!r} is not allowed; use numbers, + - * // ( ), "
        f"and the names {', '.join(values) or '(none are given)'}"
    )


def _bounded(number: int) -> int:
    if abs(number) > LARGEST:
        raise ValueError(
            f"text: a number in it is beyond {LARGEST:,}; use smaller ones"
        )
    return number


Case = tuple[Mapping[str, int], int]
"""Values of the names, and what is to come out."""


def passes(text: str, tests: Sequence[Case]) -> bool:
    """Whether an expression gives what each test asks for; what is refused passes none.

    Raises ValueError where there is no test, which everything would pass.

    >>> passes("x + x", [({"x": 2}, 4)]), passes("x * x", [({"x": 2}, 4), ({"x": 3}, 6)])
    (True, False)
    """
    if not tests:
        raise ValueError("tests: there is none, and anything would pass")
    try:
        return all(evaluate(text, **values) == wanted for values, wanted in tests)
    except ValueError:
        return False


def pass_at_k(n: int, right: int, k: int) -> float:
    """How likely one of ``k`` answers is right, if ``right`` of ``n`` drawn ones were: formula `eq:pass-at-k`.

    Chen et al. (2021). Raises ValueError for k outside 1 … n, or more right ones than answers.

    >>> round(pass_at_k(n=10, right=3, k=1), 3), round(pass_at_k(n=10, right=3, k=5), 3)
    (0.3, 0.917)
    """
    if not 0 <= right <= n or not 1 <= k <= n:
        raise ValueError(
            f"n, right, k: {n}, {right}, {k}; use 0 ≤ right ≤ n and 1 ≤ k ≤ n"
        )
    return 1 - math.comb(n - right, k) / math.comb(n, k)


CALL = re.compile(r"calc \(([^()]*)\) =$")


def call_result(written: str) -> str | None:
    """What a call at the end of a text comes to, digit by digit as the model writes numbers.

    None where no call stands there; "error" for a call that cannot be computed.

    >>> call_result("calc ( 3 7 + 2 4 ) =")
    '6 1'
    >>> call_result("calc ( 3 + + ) ="), call_result("6 1")
    ('error', None)
    """
    found = CALL.search(written)
    if not found:
        return None
    try:
        return " ".join(str(evaluate(found[1].replace(" ", ""))))
    except ValueError:
        return "error"
