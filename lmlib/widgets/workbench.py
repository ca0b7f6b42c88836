"""The attention workbench: every number of a small head to change, and its computation cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from lmlib.notebook import visible
from lmlib.widgets.base import Widget, script, with_defaults
from lmlib.widgets.checks import BadValue, switch
from lmlib.widgets.head import Head, cells, matrices
from lmlib.widgets.labels import WORKBENCH
from lmlib.widgets.workbench_picture import workbench_picture

X = [[2, 0, 0, 0], [0, 0, 1, 0], [0, 2, 0, 0], [0, 1, 1, 1]]
W_Q = [[0], [0], [0], [3]]
W_K = [[0], [1], [0], [0]]
W_V = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
TOKENS = ["mia", "left", "ashby", "to"]
COLUMNS = ["person", "place", "going", "joining"]
"""The example of the chapter on attention: who joins asks, who is a place is found."""


class AttentionWorkbench(Head, Widget):
    """One head of attention, from the vectors of at most four tokens to its output, all of it in numbers.

    Formula `eq:attention`. ``x`` (T, C) are the vectors, ``w_q`` and ``w_k`` (C, D) and ``w_v`` (C, E) the
    matrices; no side is longer than 4, no number outside ±1000. What is not given is of the example of the chapter.
    ``tokens`` are T words, ``columns`` names of the C numbers. ``scale`` divides by √D, ``mask`` hides later
    tokens. ``step`` says how many cells are computed, in the order Q, K, V, QKᵀ, division, mask, softmax,
    output; all if it is None. Each can be set and observed. Raises ValueError for what cannot be.

    >>> w = AttentionWorkbench()
    >>> w.weights[3]
    tensor([0.0024, 0.0024, 0.9481, 0.0472], dtype=torch.float64)
    """

    _kind = "workbench"
    _state = ("x", "w_q", "w_k", "w_v", "scale", "mask", "step")
    _esm = script("workbench")

    def __init__(
        self,
        x: Any = X,
        w_q: Any = W_Q,
        w_k: Any = W_K,
        w_v: Any = W_V,
        *,
        tokens: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        scale: bool = True,
        mask: bool = True,
        step: int | None = None,
        labels: dict[str, str] | None = None,
    ) -> None:
        listed = matrices(x=x, w_q=w_q, w_k=w_k, w_v=w_v)
        T, C = len(listed["x"]), len(listed["x"][0])
        own = x is X  # the names go with the numbers
        self._tokens = _names("tokens", tokens, T, TOKENS if own else None)
        self._columns = _names("columns", columns, C, COLUMNS if own else None)
        data = {
            "tokens": [visible(word) for word in self._tokens],
            "columns": [visible(name) for name in self._columns],
            "words": [list(self._tokens), list(self._columns)],
            "labels": with_defaults(labels, WORKBENCH),
        }
        scale, mask = switch("scale", scale), switch("mask", mask)
        if step is None:
            step = cells(listed["w_q"], listed["w_v"], T, scale, mask)
        super().__init__(_data=data, **listed, scale=scale, mask=mask, step=step)

    def sentence(self) -> str:
        """Where the last token looks, and what it fetches."""
        tokens = self._data["tokens"]
        weights, output = self.weights[-1].tolist(), self.output[-1].tolist()
        return self._data["labels"]["sentence"].format(
            T=len(tokens),
            D=len(self.w_q[0]),
            tokens=" ".join(tokens),
            query=tokens[-1],
            weights=", ".join(
                f"{t} {w:.3f}" for t, w in zip(tokens, weights, strict=True)
            ),
            output=", ".join(f"{o:.3f}" for o in output),
        )

    def picture(self) -> Figure:
        """Vectors, matrices, weights and output in numbers."""
        labels, data = self._data["labels"], self._data
        tokens, columns = data["tokens"], data["columns"]
        tables = [
            (labels["m_x"], self._tensor("x"), tokens),
            *((labels[f"m_{n}"], self._tensor(n), columns) for n in ("w_q", "w_k", "w_v")),
            (labels["m_m" if self.mask else "m_d"], self.scores, tokens),
            (labels["m_a"], self.weights, tokens),
            (labels["m_o"], self.output, tokens),
        ]  # fmt: skip
        return workbench_picture([(t, m.tolist(), names) for t, m, names in tables])


def _names(
    name: str, given: Sequence[str] | None, n: int, default: list[str] | None
) -> list[str]:
    """``n`` words, or numbers from 1 where none are given."""
    words = default or [str(i + 1) for i in range(n)]
    if given is not None:
        is_list = isinstance(given, Sequence) and not isinstance(given, str)
        words = list(given) if is_list else []
    if len(words) != n or not all(isinstance(word, str) for word in words):
        raise BadValue(f"{name}: {given!r} are not the {n} words that x asks for")
    return words
