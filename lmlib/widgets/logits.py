"""The logits of a temperature scrubber: their checks, and how they travel to the page.

A row of few words travels whole. In a row of many, the likeliest keep their names; the others go in groups of
nearly equal logits, each as its size and mean. All are in every sum, so no probability is too high.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from lmlib.widgets.checks import BadValue

FEW, KEPT = 4096, 200
FINENESS = 128


def logits_of(given: Any, size: int) -> dict[str, list[float]]:
    """Each context with its row of logits. Raises ValueError as :func:`_row` does, and for no context."""
    if not isinstance(given, Mapping) or not given:
        raise BadValue(
            f"logits: {given!r} is empty or no mapping; give {{context: logits of its next word}}"
        )
    return {
        str(name): _row(f"logits[{str(name)!r}]", z, size) for name, z in given.items()
    }


def _row(name: str, logits: Any, size: int) -> list[float]:
    """One logit a word, rounded to six decimals; of many words, most are the mean of their group."""
    try:
        listed = logits.tolist() if hasattr(logits, "tolist") else list(logits)
        row = torch.tensor(listed, dtype=torch.float64)
    except (TypeError, ValueError) as error:
        raise BadValue(
            f"{name}: {logits!r} are no numbers; give {size} logits"
        ) from error
    if row.shape != (size,):
        raise BadValue(
            f"{name}: shape {tuple(row.shape)}; give one logit for each of the {size} words, shape ({size},)"
        )
    if row.isnan().any() or (row == math.inf).any():
        found = "nan" if row.isnan().any() else "inf"
        raise BadValue(f"{name}: {found} among them; use -inf for impossible words")
    if (row == -math.inf).all():
        raise BadValue(
            f"{name}: all -inf, so no word is possible; leave at least one finite logit"
        )
    return [round(z, 6) for z in (row if size <= FEW else _grouped(row)).tolist()]


def _grouped(row: Tensor) -> Tensor:
    """All but the ``KEPT`` likeliest replaced by the mean of their group.

    A logit at distance d below the highest counts where the temperature is d/18 or more, as 49,152 words weigh
    little below e⁻¹⁸. So groups may be the wider the lower they lie: 1 + d over ``FINENESS``.
    """
    others = row.argsort(descending=True, stable=True)[KEPT:]
    others = others[row[others].isfinite()]
    places = (FINENESS * (row.max() - row[others]).log1p()).floor()
    _, group, sizes = places.unique(return_inverse=True, return_counts=True)
    sums = torch.zeros(len(sizes), dtype=row.dtype).index_add(0, group, row[others])
    return row.index_copy(0, others, (sums / sizes)[group])


def packed(row: list[float], words: list[str]) -> Any:
    """What the page reads: the logits, or of many words those with a name and [size, logit] of each group."""
    if len(row) <= FEW:
        return [_or_null(z) for z in row]
    ranking = sorted(range(len(row)), key=lambda i: -row[i])
    named, others = ranking[:KEPT], Counter(row[i] for i in ranking[KEPT:])
    return {
        "words": [words[i] for i in named],
        "logits": [_or_null(row[i]) for i in named],
        "groups": [[size, _or_null(z)] for z, size in others.items()],
    }


def _or_null(z: float) -> float | None:
    """JSON has no −∞."""
    return z if math.isfinite(z) else None
