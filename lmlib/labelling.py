"""A label for every word, or for a text: how spans are written as labels and judged, and a head that counts.

>>> words = "a sly fox stole the blue kite .".split()
>>> to_bio([Span(0, 3, "ANIMAL"), Span(5, 7, "THING")], len(words))
['B-ANIMAL', 'I-ANIMAL', 'I-ANIMAL', 'O', 'O', 'B-THING', 'I-THING', 'O']
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from lmlib.validation import check_ids, check_positive

OUTSIDE = "O"


class Span(NamedTuple):
    """The words from ``start`` to before ``end``, and what they name together."""

    start: int
    end: int
    kind: str


class Scores(NamedTuple):
    """The share of what was said that is right, of what is right that was said, and their harmonic mean."""

    precision: float
    recall: float
    f1: float


def to_bio(spans: Iterable[Span], length: int) -> list[str]:
    """A label for each of ``length`` words: B- begins a span, I- goes on with it, O is in none.

    Raises ValueError for spans that are empty, share a word, or reach beyond the text.
    Ramshaw and Marcus (1995).
    """
    labels = [OUTSIDE] * length
    for start, end, kind in spans:
        if not 0 <= start < end <= length or {*labels[start:end]} != {OUTSIDE}:
            raise ValueError(
                f"spans: {start} to {end} of {length} words; give spans of one word or more "
                "inside of the text, of which no two share a word"
            )
        labels[start:end] = [f"B-{kind}"] + [f"I-{kind}"] * (end - start - 1)
    return labels


def read_bio(labels: Iterable[str]) -> list[Span]:
    """The spans that labels write down; an I- that goes on with nothing begins one.

    >>> [tuple(span) for span in read_bio(["B-PERSON", "I-PERSON", "O", "I-PLACE", "B-PLACE"])]
    [(0, 2, 'PERSON'), (3, 4, 'PLACE'), (4, 5, 'PLACE')]
    """
    found: list[Span] = []
    for i, label in enumerate(labels):
        sign, _, kind = label.partition("-")
        if sign == "I" and found and found[-1][1:] == (i, kind):
            found[-1] = found[-1]._replace(end=i + 1)
        elif sign in ("B", "I"):
            found.append(Span(i, i + 1, kind))
    return found


def span_f1(said: Sequence[Iterable[Span]], true: Sequence[Iterable[Span]]) -> Scores:
    """How well the spans said of each text are the true ones: formula `eq:span-f1`.

    A span counts if both ends and the kind are right. With nothing to divide by, a score is 0.
    Raises ValueError for another number of texts. Tjong Kim Sang and De Meulder (2003).

    >>> scores = span_f1([[Span(0, 2, "PERSON"), Span(4, 5, "PLACE")]], [[Span(0, 2, "PERSON")]])
    >>> scores.precision, scores.recall, round(scores.f1, 3)
    (0.5, 1.0, 0.667)
    """
    if len(said) != len(true):
        raise ValueError(
            f"said: spans of {len(said)} texts, but true has {len(true)}; give as many"
        )
    pairs = [({*a}, {*b}) for a, b in zip(said, true, strict=True)]
    right = sum(len(a & b) for a, b in pairs)
    n_said, n_true = sum(len(a) for a, _ in pairs), sum(len(b) for _, b in pairs)
    both = 2 * right / max(n_said + n_true, 1)
    return Scores(right / max(n_said, 1), right / max(n_true, 1), both)


def naive_bayes(x: Tensor, y: Tensor, n_classes: int, more: float = 0.1) -> nn.Linear:
    """A head that is counted and not trained: formula `eq:naive-bayes`; x (N, V) of 0 and 1, y (N,) → V to K.

    ``more`` is added to every count, so that no probability is 0. Raises ValueError where it is not
    above 0, for a label outside 0 … K − 1, and for an ``x`` of other numbers.

    >>> import torch
    >>> head = naive_bayes(torch.eye(2), torch.tensor([0, 1]), n_classes=2)
    >>> head(torch.eye(2)).argmax(-1).tolist()
    [0, 1]
    """
    check_positive(more=more)
    check_ids("y", y, n_classes)
    if not ((x == 0) | (x == 1)).all():
        raise ValueError("x: it is to say which words are there; use (x > 0).float()")
    of = F.one_hot(y, n_classes).float().T  # (K, N)
    n = of.sum(1)
    p = (of @ x + more) / (n[:, None] + 2 * more)  # (K, V): P(word is there | label)
    prior = (n + more) / (len(y) + n_classes * more)
    head = nn.Linear(x.shape[1], n_classes)
    head.weight.data = p.log() - (1 - p).log()
    head.bias.data = (1 - p).log().sum(1) + prior.log()
    return head.requires_grad_(False)
