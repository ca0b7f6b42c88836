"""The guesses of a duel, and what each word costs everybody."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from lmlib.stories import WORDS
from lmlib.widgets.checks import BadValue

SURE = {"guess": 0.4, "likely": 0.7, "sure": 0.95}
"""The probability that a reader puts on a word, by what it is called in the labels."""
PLAYERS = ("you", "bigram", "5-gram", "GPT", "truth")


def costs(
    dealt: dict[str, Any], guesses: Sequence[Sequence[Any]], n: int
) -> dict[str, list[float]]:
    """−log p of the first ``n`` words in nats, by player; a reader's as far as the guesses go; and the ``floor``."""
    rounds = dealt["rounds"][:n]
    own = [
        -math.log(given(guess, asked["word"]))
        for guess, asked in zip(guesses, rounds, strict=False)
    ]
    models = {
        name: [-math.log(asked["p"][i]) for asked in rounds]
        for i, name in enumerate(PLAYERS[1:])
    }
    return {"you": own, **models, "floor": [asked["floor"] for asked in rounds]}


def given(guess: Sequence[Any], word: str) -> float:
    """The probability that a guess, a word and how sure, gave to the word that came."""
    guessed, sure = guess
    return sure if guessed == word else (1 - sure) / (len(WORDS.vocab) - 1)


def fitting(dealt: dict[str, Any], guesses: Any) -> list[list[Any]]:
    """The guesses as lists. Raises ValueError for what is no guess in this game."""
    try:
        if isinstance(guesses, (str, Mapping)):
            raise TypeError
        pairs = [[word, sure] for word, sure in guesses]
    except (TypeError, ValueError):
        raise BadValue(
            f"guesses: {guesses!r} is no list of pairs; give words and how sure, as [['oakton', 0.7]]"
        ) from None
    rounds = dealt["rounds"]
    if len(pairs) > len(rounds):
        raise BadValue(
            f"guesses: {len(pairs)} of them, but there are {len(rounds)} rounds; give no more"
        )
    for place, ((word, sure), asked) in enumerate(zip(pairs, rounds, strict=False), 1):
        if word not in asked["offered"]:
            raise BadValue(
                f"guesses: {word!r} is not offered in round {place}; choose one of {asked['offered']}"
            )
        if sure not in SURE.values():
            raise BadValue(
                f"guesses: {sure!r} in round {place} says not how sure; choose one of {[*SURE.values()]}"
            )
    return pairs
