"""Values in few words, for the sentences that a check says."""

from __future__ import annotations

import math
from typing import Any

from lmlib.classroom.comparison import is_number, plain
from lmlib.classroom.given import Array, Other

ITEMS, LENGTH = 8, 160
"""How much of a list is shown, and how many characters of anything."""


def brief(value: Any, digits: int = 4) -> str:
    """A value as Python writes it, with some digits and without what is too long. What was cut off is an ellipsis.

    >>> brief([0.123456, (1, "a")]), brief([0] * 99), brief({"b", "a"})
    ("[0.1235…, (1, 'a')]", '[0, 0, 0, 0, 0, 0, … 99 in all]', "{'a', 'b'}")
    """
    text = _text(value, digits)
    return text if len(text) <= LENGTH else f"{text[: LENGTH - 2]} …"


def _text(value: Any, digits: int) -> str:
    if isinstance(value, Other):
        return f"an object of type {value}"
    if is_number(value):
        return str(value) if isinstance(value, int) else _number(value, digits)
    if isinstance(value, dict):
        pairs = [f"{_text(k, digits)}: {_text(v, digits)}" for k, v in value.items()]
        return "{" + _some(pairs) + "}"
    if isinstance(value, Array):
        return f"tensor({_text(plain(value), digits)})"
    if hasattr(value, "reshape") and hasattr(value, "tolist"):
        return f"tensor({_text(value.tolist(), digits)})"
    if isinstance(value, (list, tuple, set, frozenset)):
        return _listed(value, [_text(item, digits) for item in value])
    return getattr(value, "__name__", None) or repr(value)


def _listed(value: Any, items: list[str]) -> str:
    if isinstance(value, list):
        return f"[{_some(items)}]"
    if isinstance(value, tuple):
        return f"({_some(items)},)" if len(items) == 1 else f"({_some(items)})"
    return "{" + _some(sorted(items)) + "}" if items else "set()"


def _number(value: float, digits: int) -> str:
    before = len(str(int(abs(value)))) if math.isfinite(value) else 0
    text = f"{value:.{max(digits, min(before + 2, 15))}g}"
    if math.isfinite(value) and float(text) != value:
        return f"{text}…"
    return text if not text.lstrip("-").isdigit() else f"{text}.0"


def _some(items: list[str]) -> str:
    kept = items if len(items) <= ITEMS else items[: ITEMS - 2]
    more = [f"… {len(items)} in all"] if len(kept) < len(items) else []
    return ", ".join([*kept, *more])
