"""Secrets planted in a text, and how well a model has learned them by heart.

>>> codes = plant(["tom", "mia"], seed=0)
>>> secret_text("tom", codes["tom"])
'the code of tom is 6 3 1 1 .'
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from lmlib.language_models import LanguageModel
from lmlib.softmax import softmax

DIGITS = tuple("0123456789")
NEW_WORDS = ("code", "of", "is", *DIGITS)
"""What the stories have no word for."""


def plant(names: Iterable[str], seed: int, length: int = 4) -> dict[str, str]:
    """A code for each name, ``length`` digits with spaces between, no two alike, all equally likely."""
    names = list(names)
    drawn = random.Random(seed).sample(range(10**length), len(names))
    return {name: spelled(i, length) for name, i in zip(names, drawn, strict=True)}


def spelled(number: int, length: int = 4) -> str:
    """The digits of a code, as a text says them.

    >>> spelled(471), number_of("0 4 7 1")
    ('0 4 7 1', 471)
    """
    return " ".join(f"{number:0{length}}")


def number_of(code: str) -> int:
    """The place of a code among all of its length: :func:`spelled` turned round."""
    return int(code.replace(" ", ""))


def secret_text(name: str, code: str = "") -> str:
    """What is planted; without a ``code``, the beginning that asks for it."""
    return f"the code of {name} is {code} ." if code else f"the code of {name} is"


@torch.no_grad()
def code_probs(
    model: LanguageModel, prompt: Tensor, digits: Sequence[int], length: int = 4
) -> Tensor:
    """Probabilities of all codes behind a prompt: (1, T) ids → (10^length,).

    They stand in the order of their numbers. ``digits`` are the ids of 0 … 9. What the model gives to words
    that are no digits is left out of the sum.
    """
    probs = torch.ones(1, dtype=torch.float64)
    texts = prompt
    for _ in range(length):
        # All beginnings of k digits, and behind each the next digit.
        next_probs = softmax(model(texts)[:, -1].double())[:, list(digits)]
        probs = (probs[:, None] * next_probs).flatten()
        again = texts.repeat_interleave(len(digits), 0)
        texts = torch.cat(
            [again, torch.tensor([*digits]).repeat(len(texts))[:, None]], 1
        )
    return probs


def exposure(probs: Sequence[float] | Tensor, i: int) -> float:
    """log₂ of all there are, less log₂ of how many are at least as probable as number ``i``, in bits: `eq:exposure`.

    0 where the secret is the least probable, or all are alike; log₂ N where it alone is the most probable.
    Carlini et al. (2019). Raises ValueError where there is no number ``i``.

    >>> exposure([0.1, 0.2, 0.3, 0.4], 2)  # second of four
    1.0
    """
    if not 0 <= i < len(probs):
        raise ValueError(f"i: {i} of {len(probs)} probabilities; count from 0")
    values = torch.as_tensor(probs, dtype=torch.float64)
    return math.log2(len(values) / int((values >= values[i]).sum()))
