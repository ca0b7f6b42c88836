"""What the arguments and results of an exercise can be, beside Python's own kinds of values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


class Table(dict):
    """A function given by all of its values, such as the next words after each text."""

    def __call__(self, key: Any) -> Any:
        """The value of ``key``."""
        return self[key]


class Code(str):
    """A function given by an expression over the names of the chapter."""


EMPTY = 1000
"""Rows that an array without a number may have: a shape costs nothing to write, and its rows take memory."""


@dataclass(frozen=True)
class Made:
    """A module as an argument: an expression over the names of the chapter, and its weights by name."""

    code: str
    weights: dict[str, Any]


@dataclass(frozen=True)
class Use:
    """All arguments of a class that a student writes: build a module, give it weights, call it."""

    init: tuple
    weights: dict[str, Any]
    call: tuple


@dataclass(frozen=True)
class Array:
    """A tensor or an array outside the sandbox: its shape, and its numbers in one row."""

    shape: tuple[int, ...]
    numbers: tuple[Any, ...]

    @property
    def whole(self) -> bool:
        """Whether it has all its numbers, and no rows without end. What a student's code wrote may be anything."""
        if not self.shape or any(type(n) is not int or n < 0 for n in self.shape):
            return False
        flat = not any(isinstance(n, (list, dict, tuple)) for n in self.numbers)
        rows = math.prod(filter(None, self.shape))
        few = rows <= max(EMPTY, len(self.numbers))
        return flat and few and math.prod(self.shape) == len(self.numbers)


class Other(str):
    """Something that no exercise asks for, by the name of its type. It is equal to nothing."""
