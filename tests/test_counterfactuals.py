"""Pairs of stories that differ in one fact: what the grammar says of both, and what differs."""

from __future__ import annotations

import pytest
import torch

from lmlib.counterfactuals import FACTS, asked_at, retold, story_pairs
from lmlib.few_labels import GOOD
from lmlib.states import read_state
from lmlib.stories import STORIES, WORDS

every_fact = pytest.mark.parametrize("fact", FACTS)


@every_fact
def test_by_the_grammar_each_story_asks_for_its_own_answer(fact: str) -> None:
    pairs = story_pairs(fact, 12, seed=3)
    for tokens in (pairs.tokens, pairs.other):
        for row, at, answers in zip(tokens, pairs.at, pairs.answers, strict=True):
            own, other = answers if tokens is pairs.tokens else answers.flip(0)
            told = WORDS.decode(row[1 : at + 1])
            chances = STORIES.next_word(told)
            if fact == "mood":
                assert {*chances} == {WORDS.vocab[i] for i in answers.flatten()}
            else:
                assert chances == {WORDS.vocab[own[0]]: 1.0} and own[0] != other[0]


@every_fact
def test_only_what_must_is_different(fact: str) -> None:
    pairs = story_pairs(fact, 12, seed=4)
    places = (pairs.tokens != pairs.other).sum(1)
    most = 7 if fact in ("person", "his", "he") else 3
    assert places.min() >= 1 and places.max() <= most
    if fact == "mood":
        assert (places == 3).all()


def test_the_mood_is_turned_round() -> None:
    """What the grammar expects of the ending of the other story is the mirror image."""
    pairs = story_pairs("mood", 10, seed=5)
    for one, two, at in zip(pairs.tokens, pairs.other, pairs.at, strict=True):
        told = [STORIES.next_word(WORDS.decode(x[1 : at + 1])) for x in (one, two)]
        chances = [sum(x[word] for word in GOOD) for x in told]
        assert sum(chances) == pytest.approx(1)


def test_the_lead_of_an_answer_is_a_difference_of_logits() -> None:
    pairs = story_pairs("town", 5, seed=6)
    logits = torch.randn(*pairs.tokens.shape, len(WORDS.vocab))
    for row, led in enumerate(pairs.difference(logits)):
        here, there = pairs.answers[row, :, 0]
        z = logits[row, pairs.at[row]]
        assert led.item() == pytest.approx((z[here] - z[there]).item(), abs=1e-5)


def test_the_lead_of_a_mood_is_the_log_of_its_odds() -> None:
    pairs = story_pairs("mood", 5, seed=6)
    logits = torch.randn(*pairs.tokens.shape, len(WORDS.vocab))
    for row, led in enumerate(pairs.difference(logits)):
        chances = logits[row, pairs.at[row]].softmax(-1)
        here, there = (chances[ids].sum() for ids in pairs.answers[row])
        assert led.item() == pytest.approx((here / there).log().item(), abs=1e-5)


def test_the_same_seed_gives_the_same_pairs() -> None:
    one, two = (story_pairs("object", 4, seed=7) for _ in range(2))
    assert torch.equal(one.tokens, two.tokens) and torch.equal(one.other, two.other)
    assert not torch.equal(one.at, story_pairs("object", 4, seed=8).at)


def test_a_story_is_retold_as_the_grammar_would() -> None:
    for story in STORIES.sample(20, seed=9):
        told = retold(story, town="foxley", colour="silver")
        state = read_state(story) | {"town": "foxley", "colour": "silver"}
        assert read_state(told) == state
        assert retold(story) == story
    with pytest.raises(ValueError, match="cannot stand there"):
        retold(story, town="paris")


def test_some_stories_never_ask() -> None:
    stories = STORIES.sample(60, seed=10)
    asks = [asked_at(story, "thief") is not None for story in stories]
    assert 0.4 < sum(asks) / 60 < 0.9
    assert all(asked_at(story, "town") for story in stories)


def test_facts_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="fact: 'weather' is not known"):
        story_pairs("weather", 2, seed=0)
    with pytest.raises(ValueError, match="n: 0 must be above 0"):
        story_pairs("town", 0, seed=0)
