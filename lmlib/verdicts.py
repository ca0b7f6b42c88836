"""A judge's verdicts on pairs of texts, and what can be known of them exactly.

>>> verdict(2.0, 1.0)  # what is worth one point more wins in 73 of 100
0.7310585786300049
>>> reward, nats = best_of_n({0.0: 0.5, 1.0: 0.5}, n=2)  # the better of two coins, and its price
>>> reward, round(nats, 4)
(0.75, 0.1308)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import NamedTuple

from lmlib.points import GOOD, Judge, Rewards
from lmlib.validation import check_distribution

JUDGE = Judge(
    {"ending": dict.fromkeys(GOOD, 2.0), "colour": {"red": 1.0}, "thief": {"fox": -1.0}}
)
"""The judge of the chapter on preferences: it likes a good ending and the colour red, and is tired of foxes."""
WORDY_JUDGE = replace(JUDGE, per_word=0.5)
"""One that also takes a long text for a good one."""


class Pair(NamedTuple):
    """Two texts, the one that a judge has chosen first."""

    chosen: str
    rejected: str


def verdict(reward: float, other: float) -> float:
    """The probability that a text wins against another: formula `eq:bradley-terry`. Bradley and Terry (1952)."""
    odds = math.exp(
        -abs(reward - other)
    )  # of the one with fewer points: never too large
    return (1.0 if reward >= other else odds) / (1 + odds)


def draw_pairs(texts: Sequence[str], judge: Judge, seed: int) -> list[Pair]:
    """Texts two by two, and which of them the judge has chosen, drawn with :func:`verdict`.

    Raises ValueError for a number of texts that is odd.
    """
    if len(texts) % 2:
        raise ValueError(f"texts: {len(texts)} make no pairs; give an even number")
    random = Random(seed)
    return [
        Pair(a, b) if random.random() < verdict(judge(a), judge(b)) else Pair(b, a)
        for a, b in zip(texts[::2], texts[1::2], strict=True)
    ]


def agreement(rewards: Rewards) -> tuple[float, float]:
    """What nobody can beat who guesses a judge's verdicts: how often one is right, and nats per verdict.

    ``rewards`` is the distribution of the reward over the texts, of which two are drawn. Raises ValueError for
    probabilities that do not sum to 1.

    >>> agreement({0.0: 1.0})  # all texts are equal, so a verdict is a coin
    (0.5, 0.6931471805599453)
    """
    check_distribution("rewards", rewards.values())
    right = nats = 0.0
    for a, p in rewards.items():
        for b, q in rewards.items():
            wins = verdict(a, b)
            right += p * q * max(wins, 1 - wins)
            # −log σ(a − b), and twice, since a verdict for b is as surprising the other way.
            surprise = math.log1p(math.exp(-abs(a - b))) + max(0.0, b - a)
            nats += 2 * p * q * wins * surprise
    return right, nats


def best_of_n(rewards: Rewards, n: int) -> tuple[float, float]:
    """Reward and nats of the best of ``n`` drawn texts: formula `eq:best-of-n`. Of equal ones any is taken.

    Raises ValueError for ``n`` that is not 1, 2, …, and for probabilities that do not sum to 1.
    """
    if n < 1 or n != int(n):
        raise ValueError(f"n: {n} texts cannot be drawn; use 1, 2, 3, …")
    check_distribution("rewards", rewards.values())
    below = reward = nats = 0.0
    for worth, p in sorted(rewards.items()):
        share = (below + p) ** n - below**n  # the best of all n is worth this
        below += p
        reward += share * worth
        nats += share * math.log(share / p) if share > 0 else 0.0
    return reward, nats
