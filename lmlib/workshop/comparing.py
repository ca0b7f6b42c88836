"""What a model of parts gave beside what the book's modules give.

>>> Proof([0.12341], [0.12342]).same, Proof([1, 2], [1, 3]).same
(True, False)
"""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import Tensor


class Proof(NamedTuple):
    """What the parts gave, and what the book's modules give."""

    yours: Any
    books: Any

    @property
    def same(self) -> bool:
        """Whether both are equal, numbers as far as their fourth digit."""
        return _alike(self.yours, self.books)


def _alike(one: Any, other: Any) -> bool:
    one, other = (x.tolist() if isinstance(x, Tensor) else x for x in (one, other))
    # A difference, and not digits: two numbers a hair apart may round to different ones.
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) < 1e-4 or one == other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    return bool(one == other)
