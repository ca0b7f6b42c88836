"""A judge who gives points for words, and what each choice of a grammar is worth to them.

>>> coins = Grammar(["it was {side} ."], {"side": {"words": "heads tails", "uniform": True}})
>>> judge = Judge({"side": {"tails": 2.0}})
>>> judge("it was tails .")
2.0
>>> Folded(coins, judge).table("{side}")
{'heads': {0.0: 0.5}, 'tails': {2.0: 0.5}}
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lmlib.grammar import Grammar
from lmlib.slots import mix

Rewards = dict[float, float]
"""Each reward that there can be, lowest first, and its probability."""


@dataclass(frozen=True)
class Judge:
    """Points for words of the slots that they stand in, and for each word of the text: a reward that is known.

    Raises ValueError for points that are not finite.
    """

    points: Mapping[str, Mapping[str, float]]
    per_word: float = 0.0

    def __post_init__(self) -> None:
        for slot, words in {**self.points, "per_word": {"": self.per_word}}.items():
            for word, points in words.items():
                if not math.isfinite(points):
                    raise ValueError(
                        f"points: {slot} {word} is worth {points}; use a finite number"
                    )

    def __call__(self, text: str) -> float:
        """What a text is worth. In each slot with points the first word that has some counts; it need be no story."""
        words = text.split()
        told = sum(
            next((points[word] for word in words if word in points), 0.0)
            for points in self.points.values()
        )
        return told + self.per_word * len(words)


GOOD = ("happy", "glad", "cheerful", "proud")
ENDS_WELL = Judge({"ending": dict.fromkeys(GOOD, 1.0)})
"""One point for a story that ends well."""


class Folded:
    """A grammar with points folded in: for each choice, the rewards of all that depends on it.

    Raises ValueError for points that cannot be counted once, as :func:`lmlib.tilting.reward_distribution` says.
    """

    def __init__(self, grammar: Grammar, judge: Judge) -> None:
        self.slots, self.hidden, self.judge = grammar.slots, grammar.hidden, judge
        self.told: list[str] = []  # named slots that hold for the rest of a story
        self.parts = []
        for part, odds in zip(grammar.story, grammar.odds, strict=True):
            drawn = [[*dict.fromkeys(filter(self._is_new, line))] for line in part]
            self.parts.append([*zip(part, odds, drawn, strict=True)])
            if not part[1:]:
                self.told += drawn[0]
        self._check()

    def _is_new(self, item: str) -> bool:
        return item in self.slots and item[0] == "{" and item not in self.told

    def table(self, item: str, value: str = "") -> dict[str, Rewards]:
        """For each word of a slot, given a value: its points, and those of the slots that depend on it."""
        points = self.judge.points.get(item.strip("{}"), {})
        return {
            word: both([{points.get(word, 0.0): p}, *self.dependent(item, word)])
            for word, p in self.slots[item].tables[value].items()
        }

    def dependent(self, item: str, value: str) -> list[Rewards]:
        """What each of the slots that are given ``item`` is worth, where that has this value."""
        mine = [i for i in self.told if self.slots[i].given == item]
        return [either(self.table(i, value).values()) for i in mine]

    def sentences(self, i: int) -> list[Rewards]:
        """What each sentence of a part is worth: its words, and the slots in it that depend on nothing."""
        return [
            both([{self.judge.per_word * len(line): p}, *self._free(drawn)])
            for line, p, drawn in self.parts[i]
        ]

    def _free(self, drawn: Sequence[str]) -> list[Rewards]:
        free = [item for item in drawn if self.slots[item].given is None]
        return [either(self.table(item).values()) for item in free]

    def whole(self, mood: str, p: float) -> Rewards:
        """A text with this mood, which has the probability p."""
        parts = [either(self.sentences(i)) for i in range(len(self.parts))]
        return both([{0.0: p}, *parts, *self.dependent(self.hidden, mood)])

    def _check(self) -> None:
        for name, words in self.judge.points.items():
            item = f"{{{name}}}"
            here = [p for p in self.parts if any(item in drawn for *_, drawn in p)]
            if not here:
                raise ValueError(f"points: {name!r} is no slot of this grammar")
            slot = self.slots[item]
            for word in words:
                if self._homes(word) != {item}:
                    raise ValueError(
                        f"points: {word!r} must be a word of {name!r}, and of nothing else in a text"
                    )
            if len(here) > 1 or (here[0][1:] and slot.given is not None):
                raise ValueError(
                    f"points: {name!r} is drawn in several sentences, and its words there cannot be counted once; "
                    "give points to another slot"
                )

    def _homes(self, word: str) -> set[str]:
        """The slots and the plain words where a word may come from."""
        slots = {
            name
            for name, slot in self.slots.items()
            if any(word in table for table in slot.tables.values())
        }
        lines = [line for part in self.parts for line, *_ in part]
        return slots | {item for line in lines for item in line if item == word}


def either(rewards: Iterable[Rewards]) -> Rewards:
    return dict(sorted(mix((1.0, one) for one in rewards).items()))


def both(rewards: Sequence[Rewards]) -> Rewards:
    """The rewards of independent choices, added up."""
    total: Rewards = {0.0: 1.0}
    for one in rewards:
        shifted = (
            # Rounded, so that equal sums of points are one reward.
            (p, {round(r + other, 9): q for other, q in one.items()})
            for r, p in total.items()
        )
        total = mix(shifted)
    return total
