"""The floor: the exact cross-entropy of a grammar on its own stories, below which no model can stay.

>>> coins = Grammar(["it was {side} ."], {"side": {"words": "heads tails", "uniform": True}})
>>> story_entropy(coins)  # ln 2: one fair coin in each story
0.6931471805599453
>>> round(floor(coins), 4)  # over 5 tokens, the END included
0.1386
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from lmlib.grammar import Grammar
from lmlib.slots import Distribution, Slot, mix

# Beliefs about the mood that a story may have led to → their probabilities.
Beliefs = dict[tuple[float, ...], float]


def floor(grammar: Grammar) -> float:
    """The exact entropy of a story divided by its expected length, in nats per token."""
    return story_entropy(grammar) / expected_length(grammar)


def expected_length(grammar: Grammar) -> float:
    """Mean number of tokens of a story, its ``END`` included."""
    return 1.0 + sum(
        share * len(line)
        for part, odds in zip(grammar.story, grammar.odds, strict=True)
        for line, share in zip(part, odds, strict=True)
    )


def story_entropy(grammar: Grammar) -> float:
    """The exact entropy of one story, in nats: the mean of −log P(story), with no sampling.

    By the chain rule it is the sum of the entropies of the choices. A choice depends on
    one earlier word at most, or on the belief about the mood, so one pass suffices.
    """
    total, marginals = 0.0, {"": {"": 1.0}}
    beliefs: Beliefs = {tuple(grammar.prior.values()): 1.0}
    for part, odds in zip(grammar.story, grammar.odds, strict=True):
        total += _entropy(dict(enumerate(odds)))
        branches = [
            _line_entropy(
                grammar, line, dict(marginals) if part[1:] else marginals, beliefs
            )
            for line in part
        ]
        total += sum(share * h for share, (h, _) in zip(odds, branches, strict=True))
        beliefs = mix(
            (share, after) for share, (_, after) in zip(odds, branches, strict=True)
        )
    return total


def _line_entropy(
    grammar: Grammar,
    line: Iterable[str],
    marginals: dict[str, Distribution],
    beliefs: Beliefs,
) -> tuple[float, Beliefs]:
    """Entropy of a sentence and the beliefs after it; ``marginals`` gets what is drawn in it."""
    total = 0.0
    for item in line:
        slot = grammar.slots.get(item)
        if slot is None or item in marginals:
            continue
        if slot.given == grammar.hidden:
            h, beliefs = _cue_entropy([*grammar.prior], slot, beliefs)
            parent = grammar.prior
        else:
            parent = marginals[slot.given or ""]
            h = sum(p * _entropy(slot.tables[value]) for value, p in parent.items())
        total += h
        if not item.startswith("("):
            marginals[item] = mix(
                (p, slot.tables[value]) for value, p in parent.items()
            )
    return total, beliefs


def _cue_entropy(
    moods: list[str], slot: Slot, beliefs: Beliefs
) -> tuple[float, Beliefs]:
    """Entropy of a word that depends on the mood, and the beliefs about the mood after it."""
    total = 0.0
    after: Beliefs = {}
    tables = [slot.tables[mood] for mood in moods]
    for belief, share in beliefs.items():
        table = mix(zip(belief, tables, strict=True))
        total += share * _entropy(table)
        for word, p in table.items():  # words with the same evidence lead to one belief
            posterior = tuple(
                round(b * t.get(word, 0.0) / p, 12)
                for b, t in zip(belief, tables, strict=True)
            )
            after[posterior] = after.get(posterior, 0.0) + share * p
    return total, after


def _entropy(table: Mapping[Any, float]) -> float:
    return -sum(p * math.log(p) for p in table.values() if p > 0)
