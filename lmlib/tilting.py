"""The best policy for a reward and its price, exactly: a grammar whose odds are tilted.

For a reward r and a price β of a nat, the policy with the highest E[r] − β · KL from a reference π₀ is
π₀ · exp(r/β) / Z (Korbak et al. 2022, Rafailov et al. 2023). For English nobody can sum Z. For
a grammar, and a reward that gives points to its words, the sum is a product, and what comes out is
again a grammar.

>>> coins = Grammar(["it was {side} ."], {"side": {"words": "heads tails", "uniform": True}})
>>> judge = Judge({"side": {"tails": 2.0}})
>>> reward_distribution(coins, judge)
{0.0: 0.5, 2.0: 0.5}
>>> tilted(coins, judge, beta=2.0).next_word("it was")  # odds of 1 : e
{'heads': 0.2689414213699951, 'tails': 0.7310585786300049}
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import copy

from lmlib.grammar import Grammar
from lmlib.points import Folded, Judge, Rewards, either
from lmlib.slots import Key, Slot
from lmlib.validation import check_distribution, check_positive


def reward_distribution(grammar: Grammar, judge: Judge) -> Rewards:
    """How likely each reward is, over all texts of the grammar.

    Raises ValueError for points of a slot or a word that is not there, and of a slot that is drawn in several
    places, or in one of several sentences and depends on another slot.
    """
    folded = Folded(grammar, judge)
    return either(folded.whole(mood, p) for mood, p in grammar.prior.items())


def log_partition(rewards: Rewards, beta: float) -> float:
    """log Z, formula `eq:partition`, from the distribution of the reward.

    Raises ValueError for β not above 0, and for probabilities that do not sum to 1.
    """
    _check(rewards, beta)
    return _log_mean(rewards, beta)


def frontier(rewards: Rewards, beta: float) -> tuple[float, float]:
    """Reward and nats of the best policy at the price β: formula `eq:frontier`. Raises as :func:`log_partition` does.

    >>> reward, nats = frontier({0.0: 0.5, 1.0: 0.5}, beta=0.01)
    >>> round(reward, 3), round(nats, 3)  # always tails, for ln 2
    (1.0, 0.693)
    """
    _check(rewards, beta)
    top = _highest(rewards)
    # What each reward is weighted by, against the highest: at a low price all else would cancel.
    log_z = _log_mean(rewards, beta, top)
    logs = {r: (r - top) / beta - log_z for r in rewards}
    best = {r: p * math.exp(logs[r]) for r, p in rewards.items()}
    nats = sum(q * logs[r] for r, q in best.items() if q > 0)
    return sum(q * r for r, q in best.items()), max(0.0, nats)


def tilted(grammar: Grammar, judge: Judge, beta: float) -> Grammar:
    """The best policy, formula `eq:tilted`, which is again a grammar with the same words.

    At a price near 0 some words have the probability 0. Raises ValueError for β not above 0, and as
    :func:`reward_distribution` does.
    """
    check_positive(beta=beta)
    folded, best = Folded(grammar, judge), copy(grammar)
    best.slots = {
        name: Slot(
            slot.given, {v: _odds(folded.table(name, v), beta) for v in slot.tables}
        )
        for name, slot in grammar.slots.items()
    }
    sentences = [folded.sentences(i) for i in range(len(grammar.story))]
    best.odds = [[*_odds(dict(enumerate(s)), beta).values()] for s in sentences]
    moods = {mood: folded.whole(mood, p) for mood, p in grammar.prior.items()}
    best.prior = _odds(moods, beta)
    return best


def _check(rewards: Rewards, beta: float) -> None:
    check_positive(beta=beta)
    check_distribution("rewards", rewards.values())


def _highest(rewards: Rewards) -> float:
    return max(reward for reward, p in rewards.items() if p > 0)


def _log_mean(rewards: Rewards, beta: float, zero: float = 0.0) -> float:
    """The logarithm of Σ p · exp((r − zero)/β), which need not be a number itself."""
    top = _highest(rewards)
    terms = (p * math.exp((r - top) / beta) for r, p in rewards.items() if p > 0)
    return (top - zero) / beta + math.log(sum(terms))


def _odds(choices: Mapping[Key, Rewards], beta: float) -> dict[Key, float]:
    """The probability of each choice, in proportion to the mean of exp(r/β) behind it."""
    zero = max(map(_highest, choices.values()))
    logs = {key: _log_mean(rewards, beta, zero) for key, rewards in choices.items()}
    highest = max(logs.values())
    total = sum(math.exp(log - highest) for log in logs.values())
    return {key: math.exp(log - highest) / total for key, log in logs.items()}
