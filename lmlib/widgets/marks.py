"""Methods whose reward and nats were measured, as the frontier shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lmlib.widgets.checks import BadValue, between, string

MOST_MARKS = 12
FAR = 1e6


class Mark(NamedTuple):
    """A method's name, and its nats and reward: each the value and both ends of its interval."""

    name: str
    nats: tuple[float, float, float]
    reward: tuple[float, float, float]


def marks_of(marks: Any) -> list[Mark]:
    """{name: (nats, reward)}, each a number or (value, low, high), as a list.

    Raises ValueError for what is none, negative nats, intervals without their value, and more than 12.

    >>> marks_of({"DPO": (0.5, (0.8, 0.7, 0.9))})
    [Mark(name='DPO', nats=(0.5, 0.5, 0.5), reward=(0.8, 0.7, 0.9))]
    """
    if not isinstance(marks, Mapping):
        raise BadValue(f"marks: {marks!r} is no mapping; give {{name: (nats, reward)}}")
    if len(marks) > MOST_MARKS:
        raise BadValue(
            f"marks: {len(marks)} methods; give {MOST_MARKS} at most, or nobody can tell them apart"
        )
    return [_mark(string("marks", name), pair) for name, pair in marks.items()]


def _mark(name: str, pair: Any) -> Mark:
    if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
        raise BadValue(f"marks[{name!r}]: {pair!r} is no pair; give (nats, reward)")
    nats, reward = pair
    return Mark(
        name,
        _interval(f"marks[{name!r}]: nats", nats, 0.0),
        _interval(f"marks[{name!r}]: reward", reward, -FAR),
    )


def _interval(what: str, value: Any, least: float) -> tuple[float, float, float]:
    given = value if isinstance(value, Sequence) and len(value) == 3 else [value] * 3
    middle, low, high = (between(what, x, least, FAR) for x in given)
    if not low <= middle <= high:
        raise BadValue(f"{what}: {middle} is not from {low} to {high}")
    return middle, low, high
