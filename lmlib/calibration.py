"""Whether a model's probabilities are right: against what came, and against the true ones where they are known.

>>> said = torch.tensor([0.9, 0.9, 0.9, 0.9])
>>> round(calibration_error(said, torch.tensor([1, 1, 1, 0])), 3)  # 0.9 said, three of four came
0.15
"""

from __future__ import annotations

from typing import NamedTuple

import torch  # noqa: F401  for the example above
from torch import Tensor

from lmlib.softmax import log_softmax


class Bin(NamedTuple):
    """Predictions of about one probability: how many, what they said on average, and how often it came."""

    n: int
    said: float
    came: float


class TopWords(NamedTuple):
    """For each of N places: what a model says of its likeliest word, and what is so. All are (N,)."""

    said: Tensor
    """The model's probability of that word."""
    right: Tensor
    """1 where it came, else 0."""
    true: Tensor
    """Its true probability."""
    divergence: Tensor
    """KL(true ‖ model) in nats, of all words together: formula `eq:kl`."""


def reliability(said: Tensor, came: Tensor, bins: int = 10) -> list[Bin]:
    """N predictions in ``bins`` of equal width from 0 to 1; a bin with none in it is left out.

    ``said`` (N,) are probabilities. ``came`` (N,) is 1 where the thing happened and 0 where it did not,
    or the true probability of it. Raises ValueError where the two do not fit, one is outside 0 … 1, or bins < 1.

    >>> reliability(torch.tensor([0.2, 0.8, 1.0]), torch.tensor([0, 1, 0]), bins=2)
    [Bin(n=1, said=0.2, came=0.0), Bin(n=2, said=0.9, came=0.5)]
    """
    _check(said, came, bins)
    said, came = said.double(), came.double()
    places = (said * bins).long().clamp(max=bins - 1)
    found = []
    for i in places.unique().tolist():
        inside = places == i
        means = (round(float(x[inside].mean()), 7) for x in (said, came))
        found.append(Bin(int(inside.sum()), *means))
    return found


def calibration_error(said: Tensor, came: Tensor, bins: int = 10) -> float:
    """The expected calibration error of :func:`reliability`'s bins (Naeini et al. 2015): formula `eq:ece`.

    0 is calibrated. A few predictions miss by luck alone. Errors as there.
    """
    rows = reliability(said, came, bins)
    misses = sum(row.n * abs(row.said - row.came) for row in rows)
    return misses / sum(row.n for row in rows)


def top_words(
    logits: Tensor, exact: Tensor, targets: Tensor, temperature: float = 1.0
) -> TopWords:
    """A model's likeliest word at N places, beside the true probabilities.

    ``logits`` (N, V) are the model's, ``exact`` (N, V) those of the truth, with −inf for what cannot come,
    and ``targets`` (N,) the ids that came. Raises ValueError as :func:`lmlib.softmax.softmax` does.

    >>> halves = torch.tensor([[0.5, 0.5, 0.0]]).log()
    >>> found = top_words(torch.tensor([[0.8, 0.1, 0.1]]).log(), halves, torch.tensor([1]))
    >>> round(found.said.item(), 3), found.right.item(), found.true.item()
    (0.8, 0, 0.5)
    """
    # In float64 what cannot come adds 0 · (−inf − x) = nan, and is left out.
    ours = log_softmax(logits.double(), temperature)
    truth = log_softmax(exact.double())
    best = ours.argmax(-1, keepdim=True)
    parts = truth.exp() * (truth - ours)
    said, true = (x.gather(-1, best)[:, 0].exp() for x in (ours, truth))
    right = (best[:, 0] == targets).long()
    return TopWords(said, right, true, parts.nansum(-1))


def _check(said: Tensor, came: Tensor, bins: int) -> None:
    if bins < 1:
        raise ValueError(f"bins: {bins}; use 1 or more, such as 10")
    if said.dim() != 1 or said.shape != came.shape or not len(said):
        shapes = f"shapes {tuple(said.shape)} and {tuple(came.shape)}"
        raise ValueError(f"said, came: {shapes}; give (N,) both, with one at least")
    for name, values in (("said", said), ("came", came)):
        if not ((values >= 0) & (values <= 1)).all():
            raise ValueError(
                f"{name}: {values.tolist()[:5]} … go beyond 0 … 1; give probabilities"
            )
