"""What scale costs and what it buys: FLOPs, memory, days and money, and the laws that losses follow.

>>> GPT3 = 174.6e9  # parameters, as its paper counts them
>>> flops = training_flops(GPT3, tokens=300e9)
>>> f"{flops:.3g}"  # Brown et al. (2020), appendix D: 3.14e23
'3.14e+23'
>>> V100s = Machines(peak=125e12, utilisation=24.6 / 125, devices=10_000)  # Patterson et al. (2021)
>>> round(V100s.days(flops), 1)
14.8
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

DAY = 86_400
"""Seconds."""
PETAFLOPS_DAY = 1e15 * DAY
"""FLOPs of a machine that does 10¹⁵ a second for a day."""
BYTES_A_PARAMETER = {
    "weights": 2,
    "gradients": 2,
    "weights, exact": 4,
    "AdamW, mean": 4,
    "AdamW, mean square": 4,
}
"""In mixed precision: Rajbhandari et al. (2020)."""


def _positive(**numbers: float) -> None:
    for name, value in numbers.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name}: {value} must be above 0 and finite")


def training_flops(parameters: float, tokens: float) -> float:
    """6 N D, formula `eq:training-flops`: 2 for each parameter and token forwards, 4 backwards.

    Kaplan et al. (2020). Raises ValueError for numbers that are not above 0.
    """
    _positive(parameters=parameters, tokens=tokens)
    return 6 * parameters * tokens


def attention_flops(n_layer: int, d_model: int, length: int, tokens: float) -> float:
    """12 L C T D, formula `eq:attention-flops`: what 6 N D leaves out, in texts of ``length`` tokens.

    Every token is compared with all ``length`` of them, as a full matrix product does; a kernel that
    leaves out what the causal mask hides needs half. Chowdhery et al. (2023), appendix B.
    """
    _positive(n_layer=n_layer, d_model=d_model, length=length, tokens=tokens)
    return 12 * n_layer * d_model * length * tokens


def training_memory(parameters: float) -> dict[str, float]:
    """Bytes that AdamW keeps in mixed precision, by what they hold: formula `eq:training-memory`.

    16 for each parameter. Activations come on top: :func:`activation_memory`.

    >>> sum(training_memory(1.5e9).values()) / 1e9  # GPT-2, in GB: Rajbhandari et al. (2020)
    24.0
    """
    _positive(parameters=parameters)
    return {part: size * parameters for part, size in BYTES_A_PARAMETER.items()}


def activation_memory(
    n_layer: int, n_head: int, d_model: int, length: int, batch: int
) -> float:
    """Bytes kept for the backward pass by all blocks, in 16 bits: formula `eq:activations`.

    Korthikanti et al. (2023), with dropout, and with all attention weights kept.
    """
    _positive(n_layer=n_layer, n_head=n_head, d_model=d_model, length=length, batch=batch)
    return n_layer * length * batch * (34 * d_model + 5 * n_head * length)


@dataclass(frozen=True)
class Machines:
    """Devices that calculate together, and what they cost. Raises ValueError for impossible numbers."""

    peak: float  # FLOP/s of one device, as its maker states it
    utilisation: float = 1.0  # the share of it that a training run gets
    devices: int = 1
    price: float = 0.0  # of a device for an hour, in any currency
    watts: float = 0.0  # of a device, its share of the computer around it included
    overhead: float = 1.0  # of the building: cooling and losses, "PUE"

    def __post_init__(self) -> None:
        _positive(peak=self.peak, devices=self.devices)
        if not 0 < self.utilisation <= 1:
            raise ValueError(
                f"utilisation: {self.utilisation} is outside (0, 1]; 0.4 is a usual share"
            )
        for name in ("price", "watts"):
            if getattr(self, name) < 0:
                raise ValueError(
                    f"{name}: {getattr(self, name)} is below 0; use 0 to leave it out"
                )
        if not 1 <= self.overhead < math.inf:
            raise ValueError(
                f"overhead: {self.overhead} is below 1; no building uses less than its machines"
            )

    def hours(self, flops: float) -> float:
        """Device-hours, formula `eq:device-hours`: the same however many devices share the work."""
        return flops / (self.peak * self.utilisation) / 3600

    def days(self, flops: float) -> float:
        """From beginning to end, if all devices work at once: formula `eq:device-hours`."""
        return self.hours(flops) / self.devices / 24

    def money(self, flops: float) -> float:
        """Device-hours × price, formula `eq:money`."""
        return self.hours(flops) * self.price

    def megawatt_hours(self, flops: float) -> float:
        """Device-hours × watts × overhead, formula `eq:money`."""
        return self.hours(flops) * self.watts * self.overhead / 1e6


def utilisation(flops: float, device_hours: float, peak: float) -> float:
    """The share of the peak that a run got, formula `eq:device-hours` the other way round.

    >>> round(utilisation(training_flops(65.2e9, 1.4e12), 1_022_362, 312e12), 2)  # LLaMA on A100
    0.48
    """
    _positive(flops=flops, device_hours=device_hours, peak=peak)
    return flops / (device_hours * 3600 * peak)


def fit_power_law(x: ArrayLike, y: ArrayLike) -> tuple[float, float]:
    """``(factor, exponent)`` of y = factor · x^−exponent, by least squares of the logarithms: `eq:power-law`.

    Raises ValueError for fewer than two different x, or for numbers that are not above 0.

    >>> factor, exponent = fit_power_law([1, 10, 100], [5.0, 0.5, 0.05])
    >>> round(factor, 6), round(exponent, 6)
    (5.0, 1.0)
    """
    x, y = _above_zero(x=x, y=y)
    if len(set(x.tolist())) < 2:
        raise ValueError("x: a line needs at least two different values")
    slope, height = np.polyfit(np.log(x), np.log(y), 1)
    return float(np.exp(height)), float(-slope)


@dataclass(frozen=True)
class ScalingLaw:
    """L(N, D) = E + A / N^α + B / D^β, formula `eq:scaling-law`: Hoffmann et al. (2022)."""

    E: float  # nats a token that no model of any size saves
    A: float
    alpha: float
    B: float
    beta: float

    def loss(self, parameters: ArrayLike, tokens: ArrayLike) -> NDArray[np.float64]:
        """Nats a token of a model with so many parameters that has read so many tokens once."""
        N, D = _above_zero(parameters=parameters, tokens=tokens)
        return self.E + self.A / N**self.alpha + self.B / D**self.beta

    def best(self, flops: float) -> tuple[float, float]:
        """Parameters and tokens of the lowest loss with 6 N D = ``flops``: formula `eq:allocation`."""
        _positive(flops=flops)
        ratio = (self.alpha * self.A) / (self.beta * self.B)
        N = ratio ** (1 / (self.alpha + self.beta)) * (flops / 6) ** self.share
        return N, flops / 6 / N

    @property
    def share(self) -> float:
        """The exponent a of N ∝ (FLOPs)^a; tokens have 1 − a."""
        return self.beta / (self.alpha + self.beta)


def fit_scaling_law(
    parameters: ArrayLike,
    tokens: ArrayLike,
    losses: ArrayLike,
    floor: float | None = None,
    delta: float = 0.1,
) -> ScalingLaw:
    """The law that comes closest to some runs, as Hoffmann et al. (2022) find it.

    Compared are logarithms, with Huber's loss of width ``delta``, which single odd runs cannot pull far
    (they take 1e-3); the search is L-BFGS, from several starts. Where the ``floor`` is known it is E,
    and the logarithms are those of losses − floor. Raises ValueError for fewer runs than unknowns, or a loss that is not
    above the floor.
    """
    N, D = _above_zero(parameters=parameters, tokens=tokens)
    (y,) = _above_zero(losses_above_the_floor=np.asarray(losses, float) - (floor or 0.0))
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
    """Huber's loss at the end of one search, and the unknowns there, log E among them with ``guess``."""
    n, d = n - n.mean(), d - d.mean()  # heights at the middle of the runs: an easier search
    height = float(target.mean()) - math.log(2)
    start = [height, alpha, height, beta] + [float(target.min()) - 0.1] * guess
    unknown = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS(
        [unknown], max_iter=300, tolerance_grad=1e-9, line_search_fn="strong_wolfe"
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


def bootstrap(
    estimate: Callable[[list[Any]], Any],
    runs: Sequence[Any],
    draws: int = 200,
    seed: int = 0,
) -> NDArray[np.float64]:
    """(2, K) lower and upper ends of 95 % intervals of the K numbers that ``estimate(runs)`` gives.

    Each draw takes as many runs as there are, with replacement, and estimates anew: Efron (1979).

    >>> low, high = bootstrap(lambda numbers: [sum(numbers) / len(numbers)], [1.0, 2.0, 3.0] * 30)
    >>> bool(low[0] < 2 < high[0])
    True
    """
    _positive(draws=draws)
    if not runs:
        raise ValueError("runs: there is none; give at least one")
    random = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        result = estimate([runs[i] for i in random.integers(len(runs), size=len(runs))])
        found.append(astuple(result) if isinstance(result, ScalingLaw) else tuple(result))
    return np.percentile(np.array(found, dtype=np.float64), [2.5, 97.5], axis=0)


def _above_zero(**arrays: ArrayLike) -> list[NDArray[np.float64]]:
    checked = [np.asarray(values, dtype=np.float64) for values in arrays.values()]
    for name, values in zip(arrays, checked, strict=True):
        if not ((values > 0) & np.isfinite(values)).all():
            raise ValueError(
                f"{name.replace('_', ' ')}: all must be above 0 and finite, got {values.min()}"
            )
    return checked
