"""The visible check of an exercise: examples, what they give, and which mistake gives something else.

The notebook and the grader use the same one. It first says what it saw. A mistake is named only where the
answer did on *every* example what that known mistake does, so that no answer is told of another's mistake.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lmlib.classroom.calls import Outcome, outcome
from lmlib.classroom.comparison import equal, near, plain
from lmlib.classroom.examples import Example
from lmlib.classroom.record import known_mistakes
from lmlib.classroom.values import decode, encode


@dataclass(frozen=True)
class Check:
    """An exercise's examples. ``view`` is what counts of a result, where not all of it does."""

    exercise: str
    function: str
    examples: tuple[Example, ...]
    view: Callable[[Any], Any] | None = None
    """It gets lists in place of tuples, arrays and tensors."""
    untouched: bool = False
    """Whether the function must leave its arguments as they are."""

    def outcomes(self, function: Callable) -> list[Outcome]:
        """What a function makes of each example."""
        return [outcome(function, copy.deepcopy(e.args)) for e in self.examples]

    def right(self, example: Example, found: Outcome) -> bool:
        """Whether an outcome is the one of the example."""
        if example.raises or "value" not in found:
            return example.raises is not None and found.get("raised") == example.raises
        return not self.changed(example, found) and self._same(example.gives, found)

    def _same(self, expected: Any, found: Outcome) -> bool:
        try:
            return equal(decode(encode(expected)), self.seen(found))
        except Exception:  # whatever it is, it is nothing that the exercise asks for
            return False

    def rounded(self, example: Example, found: Outcome) -> bool:
        """Whether a result is right but for its last digits."""
        if "value" not in found or self.changed(example, found):
            return False
        try:
            return near(decode(encode(example.gives)), self.seen(found))
        except Exception:
            return False

    def seen(self, found: Outcome) -> Any:
        """What counts of a result."""
        value = decode(found["value"])
        return self.view(plain(value)) if self.view else value

    def changed(self, example: Example, found: Outcome) -> bool:
        """Whether the function changed its arguments, where it must not."""
        return self.untouched and found.get("after") != encode(list(example.args))

    def wrong(self, found: list[Outcome]) -> int | None:
        """The first example that is not right."""
        rights = list(map(self.right, self.examples, found))
        return rights.index(False) if False in rights else None

    def mistake(self, found: list[Outcome]) -> str | None:
        """The hint of the known mistake that does the same on all examples."""
        for known in known_mistakes(self.exercise):
            did = known["outcomes"]
            if len(did) == len(found) and all(
                map(self.alike, self.examples, did, found)
            ):
                return known["hint"]
        return None

    def alike(self, example: Example, one: Outcome | None, other: Outcome) -> bool:
        """Whether two outcomes of an example are the same; None stands for the right one."""
        if one is None or self.right(example, other):
            return one is None and self.right(example, other)
        if "raised" in one or "raised" in other:
            return one.get("raised") == other.get("raised")
        if self.changed(example, one) != self.changed(example, other):
            return False
        if one["value"] == other["value"]:
            return True
        for look in (self.seen, _whole):
            try:
                return equal(look(one), look(other))
            except Exception:  # the view was made for another kind of result
                continue
        return False


def _whole(found: Outcome) -> Any:
    return decode(found["value"])
