"""From logits to the probabilities that the next token is drawn from: temperature, top-k, top-p, penalties.

>>> next_probs(torch.tensor([0.5, 0.3, 0.2]).log(), top_k=2)
tensor([0.6250, 0.3750, 0.0000])
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lmlib.softmax import log_softmax, softmax
from lmlib.validation import check_divisor, check_highest, check_temperature

ROUNDING = 1e-6
"""So far may a sum of probabilities be from what it is in exact arithmetic, in single precision."""


def top_k_filter(logits: Tensor, k: int) -> Tensor:
    """Keep the ``k`` highest logits and set the others to −inf; of equal ones the lower ids stay.

    Formula `eq:top-k`; (..., V) → (..., V). Raises ValueError for k < 1. Fan et al. (2018).

    >>> top_k_filter(torch.tensor([1.0, 3.0, 2.0]), k=2)
    tensor([-inf, 3., 2.])
    """
    _check_top_k(k)
    order = logits.argsort(dim=-1, descending=True, stable=True)
    return logits.scatter(-1, order[..., k:], -math.inf)


def top_p_filter(logits: Tensor, p: float) -> Tensor:
    """Keep the fewest of the likeliest tokens that hold ``p`` together; −inf for others.

    Formula `eq:top-p`; (..., V) → (..., V). A sum counts as ``p`` where only rounding keeps
    it below: 0.5 and 0.3 hold 0.8. Raises ValueError for p outside (0, 1].
    Holtzman et al. (2020).

    >>> top_p_filter(torch.tensor([0.5, 0.3, 0.2]).log(), p=0.7).exp()
    tensor([0.5000, 0.3000, 0.0000])
    """
    _check_top_p(p)
    if p == 1:
        return logits
    order = logits.argsort(dim=-1, descending=True, stable=True)
    probs = softmax(_exact(logits)).gather(-1, order)
    before = probs.cumsum(-1) - probs  # what the likelier tokens hold already
    cut = before >= p - max(ROUNDING, 2 * torch.finfo(logits.dtype).eps)
    cut[..., 0] = False
    return logits.masked_fill(torch.zeros_like(cut).scatter(-1, order, cut), -math.inf)


def penalise_repetition(logits: Tensor, tokens: Tensor, penalty: float) -> Tensor:
    """Lower the logits of the tokens that stand in the text already.

    Formula `eq:repetition-penalty`. ``logits`` (..., V), ``tokens`` (..., T) ids → (..., V).
    A logit above 0 is divided by ``penalty``, one below 0 multiplied; 1 changes nothing,
    less than 1 rewards repetition. Raises ValueError for a penalty not above 0 or infinite,
    or one that makes a logit infinite. Keskar et al. (2019).

    >>> penalise_repetition(torch.tensor([2.0, -1.0, 3.0]), torch.tensor([0, 1, 1]), 2.0)
    tensor([ 1., -2.,  3.])
    """
    _check_penalty(penalty, logits.dtype)
    if penalty == 1:
        return logits
    seen = logits.gather(-1, tokens)
    changed = torch.where(seen < 0, seen * penalty, seen / penalty)
    _check_penalised(seen, changed, penalty)
    return logits.scatter(-1, tokens, changed)


def greedy(logits: Tensor) -> Tensor:
    """The token with the highest logit, (..., V) → (..., 1) ids; of equal ones the lowest id.

    Raises ValueError as the softmax does.
    """
    highest, token = logits.max(-1, keepdim=True)
    check_highest(highest)
    return token


def next_probs(
    logits: Tensor,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Tensor:
    """Probabilities to draw from: temperature, then top-k, then top-p of what is left.

    (..., V) → (..., V). Temperature 0 means greedy: all probability on the highest logit.
    Raises ValueError as the filters and the softmax do.
    """
    check_sampling(temperature, top_k, top_p)
    if temperature == 0:
        return torch.zeros_like(logits).scatter(-1, greedy(logits), 1.0)
    if top_k is not None:  # the highest k are the same at every temperature
        logits = top_k_filter(logits, top_k)
    if top_p is None:
        return softmax(logits, temperature)
    return softmax(top_p_filter(log_softmax(logits, temperature), top_p))


def check_sampling(temperature: float, top_k: int | None, top_p: float | None) -> None:
    """Raise ValueError for a setting that cannot be, before a model is asked; temperature may be 0."""
    if temperature != 0:
        check_temperature(temperature, torch.float64)
    if top_k is not None:
        _check_top_k(top_k)
    if top_p is not None:
        _check_top_p(top_p)


def _exact(logits: Tensor) -> Tensor:
    """In double precision, which Apple's GPUs have not."""
    return logits.float() if logits.device.type == "mps" else logits.double()


def _check_top_k(k: int) -> None:
    if k < 1:
        raise ValueError(
            f"top_k: {k} keeps nothing; use 1 or more, or None to keep all"
        )


def _check_top_p(p: float) -> None:
    if not 0 < p <= 1:
        raise ValueError(f"top_p: {p} is outside (0, 1]; use 1 to keep all")


def _check_penalty(penalty: float, dtype: torch.dtype) -> None:
    check_divisor("repetition_penalty", penalty, dtype, "use 1 to change nothing")


def _check_penalised(seen: Tensor, changed: Tensor, penalty: float) -> None:
    if torch.compiler.is_compiling() or not (seen.isfinite() & changed.isinf()).any():
        return
    raise ValueError(
        f"repetition_penalty: {penalty} makes a logit infinite as {seen.dtype}; "
        "use a number nearer to 1"
    )
