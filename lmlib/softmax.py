"""From logits to the probability of the next token, and from probabilities to a loss.

Logits may hold −inf, which means "impossible" and gives probability 0. NaN and +inf are errors.

>>> logits = torch.tensor([2.0, 1.0, 0.0])
>>> softmax(logits)
tensor([0.6652, 0.2447, 0.0900])
>>> softmax(logits, temperature=0.5)
tensor([0.8668, 0.1173, 0.0159])
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from lmlib.validation import (
    check_choice,
    check_highest,
    check_ids,
    check_probs,
    check_temperature,
)


def log_softmax(logits: Tensor, temperature: float = 1.0, dim: int = -1) -> Tensor:
    """Logarithm of the softmax, exact where the probability would underflow to 0.

    Formula `eq:log-softmax`; shapes and errors as in :func:`softmax`.

    >>> log_softmax(torch.tensor([1000.0, 0.0]))
    tensor([    0., -1000.])
    """
    highest = logits.amax(dim, keepdim=True)
    _check(highest, temperature)
    # Taking the maximum away changes no probability, and nothing can overflow any more.
    z = (logits - highest) / temperature
    return z - z.exp().sum(dim, keepdim=True).log()


def softmax(logits: Tensor, temperature: float = 1.0, dim: int = -1) -> Tensor:
    """Probabilities from logits, sharper for temperature below 1 and flatter above.

    Formula `eq:softmax`. ``logits`` (..., V); the result adds up to 1 along ``dim``.
    Raises ValueError for a temperature not above 0 or infinite (or so near to it that the
    numbers of ``logits`` cannot be divided by it), for NaN or +inf, and where all logits
    are −inf.
    """
    return log_softmax(logits, temperature, dim).exp()


def cross_entropy(
    logits: Tensor, targets: Tensor, reduction: Literal["mean", "sum", "none"] = "mean"
) -> Tensor:
    """Mean of −log p(target), in nats: the loss that language models are trained on.

    Formula `eq:cross-entropy`. ``logits`` (..., V), ``targets`` (...) ids; a scalar, or
    (...) for ``reduction="none"``. Raises ValueError where shapes disagree or an id is
    not in 0 … V − 1.

    >>> cross_entropy(torch.zeros(2, 10), torch.tensor([3, 7]))  # ln 10
    tensor(2.3026)
    """
    _check_targets(logits, targets, reduction)
    losses = -log_softmax(logits).gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    return losses if reduction == "none" else getattr(losses, reduction)()


def entropy(probs: Tensor, dim: int = -1) -> Tensor:
    """Entropy −Σ p log p in nats: how much is open before the next token is known.

    Formula `eq:entropy`. Raises ValueError where ``probs`` are negative or do not add up to 1.

    >>> entropy(torch.tensor([0.5, 0.5])) / math.log(2)  # one fair coin: one bit
    tensor(1.)
    """
    check_probs(probs, dim)
    return torch.special.entr(probs).sum(dim)


def perplexity(nats: float | Tensor) -> float:
    """exp of a mean loss in nats: as unsure as among this many equally likely tokens.

    Formula `eq:perplexity`. Infinite where the loss is beyond what exp can give, 709 nats.
    Raises ValueError for NaN.

    >>> round(perplexity(math.log(10)), 6)
    10.0
    """
    if math.isnan(nats):
        raise ValueError("nats: is NaN; look for the step at which the loss overflowed")
    return math.exp(nats) if nats < 709 else math.inf


def _check(highest: Tensor, temperature: float) -> None:
    dtype = highest.dtype if highest.is_floating_point() else torch.float32
    check_temperature(temperature, dtype)
    check_highest(highest)


def _check_targets(logits: Tensor, targets: Tensor, reduction: str) -> None:
    if logits.shape[:-1] != targets.shape:
        raise ValueError(
            f"targets: shape {tuple(targets.shape)} does not fit "
            f"logits {tuple(logits.shape)}; give one id for each row"
        )
    check_ids("targets", targets, logits.shape[-1])
    check_choice("reduction", reduction, ("mean", "sum", "none"))
