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
        """Whether both are equal, numbers to four digits."""
        return bool(_rounded(self.yours) == _rounded(self.books))


def _rounded(value: Any) -> Any:
    if isinstance(value, Tensor):
        value = value.tolist()
    if isinstance(value, float):
        return round(value, 4)
    return [_rounded(one) for one in value] if isinstance(value, list) else value
