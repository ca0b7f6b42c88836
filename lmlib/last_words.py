"""What a good ending costs a policy that changes nothing but the last word, exactly.

>>> chances = ending_chances()
>>> print(f"{last_word_frontier(chances, beta=1e-3)[1]:.3f} nats, and {math.log(2):.3f} with the weather")
1.275 nats, and 0.693 with the weather
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from lmlib.grammar import Grammar
from lmlib.points import GOOD
from lmlib.stories import STORIES
from lmlib.tilting import frontier

CUES = ("sky", "people", "way")
"""Slots whose words tell the mood before the ending does."""
GOOD_CUES = {
    cue: frozenset(
        word
        for word, p in STORIES.slots[f"{{{cue}}}"].tables["good"].items()
        if p > STORIES.slots[f"{{{cue}}}"].tables["bad"][word]
    )
    for cue in CUES
}
"""Of each, the words that a good mood makes likelier."""


def ending_chances(grammar: Grammar = STORIES) -> dict[float, float]:
    """How likely a good ending is, given all that stands before it → how often that is so.

    By Bayes' rule, over all words of the three cues.
    """
    found: dict[float, float] = {}
    tables = [grammar.slots[f"{{{cue}}}"].tables for cue in CUES]
    endings = grammar.slots["{ending}"].tables
    good = {mood: sum(endings[mood][w] for w in GOOD) for mood in endings}
    for words in product(*(table["good"] for table in tables)):
        with_mood = {
            mood: p * math.prod(t[mood][w] for t, w in zip(tables, words, strict=True))
            for mood, p in grammar.prior.items()
        }
        total = sum(with_mood.values())
        chance = sum(p * good[mood] for mood, p in with_mood.items()) / total
        found[round(chance, 9)] = found.get(round(chance, 9), 0.0) + total
    return found


def last_word_frontier(
    chances: Mapping[float, float], beta: float
) -> tuple[float, float]:
    """Reward and nats of the best policy that leaves all but the last word as it was: formula `eq:last-word`.

    ``chances`` as :func:`ending_chances` gives them. Raises ValueError for β not above 0.
    """
    each = [
        (share, frontier({0.0: 1 - chance, 1.0: chance}, beta))
        for chance, share in chances.items()
    ]
    reward, nats = (sum(share * of[i] for share, of in each) for i in (0, 1))
    return reward, nats


def good_cues(texts: Sequence[str]) -> dict[str, float]:
    """The share of texts with a good word of each cue: kind people, say.

    Raises ValueError where there is no text.

    >>> good_cues(["that day was sunny .", "that day was grey ."])
    {'sky': 0.5, 'people': 0.0, 'way': 0.0}
    """
    if not texts:
        raise ValueError("texts: there is none; give one or more")
    told = [set(text.split()) for text in texts]
    return {
        cue: _share(words & text for text in told) for cue, words in GOOD_CUES.items()
    }


def _share(found: Iterable[object]) -> float:
    each = [*map(bool, found)]
    return sum(each) / len(each)
