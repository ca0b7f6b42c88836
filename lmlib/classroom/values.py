"""Arguments and results as JSON: what goes into the sandbox, and what comes out.

Never pickle, which runs code where it is read. `decode` makes plain data and nothing else; only inside the
sandbox, with ``space``, does it also make the functions that a few exercises take as arguments.

>>> decode(encode(({"a", "b"}, (1, 2.5), {1: b"x"}))) == ({"a", "b"}, (1, 2.5), {1: b"x"})
True
"""

from __future__ import annotations

import math
import numbers
from typing import Any


class Table(dict):
    """A function given by all of its values, such as the next words after each text."""

    def __call__(self, key: Any) -> Any:
        """The value of ``key``."""
        return self[key]


class Code(str):
    """A function given by an expression over the names of the chapter."""


def encode(value: Any) -> Any:
    """``value`` as JSON. What no exercise asks for becomes ``{"other": its type}``.

    >>> encode([1, (True, None)])
    [1, {'tuple': [True, None]}]
    """
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        value = value.item()  # one number of an array or a tensor
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (str, bytes)):
        return _text(value)
    if isinstance(value, numbers.Real):
        return _number(value)
    if isinstance(value, dict):
        kind = "table" if isinstance(value, Table) else "dict"
        return {kind: [[encode(key), encode(item)] for key, item in value.items()]}
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, (tuple, set)):
        kind = "tuple" if isinstance(value, tuple) else "set"
        return {kind: [encode(item) for item in value]}
    return {"other": type(value).__name__}


def _text(value: str | bytes) -> Any:
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    return {"code": str(value)} if isinstance(value, Code) else str(value)


def _number(value: numbers.Real) -> Any:
    if isinstance(value, numbers.Integral):
        return int(value)
    number = float(value)
    return number if math.isfinite(number) else {"float": str(number)}


def decode(value: Any, space: dict[str, Any] | None = None) -> Any:
    """What `encode` was given. Raises ValueError or TypeError for what it never wrote.

    Functions need ``space``, the names that their code may use. Without it they are refused.

    >>> decode({"float": "inf"}), decode({"tuple": [1, {"set": []}]})
    (inf, (1, set()))
    """
    if isinstance(value, list):
        return [decode(item, space) for item in value]
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "code" and space is not None:
        return eval(content, space)
    if kind in ("dict", "table"):
        pairs = {decode(key, space): decode(item, space) for key, item in content}
        return Table(pairs) if kind == "table" else pairs
    if kind in ("tuple", "set"):
        return (tuple if kind == "tuple" else set)(decode(content, space))
    return _plain(kind, content)


def _plain(kind: str, content: Any) -> Any:
    if kind == "bytes":
        return bytes.fromhex(content)
    if kind == "float" and content in ("nan", "inf", "-inf"):
        return float(content)
    if kind == "other":
        return Other()
    raise ValueError(f"value: {kind!r} is no kind of value that an answer can have")


def expressions(value: Any) -> list[str]:
    """The code in an encoded value."""
    if isinstance(value, dict) and "code" in value:
        return [value["code"]]
    items = value.values() if isinstance(value, dict) else value
    listed = items if isinstance(value, (dict, list)) else []
    return [code for item in listed for code in expressions(item)]


class Other:
    """Something that no exercise asks for: it is equal to nothing."""


def equal(expected: Any, got: Any) -> bool:
    """Whether ``got`` is what was expected: the same kinds of things, and floats to six digits.

    A whole number may come as a float, and the other way round; True is no number. Two whole numbers are
    equal only if they are.

    >>> equal((1.0, {2}), (1.0000000001, {2})), equal([1], (1,)), equal(1, True)
    (True, False, False)
    """
    if isinstance(expected, (int, float)) and not isinstance(expected, bool):
        if isinstance(got, bool) or not isinstance(got, (int, float)):
            return False
        if isinstance(expected, int) and isinstance(got, int):
            return expected == got
        both_nan = expected != expected and got != got
        return both_nan or math.isclose(expected, got, rel_tol=1e-6, abs_tol=1e-9)
    if type(expected) is not type(got):
        return False
    if isinstance(expected, (list, tuple)):
        return len(expected) == len(got) and all(map(equal, expected, got))
    if isinstance(expected, dict):
        return expected.keys() == got.keys() and all(
            equal(item, got[key]) for key, item in expected.items()
        )
    return bool(expected == got)
