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
from typing import Literal, Protocol

import torch
from torch import Tensor


class LanguageModel(Protocol):
    """What every model of the book is: tokens so far → logits of the next one.

    ``model(tokens)`` takes (B, T) ids and returns (B, T, V) logits; those at position t are about
    token t + 1 and know tokens 0 … t only. A text starts with the token ``END``.
    """

    def __call__(self, tokens: Tensor) -> Tensor: ...


def highest_logit(logits: Tensor, dim: int = -1) -> Tensor:
    """The highest of the logits along ``dim``, which is kept: (..., V) → (..., 1).

    It tells of all that cannot be: it is NaN or +inf where one of them is, and −inf where all
    are. Raises ValueError then.

    >>> highest_logit(torch.tensor([2.0, -math.inf, 0.0]))
    tensor([2.])
    """
    highest = logits.amax(dim, keepdim=True)
    if not (~highest.isfinite()).any():
        return highest
    if (highest == -math.inf).any() and not (highest.isnan() | (highest == math.inf)).any():
        raise ValueError(
            "logits: −inf everywhere, so nothing is possible; leave at least one finite logit"
        )
    bad = "NaN" if highest.isnan().any() else "+inf"
    raise ValueError(
        f"logits: hold {bad}, which no probability answers; look for an overflow before the softmax"
    )


def log_softmax(logits: Tensor, temperature: float = 1.0, dim: int = -1) -> Tensor:
    """Logarithm of the softmax, exact where the probability would underflow to 0.

    Formula `eq:log-softmax`; shapes and errors as in :func:`softmax`.

    >>> log_softmax(torch.tensor([1000.0, 0.0]))
    tensor([    0., -1000.])
    """
    if not 0 < temperature < math.inf:
        raise ValueError(
            f"temperature: {temperature} is not above 0 and finite; "
            "in the limit towards 0 take the argmax instead"
        )
    # Taking the maximum away changes no probability, and nothing can overflow any more.
    z = (logits - highest_logit(logits, dim)) / temperature
    return z - z.exp().sum(dim, keepdim=True).log()


def softmax(logits: Tensor, temperature: float = 1.0, dim: int = -1) -> Tensor:
    """Probabilities from logits, sharper for temperature below 1 and flatter above.

    Formula `eq:softmax`. ``logits`` (..., V); the result adds up to 1 along ``dim``.
    Raises ValueError for a temperature not above 0 or infinite, for NaN or +inf, and
    where all logits are −inf.
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
    if logits.shape[:-1] != targets.shape:
        raise ValueError(
            f"targets: shape {tuple(targets.shape)} does not fit "
            f"logits {tuple(logits.shape)}; give one id for each row"
        )
    if targets.numel() and (targets.min() < 0 or targets.max() >= logits.shape[-1]):
        raise ValueError(
            f"targets: ids must lie in 0 … {logits.shape[-1] - 1}, "
            f"got {targets.min()} … {targets.max()}"
        )
    losses = -log_softmax(logits).gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(
            f"reduction: {reduction!r} is not known; use 'mean', 'sum' or 'none'"
        )
    return losses if reduction == "none" else getattr(losses, reduction)()


def entropy(probs: Tensor, dim: int = -1) -> Tensor:
    """Entropy −Σ p log p in nats: how much is open before the next token is known.

    Formula `eq:entropy`. Raises ValueError where ``probs`` are negative or do not add up to 1.

    >>> entropy(torch.tensor([0.5, 0.5])) / math.log(2)  # one fair coin: one bit
    tensor(1.)
    """
    sums = probs.sum(dim)
    if not (probs >= 0).all() or not torch.allclose(sums, torch.ones_like(sums), atol=1e-4):
        raise ValueError(
            f"probs: the least is {probs.min():.4g} and the sums go from {sums.min():.4g} to {sums.max():.4g}; "
            "they must be at least 0 and add up to 1: apply softmax to logits first"
        )
    return torch.special.entr(probs).sum(dim)


def perplexity(nats: float | Tensor) -> float:
    """exp of a mean loss in nats: as unsure as among this many equally likely tokens.

    Formula `eq:perplexity`.

    >>> round(perplexity(math.log(10)), 6)
    10.0
    """
    return math.exp(nats)
