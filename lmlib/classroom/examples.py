"""Arguments of an exercise's function, with what it makes of them: what visible checks are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Example:
    """Arguments, and what the function makes of them."""

    args: tuple
    gives: Any
    why: str
    raises: str | None
    shown: str | None


def example(
    *args: Any,
    gives: Any = None,
    why: str = "",
    raises: type[Exception] | None = None,
    shown: str | None = None,
) -> Example:
    """Arguments of a function, what it ``gives``, and ``why``, in a sentence or two.

    ``raises`` is for arguments that it must refuse, ``shown`` for arguments that say little, as a lambda.
    """
    return Example(args, gives, why, raises.__name__ if raises else None, shown)
