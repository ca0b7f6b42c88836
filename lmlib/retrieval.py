"""A store of documents, and which of them a question may be about.

>>> index = Index(["tom had a kite", "mia had a drum", "the fox had fun"])
>>> index.search("who took the drum of mia ?", k=1)
[1]
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from lmlib.batches import IGNORE
from lmlib.tokens import Tokenizer, sequences
from lmlib.transformer import GPT

Weights = dict[str, float]
"""A weight for each word of a text; words that are not there have 0."""


def inverse_frequencies(texts: Sequence[str]) -> Weights:
    """How much each word tells: ln((1 + N)/(1 + n)) + 1 where n of N texts have it, in nats. Spärck Jones (1972).

    >>> {w: round(x, 2) for w, x in inverse_frequencies(["the fox", "the cat"]).items()}
    {'the': 1.0, 'fox': 1.41, 'cat': 1.41}
    """
    holding = Counter(word for text in texts for word in dict.fromkeys(text.split()))
    n_texts = len(texts)
    return {w: math.log((1 + n_texts) / (1 + n)) + 1 for w, n in holding.items()}


def weigh(text: str, tells: Mapping[str, float]) -> Weights:
    """Formula `eq:tf-idf`: each known word's count, times what it tells, to length 1.

    >>> weigh("fox fox owl cat", {"fox": 2.0, "cat": 3.0})
    {'fox': 0.8, 'cat': 0.6}
    """
    raw = {w: n * tells[w] for w, n in Counter(text.split()).items() if w in tells}
    length = math.hypot(*raw.values())
    return {word: value / length for word, value in raw.items()} if length else {}


class Index:
    """Documents by their words: scores are cosines of weights, `eq:tf-idf`.

    With ``plain`` every word tells the same. Raises ValueError where there is no document.
    """

    def __init__(self, texts: Sequence[str], plain: bool = False) -> None:
        if not texts:
            raise ValueError("texts: there is none to look for; give one at least")
        tells = inverse_frequencies(texts)
        self.tells = dict.fromkeys(tells, 1.0) if plain else tells
        self.rows = [weigh(text, self.tells) for text in texts]

    def scores(self, query: str) -> list[float]:
        """One score a document, from 0 to 1."""
        asked = weigh(query, self.tells)
        return [sum(v * row.get(w, 0.0) for w, v in asked.items()) for row in self.rows]

    def search(self, query: str, k: int) -> list[int]:
        """The numbers of the best ``k`` documents, the best first."""
        return best(self.scores(query), k)


def best(scores: Sequence[float], k: int) -> list[int]:
    """The places of the ``k`` highest scores, the highest first; of equal ones the earlier.

    Raises ValueError for k < 1.

    >>> best([0.1, 0.9, 0.9], 2)
    [1, 2]
    """
    if k < 1:
        raise ValueError(f"k: {k} asks for nothing; use 1 or more")
    return sorted(range(len(scores)), key=lambda i: (-scores[i], i))[:k]


@torch.no_grad()
def mean_vectors(model: GPT, texts: Sequence[str], tokenizer: Tokenizer) -> Tensor:
    """The mean of a model's vectors over each text, to the length 1: N texts → (N, C).

    Raises ValueError as :meth:`lmlib.tokens.Tokenizer.encode` does.
    """
    rows = sequences(texts, tokenizer)
    tokens = torch.nn.utils.rnn.pad_sequence(rows, True, IGNORE)  # (N, longest)
    vectors, _ = model.decoder(tokens.clamp(min=0))  # (N, longest, C)
    there = (tokens != IGNORE).unsqueeze(-1)
    sums = (vectors * there).sum(1)  # a mean but for a factor, which goes
    return torch.nn.functional.normalize(sums, dim=-1)


def recall(found: Sequence[Sequence[int]], right: Sequence[int], k: int) -> float:
    """The share of questions whose right document is among the first ``k`` that were found: formula `eq:recall`.

    Raises ValueError where there is not one right document a question.

    >>> recall([[3, 1], [0, 2]], right=[1, 0], k=1), recall([[3, 1], [0, 2]], right=[1, 0], k=2)
    (0.5, 1.0)
    """
    if not found or len(found) != len(right):
        raise ValueError(
            f"right: {len(right)} for {len(found)} questions; give one each"
        )
    hits = [r in row[:k] for row, r in zip(found, right, strict=True)]
    return sum(hits) / len(hits)
