"""The map of word vectors: who is near in all numbers, who in the drawing, and where a sum of words leads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F
from traitlets import validate

from lmlib.embeddings import nearest, project
from lmlib.notebook import visible
from lmlib.widgets.base import Widget, script, with_defaults
from lmlib.widgets.checks import Given, switch
from lmlib.widgets.embedding_picture import embedding_picture
from lmlib.widgets.labels import EMBEDDING
from lmlib.widgets.tables import numbers, one_of_words, packed, read_vectors, read_words

NEAR = 6


class EmbeddingMap(Widget):
    """Words as points: the nearest by cosine in all numbers of their vectors, beside the nearest in the drawing.

    ``vectors`` (V, C) belong to the V different ``words``; ``projection`` (V, 2) says where each is drawn, by default
    `lmlib.embeddings.project` of all of them. Both are rounded to float32, so that page and Python compute from the
    same numbers. The query is ``word``, or with ``minus`` and ``plus`` the sum word − minus + plus of vectors of
    length 1, as in `lmlib.embeddings.analogy`; ``leave_out`` says whether the words of the query may be found. All
    four can be set and observed. Raises ValueError for shapes that disagree, vectors that are no numbers or all
    zeros, words that are given twice, and more than 400,000 numbers.

    >>> w = EmbeddingMap(torch.eye(3) + 0.1, ["a", "b", "c"], word="b")
    >>> [(word, round(cosine, 3)) for word, cosine in w.neighbours()]
    [('a', 0.187), ('c', 0.187)]
    """

    _kind = "embedding"
    _state = ("word", "minus", "plus", "leave_out")
    _esm = script("embedding")

    word = Given("").tag(sync=True)
    minus = Given(None, allow_none=True).tag(sync=True)
    plus = Given(None, allow_none=True).tag(sync=True)
    leave_out = Given(True).tag(sync=True)

    def __init__(
        self,
        vectors: Any,
        words: Sequence[str],
        *,
        projection: Any = None,
        word: str | None = None,
        minus: str | None = None,
        plus: str | None = None,
        leave_out: bool = True,
        labels: dict[str, str] | None = None,
    ) -> None:
        known = read_words(words)
        self._vectors = read_vectors(vectors, known)
        drawn = project(self._vectors) if projection is None else projection
        self._points = numbers("projection", drawn, len(known), width=2)
        self._words = {word: i for i, word in enumerate(known)}
        super().__init__(
            _data={
                "labels": with_defaults(labels, EMBEDDING),
                "words": known,
                "shown": [visible(one) for one in known],
                "vectors": packed(self._vectors),
                "points": packed(self._points),
            },
            word=known[0] if word is None else word,
            minus=minus,
            plus=plus,
            leave_out=leave_out,
        )

    def query_words(self) -> list[str]:
        """The words of the query: one, or three where both ``minus`` and ``plus`` are set."""
        if self.minus is None or self.plus is None:
            return [self.word]
        return [self.word, self.minus, self.plus]

    def _sum(self, table: Tensor) -> Tensor:
        rows = [table[self._words[word]] for word in self.query_words()]
        return rows[0] if len(rows) == 1 else rows[0] - rows[1] + rows[2]

    def _left_out(self) -> list[int]:
        found = {self._words[word] for word in self.query_words()}
        return sorted(found) if self.leave_out else []

    def neighbours(self, k: int = NEAR) -> list[tuple[str, float]]:
        """The ``k`` words nearest to the query in all C numbers, with their cosines; none for a query of zeros."""
        unit = F.normalize(self._vectors, dim=-1)
        query, without = self._sum(unit), self._left_out()
        k = min(k, len(unit) - len(without))
        if k < 1 or query.norm() < 1e-6:
            return []
        names = [*self._words]
        return [(names[i], cosine) for i, cosine in nearest(unit, query, k, without)]

    def in_drawing(self, k: int = NEAR) -> list[tuple[str, float]]:
        """The ``k`` words nearest to the query's place in the drawing, with their distances."""
        away = (self._points - self._sum(self._points)).norm(dim=-1)
        away[self._left_out()] = torch.inf
        order = away.argsort(stable=True)[: min(k, int(away.isfinite().sum()))]
        names = [*self._words]
        return [(names[i], float(away[i])) for i in order.tolist()]

    def _query(self) -> str:
        return " ".join(
            sign + visible(word)
            for sign, word in zip(("", "− ", "+ "), self.query_words(), strict=False)
        )

    def sentence(self) -> str:
        """The query, and the nearest words of both kinds."""
        labels = self._data["labels"]
        near, drawn = self.neighbours(), self.in_drawing()
        both = {word for word, _ in near} & {word for word, _ in drawn}
        return labels["sentence"].format(
            query=self._query(),
            C=self._vectors.shape[1],
            near=", ".join(f"{visible(word)} {cosine:.3f}" for word, cosine in near),
            drawn=", ".join(visible(word) for word, _ in drawn),
            both=len(both),
            k=NEAR,
        )

    def picture(self) -> Figure:
        """All words as points, with names at the query and its nearest."""
        labels = self._data["labels"]
        near = {self._words[word] for word, _ in self.neighbours()}
        asked = {self._words[word] for word in self.query_words()}
        names = {i: visible(word) for word, i in self._words.items() if i in near | asked}  # fmt: skip
        title = f"{self._query()}: {labels['near'].format(C=self._vectors.shape[1])}"
        return embedding_picture(self._points.numpy(), names, asked, title)

    @validate("word", "minus", "plus")
    def _valid_word(self, proposal: Any) -> str | None:
        name, value = proposal["trait"].name, proposal["value"]
        if value is None and name != "word":
            return None
        return one_of_words(name, value, self._words)

    @validate("leave_out")
    def _valid_switch(self, proposal: Any) -> bool:
        return switch("leave_out", proposal["value"])
