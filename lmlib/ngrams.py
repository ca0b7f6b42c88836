"""Language models that count: unigram to 5-gram, smoothed by interpolated Kneser–Ney.

Kneser and Ney (1995); the interpolated form is Chen and Goodman's (1999).

>>> sequences = [torch.tensor([0, 1, 2, 0]), torch.tensor([0, 1, 3, 0])]
>>> bigram = NGram(order=2, vocab_size=4).fit(sequences)
>>> bigram(torch.tensor([[0, 1]])).exp()[0, 1]  # what follows 1: 2 or 3, as in the texts
tensor([0.3000, 0.1500, 0.2750, 0.2750], dtype=torch.float64)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lmlib.validation import check_ids


@dataclass(frozen=True)
class Level:
    """The distinct k-grams of one k, sorted, as numbers in base V; those of one context stand side by side."""

    # (G,) code of each k-gram; code // V is its context, code % V its last token
    grams: np.ndarray
    # (G,) how often it stands in the text, or after how many different tokens
    counts: np.ndarray
    # (X,) the distinct contexts
    contexts: np.ndarray
    # (X + 1,) where the k-grams of each context begin in ``grams``
    start: np.ndarray
    # (X,) sum of the counts of each context
    totals: np.ndarray


def _level(codes: np.ndarray, vocab_size: int) -> Level:
    grams, counts = np.unique(codes, return_counts=True)
    contexts, start = np.unique(grams // vocab_size, return_index=True)
    return Level(
        grams,
        counts,
        contexts,
        np.append(start, len(grams)),
        np.add.reduceat(counts, start),
    )


class NGram:
    """Predicts from the last ``order`` − 1 tokens. The start of a text is padded with its first token, ``END``.

    Raises ValueError for an order below 1, a discount outside (0, 1), or V^order beyond 2^63.
    """

    def __init__(self, order: int, vocab_size: int, discount: float = 0.75) -> None:
        _check(order, vocab_size, discount)
        self.order, self.vocab_size, self.discount = order, vocab_size, discount
        self.levels: list[Level] = []

    def __repr__(self) -> str:
        return f"NGram(order={self.order}, vocab_size={self.vocab_size})"

    def _codes(self, tokens: np.ndarray, width: int) -> np.ndarray:
        """(T,) ids → (T,) codes of the ``width`` tokens that end at each position."""
        # The code of an unknown id would be another n-gram's.
        check_ids("tokens", torch.from_numpy(tokens), self.vocab_size)
        padded = np.concatenate([np.repeat(tokens[:1], max(width - 1, 0)), tokens])
        codes = np.zeros(len(tokens), dtype=np.int64)
        for i in range(width):
            codes = codes * self.vocab_size + padded[i : i + len(tokens)]
        return codes

    def fit(self, sequences: Sequence[Tensor]) -> NGram:
        """Count the n-grams of ``sequences``, each (T,) ids that start with ``END``; returns the model itself.

        The highest order counts how often an n-gram occurs. A lower one counts after how many
        different tokens it occurs, its continuation count (formula `eq:kneser-ney`).
        Raises ValueError where there is nothing to count, and at an id outside 0 … V − 1.
        """
        if not any(len(tokens) > 1 for tokens in sequences):
            raise ValueError(
                "sequences: hold no token to predict; give at least one of two tokens or more"
            )
        codes = np.concatenate(
            [self._codes(np.asarray(tokens), self.order)[1:] for tokens in sequences]
        )
        self.levels = []
        for k in range(self.order, 0, -1):
            self.levels.insert(0, _level(codes, self.vocab_size))
            # Each distinct k-gram, its first token dropped.
            codes = self.levels[0].grams % self.vocab_size ** (k - 1)
        return self

    @property
    def n_counts(self) -> int:
        """Number of stored counts over all orders: what this model has in place of parameters."""
        return sum(len(level.grams) for level in self.levels)

    def __call__(self, tokens: Tensor) -> Tensor:
        """Logits of the next token, (B, T) ids → (B, T, V) float64: log-probabilities.

        Raises ValueError before ``fit``, and at an id outside 0 … V − 1.
        """
        if not self.levels:
            raise ValueError(
                "NGram: has counted nothing yet; call fit(sequences) first"
            )
        contexts = np.stack(
            [self._codes(np.asarray(row), self.order - 1) for row in tokens]
        )
        distinct, inverse = np.unique(contexts, return_inverse=True)
        return torch.from_numpy(
            np.log(self._probs(distinct))[inverse.reshape(contexts.shape)]
        )

    def _probs(self, contexts: np.ndarray) -> np.ndarray:
        """(N,) codes of contexts → (N, V) probabilities, formula `eq:kneser-ney`."""
        probs = np.full((len(contexts), self.vocab_size), 1.0 / self.vocab_size)
        for k, level in enumerate(self.levels, start=1):
            wanted = contexts % self.vocab_size ** (k - 1)
            found = np.searchsorted(level.contexts, wanted).clip(
                max=len(level.contexts) - 1
            )
            # A context that was never seen keeps the shorter one's answer. Where none
            # was seen, no longer one was either.
            rows = np.flatnonzero(level.contexts[found] == wanted)
            if not len(rows):
                break
            found = found[rows]
            kinds = level.start[found + 1] - level.start[found]
            probs[rows] *= (self.discount * kinds / level.totals[found])[:, None]
            entries = np.concatenate(
                [np.arange(level.start[x], level.start[x + 1]) for x in found]
            )
            share = (level.counts[entries] - self.discount) / np.repeat(
                level.totals[found], kinds
            )
            probs[np.repeat(rows, kinds), level.grams[entries] % self.vocab_size] += (
                share
            )
        return probs


def _check(order: int, vocab_size: int, discount: float) -> None:
    if order < 1:
        raise ValueError(f"order: {order} is below 1; 1 is a unigram, 2 a bigram")
    if not 0 < discount < 1:
        raise ValueError(f"discount: {discount} is outside (0, 1); 0.75 is customary")
    if vocab_size**order >= 2**63:
        raise ValueError(
            f"order: {order} tokens out of {vocab_size} have no 64-bit code; use a lower order"
        )
