"""What a writer is offered while typing: the likeliest next words, and how often the right one is among them.

>>> coins = Grammar(["it was {side} ."], {"side": {"words": "heads tails edge"}})
>>> texts = [torch.tensor([0, *(coins.ids[word] for word in "it was tails .".split())])]
>>> expected_hit_rate(coins, texts, k=2)  # of four words three are certain, and one is heads or tails at 9/11
0.9545454545454546
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import torch
from torch import Tensor

from lmlib.grammar import Grammar  # noqa: F401  for the example above
from lmlib.language_models import LanguageModel


def hit_rate(model: LanguageModel, sequences: Sequence[Tensor], k: int) -> float:
    """The share of tokens, each text's first left out, that are among the ``k`` likeliest for ``model``.

    Of equally likely tokens those of lower id come first. Raises ValueError for a ``k`` below 1, and
    where no text has a second token.
    """
    _check(k, sequences)
    found = [
        (order[:, :k] == tokens[1:, None]).any(1)
        for tokens, order in zip(
            sequences, ranked_tokens(model, sequences), strict=True
        )
    ]
    return float(torch.cat(found).double().mean())


@torch.no_grad()
def expected_hit_rate(
    model: LanguageModel, sequences: Sequence[Tensor], k: int
) -> float:
    """How often one of ``k`` suggestions is right if ``model`` is: `eq:hit-rate`.

    The sum of the ``k`` largest probabilities, in the mean over all places but the first of each
    (T,) text. Of the grammar itself, it is what no model exceeds in the mean. Errors as in :func:`hit_rate`.
    """
    _check(k, sequences)
    found = []
    for tokens in sequences:
        probs = model(tokens[None, :-1])[0].double().softmax(-1)
        found.append(probs.topk(min(k, probs.shape[-1])).values.sum(-1))
    return float(torch.cat(found).mean())


@torch.no_grad()
def ranked_tokens(
    model: LanguageModel, sequences: Sequence[Tensor]
) -> Iterator[Tensor]:
    """For each (T,) text the ids of all tokens, likeliest first, at each of its places but the first: (T − 1, V)."""
    for tokens in sequences:
        yield model(tokens[None, :-1])[0].argsort(dim=-1, descending=True, stable=True)


def keystrokes(word: str, ranked: Sequence[str], k: int) -> int:
    """Keys to write ``word`` and the space behind it, where ``k`` suggestions are shown and one key takes any.

    Shown are the first ``k`` of ``ranked``, the likeliest first, that begin with the letters typed so
    far (Trnka and McCoy 2008). Raises ValueError for a ``k`` below 0.

    >>> keystrokes("king", ["queen", "kite", "king"], k=2)  # k, then king is the second
    2
    """
    if k < 0:
        raise ValueError(f"k: {k} suggestions cannot be shown; use 0 or more")
    for typed in range(len(word)):
        fitting = (other for other in ranked if other.startswith(word[:typed]))
        if word in islice(fitting, k):
            return typed + 1
    return len(word) + 1


def keys_saved(
    model: LanguageModel, sequences: Sequence[Tensor], vocab: Sequence[str], k: int
) -> float:
    """The share of :func:`keystrokes` that ``k`` suggestions save over all words of (T,) texts but each first.

    ``vocab`` has the word of each id of the model. Raises ValueError as :func:`keystrokes` does.
    """
    pressed = typed = 0
    for tokens, order in zip(sequences, ranked_tokens(model, sequences), strict=True):
        for token, row in zip(tokens[1:].tolist(), order.tolist(), strict=True):
            pressed += keystrokes(vocab[token], [vocab[i] for i in row], k)
            typed += len(vocab[token]) + 1
    return 1 - pressed / max(1, typed)


def _check(k: int, sequences: Sequence[Tensor]) -> None:
    if k < 1:
        raise ValueError(f"k: {k} suggestions hit nothing; use 1 or more")
    if sum(map(len, sequences)) == len(sequences):
        raise ValueError(
            "sequences: they have no token but the first of each; give longer ones"
        )
