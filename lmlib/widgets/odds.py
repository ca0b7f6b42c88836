"""A grammar with all its odds for a page, which tilts them there: ``tilting.js``."""

from __future__ import annotations

from typing import Any

from lmlib.grammar import Grammar
from lmlib.points import Judge
from lmlib.tilting import Rewards, reward_distribution
from lmlib.widgets.checks import BadValue, between

MOST_POINTS = 10.0
MOST_REWARDS = 2_000
"""More than these cannot be drawn as one moves the slider."""


def pack_odds(grammar: Grammar) -> dict[str, Any]:
    """What ``unpackGrammar`` reads; tables as lists, since JavaScript puts keys that are numbers first.

    Raises ValueError for what is no grammar.
    """
    if not isinstance(grammar, Grammar):
        raise BadValue(f"grammar: {grammar!r} is no grammar; give STORIES or another")
    tables = {
        item: [[value, [*table.items()]] for value, table in slot.tables.items()]
        for item, slot in grammar.slots.items()
    }
    return {
        "secret": grammar.hidden,
        "prior": [*grammar.prior.items()],
        "slots": [[i, grammar.slots[i].given, table] for i, table in tables.items()],
        "parts": grammar.story,
        "odds": grammar.odds,
    }


def points_of(value: Any) -> dict[str, dict[str, float]]:
    """``value`` as {slot: {word: points}}. Raises ValueError for what is none, and points beyond 10."""
    try:
        return {
            str(slot): {
                str(word): between(f"points[{slot!r}][{word!r}]", points, -MOST_POINTS, MOST_POINTS)
                for word, points in words.items()
            }
            for slot, words in value.items()
        }  # fmt: skip
    except AttributeError:
        raise BadValue(
            f"points: {value!r} are none; give {{slot: {{word: points}}}}"
        ) from None


def judge_of(judge: Any) -> Judge:
    """``judge`` if it is one. Raises ValueError for anything else."""
    if not isinstance(judge, Judge):
        raise BadValue(
            f"judge: {judge!r} is no judge; give lmlib.points.Judge(points, per_word)"
        )
    return judge


def rewards_of(grammar: Grammar, judge: Judge) -> Rewards:
    """How likely each reward is. Raises ValueError as ``lmlib.tilting.reward_distribution`` does, and for too many."""
    try:
        rewards = reward_distribution(grammar, judge)
    except ValueError as error:
        raise BadValue(str(error)) from None
    if len(rewards) > MOST_REWARDS:
        raise BadValue(
            f"points: {len(rewards):,} different rewards; give rounder points, for {MOST_REWARDS:,} at most"
        )
    return rewards
