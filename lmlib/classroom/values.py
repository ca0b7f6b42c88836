"""Arguments and results as JSON: what goes into the sandbox, and what comes out.

Never pickle, which runs code where it is read. `decode` makes plain data and nothing else; only inside the
sandbox, with ``space``, does it also make tensors, modules and functions that exercises take as arguments.

>>> decode(encode(({"a", "b"}, (1, 2.5), {1: b"x"}))) == ({"a", "b"}, (1, 2.5), {1: b"x"})
True
"""

from __future__ import annotations

import math
import numbers
from collections import deque
from collections.abc import KeysView, ValuesView
from decimal import Decimal
from typing import Any

from lmlib.classroom.given import Array, Code, Made, Other, Table, Use

DIGITS = 13_000
"""Bits of a whole number that Python writes down: it refuses more than 4300 digits."""


def encode(value: Any) -> Any:
    """``value`` as JSON. What no exercise asks for becomes ``{"other": its type}``.

    >>> encode([1, (True, None)])
    [1, {'tuple': [True, None]}]
    """
    if type(value) is float and math.isfinite(value):  # most of all that is encoded
        return value
    if hasattr(value, "reshape") and hasattr(value, "tolist"):
        return _array(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (str, bytes)):
        return _text(value)
    if isinstance(value, (numbers.Real, Decimal)):
        return _number(value)
    if isinstance(value, dict):
        return {"table" if isinstance(value, Table) else "dict": _pairs(value)}
    if isinstance(value, (list, deque, range, KeysView, ValuesView)):
        return [encode(item) for item in value]
    if isinstance(value, (tuple, set, frozenset)):
        items = [encode(item) for item in value]
        if isinstance(value, tuple):
            return {"tuple": items}
        return {"set": sorted(items, key=repr)}  # the same in every process
    return _made(value)


def _made(value: Any) -> Any:
    if isinstance(value, Made):
        return {"made": [value.code, _pairs(value.weights)]}
    if isinstance(value, Use):
        parts = [list(value.init), value.weights, list(value.call)]
        return {"use": [encode(part) for part in parts]}
    if isinstance(value, Array):
        return {"array": [list(value.shape), [encode(n) for n in value.numbers]]}
    if hasattr(value, "state_dict"):  # a module is what it has learned
        return {"dict": _pairs(value.state_dict())}
    return {"other": str(value) if isinstance(value, Other) else type(value).__name__}


def _pairs(items: dict) -> list:
    return [[encode(key), encode(item)] for key, item in items.items()]


def _array(value: Any) -> Any:
    if value.ndim == 0:  # one number of an array or a tensor
        return encode(value.tolist())
    flat = value.reshape(-1).tolist()
    return {"array": [list(value.shape), [encode(number) for number in flat]]}


def _text(value: str | bytes) -> Any:
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    return {"code": str(value)} if isinstance(value, Code) else str(value)


def _number(value: Any) -> Any:
    if isinstance(value, numbers.Integral):
        whole = int(value)
        return whole if whole.bit_length() < DIGITS else {"other": "huge int"}
    number = float(value)
    return number if math.isfinite(number) else {"float": str(number)}


def decode(value: Any, space: dict[str, Any] | None = None) -> Any:
    """What `encode` was given. Raises ValueError or TypeError for what it never wrote.

    Functions, tensors and modules need ``space``, the names that their code may use. Without it a tensor
    becomes an `Array`, and code is refused.

    >>> decode({"float": "inf"}), decode({"tuple": [1, {"set": []}]})
    (inf, (1, set()))
    """
    if isinstance(value, list):
        return [decode(item, space) for item in value]
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind in ("dict", "table"):
        pairs = {decode(key, space): decode(item, space) for key, item in content}
        return Table(pairs) if kind == "table" else pairs
    if kind in ("tuple", "set"):
        return (tuple if kind == "tuple" else set)(decode(content, space))
    if space is not None and kind in ("code", "made", "use", "array"):
        return _inside(kind, content, space)
    return _plain(kind, content)


def _inside(kind: str, content: Any, space: dict[str, Any]) -> Any:
    """What only the sandbox makes, since it runs code or needs PyTorch."""
    if kind == "code":
        return eval(content, space)
    if kind == "use":
        init, weights, call = (decode(part, space) for part in content)
        return Use(tuple(init), weights, tuple(call))
    import torch

    if kind == "array":
        shape, flat = content
        return torch.tensor([decode(number) for number in flat]).reshape(shape)
    code, weights = content
    module = eval(code, space)
    module.load_state_dict(decode({"dict": weights}, space))
    return module


def _plain(kind: str, content: Any) -> Any:
    if kind == "bytes":
        return bytes.fromhex(content)
    if kind == "float" and content in ("nan", "inf", "-inf"):
        return float(content)
    if kind == "array":
        shape, flat = content
        found = Array(tuple(shape), tuple(decode(number) for number in flat))
        if found.whole:
            return found
    if kind == "other" and isinstance(content, str):
        return Other(content)
    raise ValueError(f"value: {kind!r} is no kind of value that an answer can have")
