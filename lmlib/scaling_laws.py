"""Laws that losses follow as models and texts grow: fitted to runs, with intervals.

>>> law = ScalingLaw(E=1.69, A=406.4, alpha=0.3392, B=410.7, beta=0.2849)  # Hoffmann et al.
>>> N, D = law.best(flops=5.76e23)
>>> f"{N / 1e9:.0f} billion parameters, {D / 1e12:.1f} trillion tokens"
'40 billion parameters, 2.4 trillion tokens'
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike, NDArray
from torch import Tensor


def fit_power_law(x: ArrayLike, y: ArrayLike) -> tuple[float, float]:
    """``(factor, exponent)`` of y = factor · x^−exponent: formula `eq:power-law`.

    Found by least squares of the logarithms. Raises ValueError for fewer than two
    different x, or for numbers that are not above 0.

    >>> factor, exponent = fit_power_law([1, 10, 100], [5.0, 0.5, 0.05])
    >>> round(factor, 6), round(exponent, 6)
    (5.0, 1.0)
    """
    x, y = _above_zero(x=x, y=y)
    _one_each(x=x, y=y)
    if len(set(x.tolist())) < 2:
        raise ValueError("x: a line needs at least two different values")
    slope, height = np.polyfit(np.log(x), np.log(y), 1)
    return float(np.exp(height)), float(-slope)


@dataclass(frozen=True)
class ScalingLaw:
    """L(N, D) = E + A / N^α + B / D^β, formula `eq:scaling-law`: Hoffmann et al. (2022)."""

    E: float  # nats per token that no model of any size saves
    A: float
    alpha: float
    B: float
    beta: float

    def loss(self, parameters: ArrayLike, tokens: ArrayLike) -> NDArray[np.float64]:
        """Nats per token of models with so many parameters that read so many tokens once."""
        N, D = _above_zero(parameters=parameters, tokens=tokens)
        return self.E + self.A / N**self.alpha + self.B / D**self.beta

    def best(self, flops: float) -> tuple[float, float]:
        """Parameters and tokens of the lowest loss, 6 N D = ``flops``: `eq:allocation`."""
        _above_zero(flops=flops)
        ratio = (self.alpha * self.A) / (self.beta * self.B)
        N = ratio ** (1 / (self.alpha + self.beta)) * (flops / 6) ** self.share
        return N, flops / 6 / N

    @property
    def share(self) -> float:
        """The exponent a of N ∝ (FLOPs)^a; tokens have 1 − a."""
        return self.beta / (self.alpha + self.beta)


LAWS = {
    "Hoffmann": ScalingLaw(1.69, 406.4, 0.3392, 410.7, 0.2849),
    "Besiroglu": ScalingLaw(1.8172, 482.01, 0.3478, 2085.43, 0.3658),
}
"""Two fits to the same runs on English: Hoffmann et al. (2022), and again Besiroglu et al. (2024)."""
FITTED = {"parameters": (70e6, 16e9), "tokens": (5e9, 500e9)}
"""From where to where those runs went, as the first of the two papers says in its abstract."""


def fit_scaling_law(
    parameters: ArrayLike,
    tokens: ArrayLike,
    losses: ArrayLike,
    floor: float | None = None,
    delta: float = 0.1,
) -> ScalingLaw:
    """The law that comes closest to some runs, found as by Hoffmann et al. (2022).

    Compared are logarithms, with Huber's loss of width ``delta``, which single odd runs cannot
    pull far (they take 1e-3); the search is L-BFGS, from several starts. Where the ``floor`` is
    known it is E, and the logarithms are those of losses − floor. Raises ValueError for fewer
    runs than unknowns, lists of different lengths, or a loss that is not above the floor.
    """
    N, D = _above_zero(parameters=parameters, tokens=tokens)
    (y,) = _above_zero(
        losses_above_the_floor=np.asarray(losses, float) - (floor or 0.0)
    )
    _one_each(parameters=N, tokens=D, losses=y)
    unknowns = 5 if floor is None else 4
    if len(y) < unknowns:
        raise ValueError(
            f"losses: {len(y)} runs; {unknowns} unknowns need at least as many"
        )
    n, d, target = (torch.as_tensor(np.log(values)) for values in (N, D, y))
    starts = [(alpha, beta) for alpha in (0.3, 0.8) for beta in (0.3, 0.8)]
    found = [_descend(n, d, target, floor is None, delta, *start) for start in starts]
    _, (height_A, alpha, height_B, beta, *log_E) = min(found)
    return ScalingLaw(
        E=math.exp(log_E[0]) if floor is None else floor,
        A=math.exp(height_A + alpha * float(n.mean())),
        alpha=alpha,
        B=math.exp(height_B + beta * float(d.mean())),
        beta=beta,
    )


def _descend(
    n: Tensor,
    d: Tensor,
    target: Tensor,
    guess: bool,
    delta: float,
    alpha: float,
    beta: float,
) -> tuple[float, list[float]]:
    """Huber's loss where one search ends, and the unknowns there; log E too, with ``guess``."""
    n, d = (
        n - n.mean(),
        d - d.mean(),
    )  # heights at the middle of the runs: an easier search
    height = float(target.mean()) - math.log(2)
    start = [height, alpha, height, beta] + [float(target.min()) - 0.1] * guess
    unknown = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS(
        [unknown], max_iter=150, tolerance_grad=1e-9, line_search_fn="strong_wolfe"
    )

    def wrong() -> Tensor:
        terms = [unknown[0] - unknown[1] * n, unknown[2] - unknown[3] * d]
        if guess:
            terms.append(unknown[4].expand_as(n))
        law = torch.stack(terms).logsumexp(0)  # log of the sum, safe from overflow
        return F.huber_loss(law, target, delta=delta) / delta

    def closure() -> Tensor:
        search.zero_grad()
        value = wrong()
        value.backward()
        return value

    search.step(closure)
    return float(wrong().detach()), unknown.tolist()


def _one_each(**arrays: NDArray[np.float64]) -> None:
    if len({values.shape for values in arrays.values()}) > 1:
        shapes = ", ".join(f"{name} {values.shape}" for name, values in arrays.items())
        raise ValueError(
            f"{shapes}: must be equally long lists, one number of each a run"
        )


def _above_zero(**arrays: ArrayLike) -> list[NDArray[np.float64]]:
    checked = [np.asarray(values, dtype=np.float64) for values in arrays.values()]
    for name, values in zip(arrays, checked, strict=True):
        if not ((values > 0) & np.isfinite(values)).all():
            raise ValueError(
                f"{name.replace('_', ' ')}: all must be above 0 and finite, got {values.min()}"
            )
    return checked
