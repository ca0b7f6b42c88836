"""The exact price of a good ending for a policy that changes the last word alone."""

from __future__ import annotations

import math

import pytest

from lmlib.last_words import (
    CUES,
    GOOD_CUES,
    ending_chances,
    good_cues,
    last_word_frontier,
)
from lmlib.points import GOOD
from lmlib.stories import STORIES
from lmlib.tilting import frontier

HALF = {0.0: 0.5, 1.0: 0.5}


def test_chances_are_what_the_grammar_says_behind_its_stories() -> None:
    chances = ending_chances()
    assert sum(chances.values()) == pytest.approx(1)
    assert sum(c * share for c, share in chances.items()) == pytest.approx(0.5)
    seen: dict[float, int] = {}
    stories = STORIES.sample(400, seed=5)
    for story in stories:
        table = STORIES.next_word(story.rsplit(" ", 2)[0])
        chance = round(sum(table[word] for word in GOOD), 9)
        assert chance in chances
        seen[chance] = seen.get(chance, 0) + 1
    for chance, share in chances.items():
        spread = math.sqrt(share * (1 - share) / len(stories))
        assert abs(seen[chance] / len(stories) - share) < 4 * spread


def test_it_always_pays_more_than_the_best() -> None:
    chances = ending_chances()
    for beta in (2.0, 0.5, 0.25, 0.1):
        reward, nats = last_word_frontier(chances, beta)
        best, price = frontier(HALF, beta)
        assert reward - beta * nats < best - beta * price
        # No other policy of its kind is better: a little more or less of the tilt.
        for other in (0.9 * beta, 1.1 * beta):
            r, n = last_word_frontier(chances, other)
            assert r - beta * n < reward - beta * nats
    assert last_word_frontier(chances, 1e-3)[1] == pytest.approx(
        sum(-share * math.log(c) for c, share in chances.items())
    )


def test_its_worth_is_the_formula() -> None:
    beta, chances = 0.25, ending_chances()
    reward, nats = last_word_frontier(chances, beta)
    told = sum(
        share * beta * math.log(1 - c + c * math.exp(1 / beta))
        for c, share in chances.items()
    )
    assert reward - beta * nats == pytest.approx(told)


def test_without_cues_both_are_the_same() -> None:
    assert last_word_frontier({0.5: 1.0}, 0.3) == pytest.approx(frontier(HALF, 0.3))
    for beta in (0.0, -1.0, math.nan):
        with pytest.raises(ValueError, match="beta"):
            last_word_frontier({0.5: 1.0}, beta)


def test_good_words_of_the_stories() -> None:
    assert GOOD_CUES["people"] == {"kind", "friendly", "gentle", "polite"}
    stories = STORIES.sample(600, seed=2)
    for cue, share in good_cues(stories).items():
        assert cue in CUES and abs(share - 0.5) < 4 * math.sqrt(0.25 / 600)
    with pytest.raises(ValueError, match="texts"):
        good_cues([])


def test_no_word_tells_two_things() -> None:
    words = [word for found in GOOD_CUES.values() for word in found]
    assert len(words) == len({*words}) == 12
