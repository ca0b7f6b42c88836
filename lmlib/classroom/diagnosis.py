"""The visible check of an exercise: examples, what they give, and which mistake gives something else.

The notebook and the grader use the same one. It first says what it saw. A mistake is named only where the
answer did on *every* example what that known mistake does, so that no answer is told of another's mistake.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lmlib.classroom.brief import brief
from lmlib.classroom.calls import Outcome, outcome
from lmlib.classroom.comparison import equal, form_of, is_number, plain
from lmlib.classroom.examples import Example
from lmlib.classroom.given import Array, Other
from lmlib.classroom.record import known_mistakes
from lmlib.classroom.values import decode, encode

STOPS = {
    "MemoryError": "it runs out of memory",
    "RecursionError": "it calls itself without end (RecursionError)",
}


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
        return not self._changed(example, found) and self._same(example.gives, found)

    def _same(self, expected: Any, found: Outcome) -> bool:
        try:
            return equal(decode(encode(expected)), self.seen(found))
        except Exception:  # whatever it is, it is nothing that the exercise asks for
            return False

    def seen(self, found: Outcome) -> Any:
        """What counts of a result."""
        value = decode(found["value"])
        return self.view(plain(value)) if self.view else value

    def _changed(self, example: Example, found: Outcome) -> bool:
        return self.untouched and found.get("after") != encode(list(example.args))

    def fault(self, found: list[Outcome], own: bool = True) -> str | None:
        """What is wrong: what was seen at the first example that fails, and which mistake does that.

        With ``own``, the sentence holds what the answer gave. Without it there is nothing in it that only
        the answer could have said. None where every example is right.
        """
        first = self.wrong(found)
        if first is None:
            return None
        example = self.examples[first]
        pairs = list(zip(self.examples, found, strict=True))
        saw = self._saw(example, found[first], own)
        return " ".join(filter(None, [saw, self._mistake(pairs) or example.why]))

    def wrong(self, found: list[Outcome]) -> int | None:
        """The first example that is not right."""
        rights = list(map(self.right, self.examples, found))
        return rights.index(False) if False in rights else None

    def _saw(self, example: Example, found: Outcome, own: bool) -> str:
        arguments = example.shown or ", ".join(map(brief, example.args))
        call = f"{self.function}({arguments})"
        if example.raises:
            should = f"should raise a {example.raises}"
        else:
            call = f"{self.view.__name__}({call})" if self.view else call
            should = f"should be {brief(decode(encode(example.gives)))}"
        if "raised" in found:
            said = f": {found['said']}" if own and found.get("said") else ""
            stops = STOPS.get(found["raised"], f"it stops with {found['raised']}")
            return f"{call} {should}, but {stops}{said}."
        if self._changed(example, found):
            return f"{call} changes what it was given. Build something new instead."
        if not own:
            return f"{call} {should}.{self._form(example, found, own)}"
        gave = self.gave(found)
        return f"{call} {should}, not {gave}.{self._form(example, found, own)}"

    def gave(self, found: Outcome) -> str:
        """What an answer gave back or said, in its own words."""
        if "raised" in found:
            return found.get("said", "")
        try:
            return brief(self.seen(found))
        except Exception:
            return brief(decode(found["value"]))

    def _form(self, example: Example, found: Outcome, own: bool) -> str:
        """A sentence on the kind of result, where that alone is wrong already."""
        if example.raises or self.view:
            return ""
        expected, got = decode(encode(example.gives)), decode(found["value"])
        if got is None:
            return " Your function gives back None: does it end in a `return`?"
        if _kind(expected) == _kind(got):
            return ""
        instead = f", not {form_of(got)}" if own else ""
        return f" Give back {form_of(expected)}{instead}."

    def _mistake(self, pairs: list[tuple[Example, Outcome]]) -> str | None:
        """The hint of the known mistake that does the same on all examples."""
        for known in known_mistakes(self.exercise):
            both = zip(pairs, known["outcomes"], strict=False)
            if len(known["outcomes"]) == len(pairs) and all(
                self.alike(example, did, found) for (example, found), did in both
            ):
                return known["hint"]
        return None

    def alike(self, example: Example, one: Outcome, other: Outcome) -> bool:
        """Whether two outcomes of an example are the same."""
        if "raised" in one or "raised" in other:
            return one.get("raised") == other.get("raised")
        if self._changed(example, one) != self._changed(example, other):
            return False
        try:
            return equal(self.seen(one), self.seen(other))
        except Exception:
            return one["value"] == other["value"]


def _kind(value: Any) -> str:
    if isinstance(value, (list, tuple, Array)):
        return "list"
    if isinstance(value, Other):
        return value
    return "number" if is_number(value) else type(value).__name__
