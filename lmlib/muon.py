"""Muon: each step of a matrix is straightened, so that no direction of it is forgotten (Jordan et al. 2024).

A gradient's singular values differ by factors of hundreds, so a few directions take nearly all of a step. Muon keeps
the directions and makes the values equal. It is for the matrices inside of a model; vectors and the table of
embeddings stay with Adam.

>>> straightened(torch.tensor([[3.0, 0.0], [0.0, 0.01]])).round(decimals=1)
tensor([[0.7000, 0.0000],
        [0.0000, 1.2000]])
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from lmlib.validation import check_positive

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of a polynomial that is applied again and again: five rounds take what is in (0.002, 1] to somewhere near 1."""


def straightened(gradient: Tensor, rounds: int = 5) -> Tensor:
    """A matrix with the same singular vectors, and singular values between about 0.7 and 1.2.

    One that is below 0.002 of the matrix's length is left smaller.
    (m, n) → (m, n), by Newton and Schulz's iteration: products of matrices, and no decomposition.
    """
    a, b, c = COEFFICIENTS
    x = gradient / (gradient.norm() + 1e-7)  # now none is above 1
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    for _ in range(rounds):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    """Momentum, and then a step that is :func:`straightened`: the rate times √(rows / columns), where that is above 1.

    Raises ValueError for a learning rate that is not positive, and for what is no matrix.
    """

    def __init__(
        self, matrices: Iterable[Tensor], lr: float, momentum: float = 0.95
    ) -> None:
        check_positive(lr=lr)
        super().__init__(matrices, {"lr": lr, "momentum": momentum})
        for group in self.param_groups:
            for p in group["params"]:
                if p.dim() != 2:
                    raise ValueError(
                        f"matrices: one has {p.dim()} axes; give what is no matrix to Adam"
                    )

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move every matrix by its straightened mean gradient (Nesterov's form)."""
        for group in self.param_groups:
            rate, keep = group["lr"], group["momentum"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                mean = self.state[p].setdefault("mean", torch.zeros_like(p))
                mean.lerp_(p.grad, 1 - keep)
                move = straightened(p.grad.lerp(mean, keep))
                p.sub_(move, alpha=rate * max(1, p.shape[0] / p.shape[1]) ** 0.5)
