"""The attention workbench: every number of a small head to change, and its computation cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor
from traitlets import observe, validate

from lmlib.attention import attention_scores, causal_mask, scaled_dot_product_attention
from lmlib.notebook import visible
from lmlib.widgets.arrays import matrix
from lmlib.widgets.base import Widget, script, with_defaults
from lmlib.widgets.checks import BadValue, Given, whole
from lmlib.widgets.labels import WORKBENCH
from lmlib.widgets.pictures import workbench_picture

MOST, SIZE = 1000, 4
"""How large a number may be, and how many rows or columns a matrix may have."""

X = [[2, 0, 0, 0], [0, 0, 1, 0], [0, 2, 0, 0], [0, 1, 1, 1]]
W_Q = [[0], [0], [0], [3]]
W_K = [[0], [1], [0], [0]]
W_V = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
TOKENS = ["mia", "left", "ashby", "to"]
COLUMNS = ["person", "place", "going", "joining"]
"""The example of the chapter on attention: who joins asks, who is a place is found."""


class AttentionWorkbench(Widget):
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

    x = Given().tag(sync=True)
    w_q = Given().tag(sync=True)
    w_k = Given().tag(sync=True)
    w_v = Given().tag(sync=True)
    scale = Given(True).tag(sync=True)
    mask = Given(True).tag(sync=True)
    step = Given(0).tag(sync=True)

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
        given = {"x": x, "w_q": w_q, "w_k": w_k, "w_v": w_v}
        listed = {name: matrix(name, m, MOST, SIZE) for name, m in given.items()}
        T, C = len(listed["x"]), len(listed["x"][0])
        _fit_together(**listed)
        own = x is X  # the names go with the numbers
        self._tokens = _names("tokens", tokens, T, TOKENS if own else None)
        self._columns = _names("columns", columns, C, COLUMNS if own else None)
        data = {
            "tokens": [visible(word) for word in self._tokens],
            "columns": [visible(name) for name in self._columns],
            "words": [list(self._tokens), list(self._columns)],
            "labels": with_defaults(labels, WORKBENCH),
        }
        switches = {"scale": _switch("scale", scale), "mask": _switch("mask", mask)}
        last = _cells(listed["w_q"], listed["w_v"], T, scale, mask)
        start = last if step is None else step
        super().__init__(_data=data, **listed, **switches, step=start)

    @property
    def q(self) -> Tensor:
        """(T, D) queries."""
        return self._tensor("x") @ self._tensor("w_q")

    @property
    def k(self) -> Tensor:
        """(T, D) keys."""
        return self._tensor("x") @ self._tensor("w_k")

    @property
    def v(self) -> Tensor:
        """(T, E) values."""
        return self._tensor("x") @ self._tensor("w_v")

    @property
    def scores(self) -> Tensor:
        """(T, T) scores as the softmax gets them: divided by √D if scaled, −inf for later keys if masked."""
        return attention_scores(self.q, self.k, self._causal(), self.scale)

    @property
    def weights(self) -> Tensor:
        """(T, T) weights, whose rows add up to 1."""
        return self._attention()[1]

    @property
    def output(self) -> Tensor:
        """(T, E) weighted means of the values."""
        return self._attention()[0]

    @property
    def steps(self) -> int:
        """How many cells there are to compute."""
        return _cells(self.w_q, self.w_v, len(self.x), self.scale, self.mask)

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

    def _tensor(self, name: str) -> Tensor:
        return torch.tensor(getattr(self, name), dtype=torch.float64)

    def _causal(self) -> Tensor | None:
        return causal_mask(len(self.x)) if self.mask else None

    def _attention(self) -> tuple[Tensor, Tensor]:
        return scaled_dot_product_attention(
            self.q, self.k, self.v, self._causal(), self.scale
        )

    @observe("w_q", "w_v", "scale", "mask")
    def _fit(self, change: Any) -> None:
        """Fewer cells may be left to compute."""
        self.step = min(self.step, self.steps)

    @validate("x", "w_q", "w_k", "w_v")
    def _valid_matrix(self, proposal: Any) -> list[list[float]]:
        name = proposal["trait"].name
        given = matrix(name, proposal["value"], MOST, SIZE)
        all_of = {n: getattr(self, n) for n in ("x", "w_q", "w_k", "w_v")}
        _fit_together(**(all_of | {name: given}))
        T, C = len(self._tokens), len(self._columns)
        if name == "x" and (len(given), len(given[0])) != (T, C):
            raise BadValue(
                f"x: {len(given)} rows of {len(given[0])} do not fit {T} tokens of {C} numbers; make a new workbench"
            )
        return given

    @validate("scale", "mask")
    def _valid_switch(self, proposal: Any) -> bool:
        return _switch(proposal["trait"].name, proposal["value"])

    @validate("step")
    def _valid_step(self, proposal: Any) -> int:
        value = self.steps if proposal["value"] is None else proposal["value"]
        return whole("step", value, 0, self.steps, ", or None for all")


def _switch(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadValue(f"{name}: {value!r} is no switch; use True or False")
    return value


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


def _fit_together(
    x: list[list[float]],
    w_q: list[list[float]],
    w_k: list[list[float]],
    w_v: list[list[float]],
) -> None:
    C = len(x[0])
    for name, given in {"w_q": w_q, "w_k": w_k, "w_v": w_v}.items():
        if len(given) != C:
            raise BadValue(
                f"{name}: {len(given)} rows, but a row of x has {C} numbers; give {C} rows"
            )
    if len(w_q[0]) != len(w_k[0]):
        raise BadValue(
            f"w_q, w_k: {len(w_q[0])} and {len(w_k[0])} columns; a query and a key need the same number"
            " (on a live workbench set both inside hold_trait_notifications)"
        )


def _cells(
    w_q: list[list[float]], w_v: list[list[float]], T: int, scale: bool, mask: bool
) -> int:
    """Cells of Q and K, V and the output, and of the (T, T) tables between."""
    return 2 * T * (len(w_q[0]) + len(w_v[0])) + T * T * (2 + scale + mask)
