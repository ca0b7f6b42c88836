"""A small head of attention: its numbers, which fit each other, all that it computes of them, and in how many cells."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from traitlets import HasTraits, observe, validate

from lmlib.attention import attention_scores, causal_mask, scaled_dot_product_attention
from lmlib.widgets.arrays import matrix
from lmlib.widgets.checks import BadValue, Given, switch, whole

MOST, SIZE = 1000, 4
"""How large a number may be, and how many rows or columns a matrix may have."""

Rows = list[list[float]]


class Head(HasTraits):
    """Vectors and matrices with two switches, each of which can be set and observed, and the attention they come to.

    ``x`` stays as large as it is at first. ``step`` says how many cells are computed. Raises ValueError for numbers
    that are too many, too large or do not fit, for what is no switch, and for more cells than there are.

    >>> Head([[1, 0], [0, 1]], [[1], [1]], [[1], [1]], [[1], [1]]).steps
    24
    """

    x = Given().tag(sync=True)
    w_q = Given().tag(sync=True)
    w_k = Given().tag(sync=True)
    w_v = Given().tag(sync=True)
    scale = Given(True).tag(sync=True)
    mask = Given(True).tag(sync=True)
    step = Given(0).tag(sync=True)

    def __init__(self, x: Rows, w_q: Rows, w_k: Rows, w_v: Rows, **others: Any) -> None:
        self._shape = len(x), len(x[0])
        super().__init__(x=x, w_q=w_q, w_k=w_k, w_v=w_v, **others)

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
        return cells(self.w_q, self.w_v, len(self.x), self.scale, self.mask)

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
    def _valid_matrix(self, proposal: Any) -> Rows:
        name = proposal["trait"].name
        given = matrix(name, proposal["value"], MOST, SIZE)
        all_of = {n: getattr(self, n) for n in ("x", "w_q", "w_k", "w_v")}
        _fit_together(**(all_of | {name: given}))
        T, C = self._shape
        if name == "x" and (len(given), len(given[0])) != (T, C):
            raise BadValue(
                f"x: {len(given)} rows of {len(given[0])} do not fit {T} tokens of {C} numbers; make a new workbench"
            )
        return given

    @validate("scale", "mask")
    def _valid_switch(self, proposal: Any) -> bool:
        return switch(proposal["trait"].name, proposal["value"])

    @validate("step")
    def _valid_step(self, proposal: Any) -> int:
        value = self.steps if proposal["value"] is None else proposal["value"]
        return whole("step", value, 0, self.steps, ", or None for all")


def matrices(**given: Any) -> dict[str, Rows]:
    """All four as rows of numbers. Raises ValueError for what is no matrix, and where they do not fit."""
    listed = {name: matrix(name, m, MOST, SIZE) for name, m in given.items()}
    _fit_together(**listed)
    return listed


def _fit_together(x: Rows, w_q: Rows, w_k: Rows, w_v: Rows) -> None:
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


def cells(w_q: Rows, w_v: Rows, T: int, scale: bool, mask: bool) -> int:
    """Cells of Q and K, V and the output, and of the (T, T) tables between."""
    return 2 * T * (len(w_q[0]) + len(w_v[0])) + T * T * (2 + scale + mask)
