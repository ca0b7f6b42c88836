"""What the log-probabilities of a few tokens say about all of them, at every temperature.

A server names the n likeliest tokens and hides the others. What those have together is known at temperature 1,
R = 1 − Σ p. How they share it is not known, and at other temperatures that matters. Two ways of sharing are the
extremes: all alike, and as unlike as they can be while none is likelier than the last one shown. The truth lies
between: Σ xᵃ is smallest for equal shares if a > 1 and largest if a < 1 (Hardy, Littlewood and Pólya, 1934).

>>> shown = torch.tensor([0.5, 0.2]).log()
>>> [rest(shown, 7).exp().round(decimals=2).tolist() for rest in (even_rest, uneven_rest)]
[[0.5, 0.2, 0.06, 0.06, 0.06, 0.06, 0.06], [0.5, 0.2, 0.2, 0.1, 0.0, 0.0, 0.0]]
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

# Servers send few digits, and calculate with few.
TOLERANCE = 1e-3
# Their rounding leaves the rest open by this much. At a high temperature that matters: (10⁻⁶)^⅕ is 0.06.
ROUNDING = 1e-6


def _checked(log_probs: Tensor, vocab_size: int) -> Tensor:
    """The numbers in double precision, if V tokens can have them."""
    if log_probs.dim() != 1 or not len(log_probs) or not log_probs.isfinite().all():
        raise ValueError(
            f"log_probs: {log_probs} is no row of finite numbers; give those of the likeliest tokens"
        )
    probs = log_probs.double().exp()
    if probs.max() > 1 + TOLERANCE or probs.sum() > 1 + TOLERANCE:
        raise ValueError(
            f"log_probs: their probabilities add up to {probs.sum():.4f}; give logarithms of "
            "probabilities of different tokens, at temperature 1"
        )
    hidden = vocab_size - len(probs)
    if hidden < 0 or 1 - probs.sum() > hidden * probs.min() + TOLERANCE:
        raise ValueError(
            f"vocab_size: {vocab_size} leaves {hidden} tokens for the remaining {1 - probs.sum():.4f}, "
            f"each no likelier than {probs.min():.4f}; give the number of tokens in the vocabulary, or more"
        )
    return log_probs.double()


def _rest(known: Tensor) -> float:
    """What the hidden tokens have together at temperature 1."""
    return 1 - float(known.exp().sum())


def even_rest(log_probs: Tensor, vocab_size: int) -> Tensor:
    """Logits of all tokens, the hidden ones equally likely.

    One side of formula `eq:hidden-rest`. ``log_probs`` (n,) of the likeliest
    tokens → (V,): those, and then the others. Too large a ``vocab_size`` makes
    a limit wider, and leaves it true. Raises ValueError where these are no
    probabilities, or V tokens cannot have them.

    >>> from lmlib.softmax import softmax
    >>> softmax(even_rest(torch.tensor([0.5, 0.2]).log(), 7), temperature=2.0)[:2]
    tensor([0.2972, 0.1880], dtype=torch.float64)
    """
    known = _checked(log_probs, vocab_size)
    rest, m = max(0.0, _rest(known)) + ROUNDING, vocab_size - len(known)
    return torch.cat([known, known.new_full((m,), math.log(rest / max(1, m)))])


def uneven_rest(log_probs: Tensor, vocab_size: int) -> Tensor:
    """Logits of all tokens, the hidden ones as unequal as they can be.

    The other side of formula `eq:hidden-rest`: as many as possible are as likely
    as the last token shown, one has what remains, and the others nothing. Shapes
    and errors as in :func:`even_rest`.

    >>> from lmlib.softmax import softmax
    >>> softmax(uneven_rest(torch.tensor([0.5, 0.2]).log(), 7), temperature=2.0)[:2]
    tensor([0.3687, 0.2332], dtype=torch.float64)
    """
    known = _checked(log_probs, vocab_size)
    hidden = known.new_full((vocab_size - len(known),), -math.inf)
    rest, last = max(0.0, _rest(known) - ROUNDING), float(known.exp().min())
    full = int(min(rest / last, len(hidden))) if last else 0
    hidden[:full] = known.min()
    if rest > full * last:
        hidden[full : full + 1] = math.log(rest - full * last)
    return torch.cat([known, hidden])
