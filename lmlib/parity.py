"""A task that takes steps: a lamp and eight cues, each of which presses its switch or does not.

Whether it is on at the end is the parity of the presses: no word of the eight may be missed.

>>> lamp(["press", "wait", "press", "press"])
['on', 'on', 'off', 'on']
>>> written_out(["press", "wait", "press", "press"])
'on on off on so on'
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import accumulate, product
from random import Random

from lmlib.tasks import MARK, Task
from lmlib.tokens import END, WordTokenizer
from lmlib.validation import check_choice

CUES, STATES, SO, DOT = ("press", "wait"), ("off", "on"), "so", "."
LAMP = WordTokenizer([END, *CUES, *STATES, SO, DOT, MARK])
"""The tokenizer of models that know no other words."""
Pattern = tuple[str, ...]


def lamp(cues: Sequence[str]) -> list[str]:
    """The lamp after each cue; before the first it is off. Raises ValueError for another word, or none at all."""
    if not cues:
        raise ValueError("cues: there is none; give one or more")
    for cue in cues:
        check_choice("cues", cue, CUES)
    presses = accumulate(cue == "press" for cue in cues)
    return [STATES[n % 2] for n in presses]


def written_out(cues: Sequence[str]) -> str:
    """The state after each cue, and the answer."""
    return " ".join([*lamp(cues), SO, lamp(cues)[-1]])


def chain_is_right(cues: Sequence[str], written: str) -> bool:
    """Whether each step follows from the cues, and the answer from the steps; a reader needs no model for that.

    >>> chain_is_right(["press", "press"], "on on so on")
    False
    """
    return written.split() == written_out(cues).split()


def answer_of(written: str) -> str:
    """The last word, "" for none: what counts where nobody reads the steps."""
    return (written.split() or [""])[-1]


def _direct(cues: Pattern, random: Random) -> str:
    return lamp(cues)[-1]


def _steps(cues: Pattern, random: Random) -> str:
    return written_out(cues)


def _dots(cues: Pattern, random: Random) -> str:
    return " ".join([*[DOT] * len(cues), SO, lamp(cues)[-1]])


def _others(cues: Pattern, random: Random) -> str:
    """The steps of other cues, drawn anew, and the right answer."""
    other = random.choices(CUES, k=len(cues))
    return " ".join([*lamp(other), SO, lamp(cues)[-1]])


FORMS: dict[str, Callable[[Pattern, Random], str]] = {
    "direct": _direct,
    "steps": _steps,
    "dots": _dots,
    "other steps": _others,
}
"""How an answer is written: at once, step by step, and two controls as long as the steps are."""


def lamp_tasks(patterns: Sequence[Pattern], form: str, seed: int = 0) -> list[Task]:
    """A task for each pattern of cues. Raises ValueError for a form that is not in :data:`FORMS`."""
    check_choice("form", form, FORMS)
    random = Random(seed)
    return [Task(" ".join(cues), FORMS[form](cues, random)) for cues in patterns]


def halves(n_cues: int = 8, seed: int = 0) -> tuple[list[Pattern], list[Pattern]]:
    """All 2ⁿ patterns in random order, half of them to train on and the others to be asked."""
    patterns = [*product(CUES, repeat=n_cues)]
    Random(seed).shuffle(patterns)
    half = len(patterns) // 2
    return patterns[:half], patterns[half:]


def majority(answers: Sequence[str]) -> str:
    """The answer that was given most often; of equal ones the first. Raises ValueError for no answers."""
    if not answers:
        raise ValueError("answers: there is none; give one or more")
    return Counter(answers).most_common(1)[0][0]


def majority_right(p: float, k: int) -> float:
    """How often most of ``k`` answers are right, of two that there are: formula `eq:majority`; a tie counts half.

    Raises ValueError for p outside 0 … 1, and k below 1.

    >>> round(majority_right(0.7, k=5), 3), majority_right(0.5, k=5)
    (0.837, 0.5)
    """
    _check(p, k)
    chance = [math.comb(k, j) * p**j * (1 - p) ** (k - j) for j in range(k + 1)]
    tie = chance[k // 2] / 2 if k % 2 == 0 else 0.0
    return sum(chance[k // 2 + 1 :]) + tie


def one_right(p: float, k: int) -> float:
    """How often at least one of ``k`` answers is right, for a checker to find: formula `eq:one-right`.

    Raises ValueError for p outside 0 … 1, and k below 1.

    >>> one_right(0.5, k=3)
    0.875
    """
    _check(p, k)
    return 1 - (1 - p) ** k


def right_by_steps(q: float, n: int) -> tuple[float, float]:
    """How often all of ``n`` steps are right, and the last state, if each step follows with probability ``q``.

    Formula `eq:steps`: an even number of slips leaves the answer right. Raises ValueError for q outside 0 … 1.

    >>> [round(p, 3) for p in right_by_steps(0.95, n=8)]
    [0.663, 0.715]
    """
    _check(q, n)
    return q**n, (1 + (2 * q - 1) ** n) / 2


def _check(p: float, k: int) -> None:
    if not 0 <= p <= 1 or k < 1:
        raise ValueError(
            f"p, k: {p} and {k}; use a probability from 0 to 1, and 1 or more"
        )
