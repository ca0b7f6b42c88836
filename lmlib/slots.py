"""Places of a sentence, and the words that may stand there with their probabilities.

>>> colours = make_slot(words="red blue")  # the first twice as likely: Zipf's law
>>> colours.tables[""]
{'red': 0.6666666666666666, 'blue': 0.3333333333333333}
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

Distribution = dict[str, float]
Key = TypeVar("Key")


@dataclass(frozen=True)
class Slot:
    """A place for a word: for each value of the slot it depends on, the words and their probabilities."""

    given: str | None
    tables: dict[str, Distribution]


def make_slot(
    given: str = "",
    words: str | dict[str, str] = "",
    uniform: bool = False,
    fidelity: float = 1.0,
) -> Slot:
    """A slot as ``stories.toml`` describes it: a line of words, or one for each value of the slot ``given``.

    With ``fidelity`` below 1 the words of the other values come as well, together that rarely.
    """
    if isinstance(words, str):
        return Slot(None, {"": _table(words, uniform)})
    tables = {
        value: _table(line, uniform)
        for key, line in words.items()
        for value in key.split()
    }
    if fidelity == 1.0:
        return Slot(f"{{{given}}}", tables)
    slip = (1.0 - fidelity) / (len(tables) - 1)
    mixed = {
        v: mix((fidelity if u == v else slip, tables[u]) for u in tables)
        for v in tables
    }
    return Slot(f"{{{given}}}", mixed)


def mix(tables: Iterable[tuple[float, dict[Key, float]]]) -> dict[Key, float]:
    """Σ share · table, over (share, table).

    >>> mix([(0.5, {"a": 1.0}), (0.5, {"a": 0.5, "b": 0.5})])
    {'a': 0.75, 'b': 0.25}
    """
    mixed: dict[Key, float] = {}
    for share, table in tables:
        # Otherwise what is impossible would stand in the mixture, with probability 0.
        if share > 0:
            for key, p in table.items():
                mixed[key] = mixed.get(key, 0.0) + share * p
    return mixed


def _table(words: str, uniform: bool) -> Distribution:
    weights = {
        word: 1.0 if uniform else 1.0 / rank
        for rank, word in enumerate(words.split(), start=1)
    }
    return {word: weight / sum(weights.values()) for word, weight in weights.items()}


def parse_part(part: list[str], slots: dict[str, Slot]) -> list[list[str]]:
    """Alternative sentences, each split into words and names of ``slots``, which get those written ``(a|b)``.

    An alternative is known by its first word. Raises ValueError where that is a slot or not its own,
    and where a sentence names no slot that there is.
    """
    lines = [_items(line, slots) for line in part]
    if part[1:] and len({line[0] for line in lines} - set(slots)) < len(part):
        raise ValueError(
            f"story: the alternatives {part} must each begin with a word of their own, "
            "and no slot"
        )
    return lines


def _items(line: str, slots: dict[str, Slot]) -> list[str]:
    for choice in re.findall(r"\(\S+\)", line):
        words = choice[1:-1].replace("|", " ")
        slots.setdefault(choice, make_slot(words=words, uniform=True))
    items = line.split()
    for item in items:
        if item.startswith("{") and item not in slots:
            raise ValueError(
                f"story: {item} in {line!r} names no slot; the slots are {sorted(slots)}"
            )
    return items
