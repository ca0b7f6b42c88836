"""Attention when nobody looks at its weights: the same outputs, by PyTorch's fused function, which keeps none.

It holds no (T, S) matrix, which is faster, and takes less memory the longer the text. Dao et al. (2022).

>>> q = k = v = torch.eye(3)
>>> with keeping_weights(False):
...     output, weights = attend(q, k, v, causal=True)
>>> bool(torch.allclose(output, attend(q, k, v, causal=True)[0])), weights
(True, None)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import local

import torch  # noqa: F401  for the example above
import torch.nn.functional as F
from torch import Tensor

from lmlib.attention import causal_mask, scaled_dot_product_attention
from lmlib.shape_checks import check_scores, check_values


class _Mode(local):
    """What this thread wants of attention; a context variable could not be compiled."""

    keep = True


_MODE = _Mode()


@contextmanager
def keeping_weights(keep: bool) -> Iterator[None]:
    """Inside, :func:`attend` returns the weights that made its output, or ``None`` in their place."""
    before, _MODE.keep = _MODE.keep, keep
    try:
        yield
    finally:
        _MODE.keep = before


def attend(
    q: Tensor, k: Tensor, v: Tensor, causal: bool, group: int = 1
) -> tuple[Tensor, Tensor | None]:
    """Formula `eq:attention` for queries that stand beside the last of the keys.

    q (..., group · T, D), k (..., S, D), v (..., S, E) → output (..., group · T, E) and weights
    (..., group · T, S). Where it is ``causal``, none looks at what comes after it. A ``group`` of
    queries has the same T places, one behind the other. Raises ValueError as
    :func:`lmlib.attention.scaled_dot_product_attention` does.
    """
    T, S = q.shape[-2] // group, k.shape[-2]
    hides = causal and T > 1  # a single query stands behind all keys
    if _MODE.keep:
        return scaled_dot_product_attention(q, k, v, _mask(q, S, group, hides))
    check_values(k, v)
    check_scores(q, k, None)
    if hides and group == 1 and T == S:  # PyTorch makes no mask for it
        return F.scaled_dot_product_attention(q, k, v, is_causal=True), None
    return F.scaled_dot_product_attention(q, k, v, _mask(q, S, group, hides)), None


def _mask(q: Tensor, S: int, group: int, hides: bool) -> Tensor | None:
    """The last rows of the causal mask, for each of the group."""
    if not hides:
        return None
    rows = causal_mask(S, q.device)[S - q.shape[-2] // group :]
    return rows.repeat(group, 1) if group > 1 else rows
