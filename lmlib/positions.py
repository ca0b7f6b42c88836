"""Telling attention where a token stands: sinusoidal encodings added at the input, or rotary ones in queries and keys.

The third way needs no formula: a learned vector for each position, as in GPT-2 (``nn.Embedding``).

>>> sinusoids(3, d_model=4)
tensor([[ 0.0000,  1.0000,  0.0000,  1.0000],
        [ 0.8415,  0.5403,  0.0100,  0.9999],
        [ 0.9093, -0.4161,  0.0200,  0.9998]])
"""

from __future__ import annotations

import torch
from torch import Tensor

from lmlib.validation import check_positive

BASE = 10_000.0
"""Of the wavelengths, as in 2017: the slowest pair of numbers turns once in about 2π · BASE tokens."""


def _angles(positions: Tensor, size: int, base: float = BASE) -> Tensor:
    """(T,) positions → (T, size / 2) angles: pair i turns by base^(−2i / size) a position."""
    _check_even(size)
    check_positive(base=base)
    # In double precision, or angles at far positions would be off in the third digit; Apple's GPUs have none.
    device = positions.device
    exact = torch.float32 if device.type == "mps" else torch.float64
    numbers = torch.arange(0, size, 2, dtype=exact, device=device)
    return positions[:, None] * base ** (-numbers / size)


def sinusoids(length: int, d_model: int) -> Tensor:
    """(T, C) fixed position vectors: sines at the even numbers, cosines at the odd ones.

    Formula `eq:sinusoids`, Vaswani et al. (2017). Raises ValueError for an odd ``d_model``.
    """
    angles = _angles(torch.arange(length), d_model)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2).float()


def rotations(
    positions: Tensor, size: int, base: float = BASE, dtype: torch.dtype = torch.float32
) -> tuple[Tensor, Tensor]:
    """Cosines and sines of the angles at (T,) positions of any order: (T, size / 2) twice, for :func:`turn`.

    Raises ValueError for an odd ``size``, or a ``base`` that is not above 0.
    """
    angles = _angles(positions, size, base)
    return angles.cos().to(dtype), angles.sin().to(dtype)


def turn(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair of neighbouring numbers, (..., T, D) → (..., T, D), by an angle for each row and pair."""
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack([a * cos - b * sin, a * sin + b * cos], dim=-1).flatten(-2)


def rotate(x: Tensor, start: int = 0, base: float = BASE) -> Tensor:
    """Turn each pair of numbers in a query or key by an angle that grows with position.

    Formula `eq:rotary`, Su et al. (2024). (..., T, D) → (..., T, D); the first row stands
    at position ``start``. Scores then depend on distances alone. Raises ValueError for an
    odd D, or a ``base`` that is not above 0.

    >>> rotate(torch.tensor([[1.0, 0.0], [1.0, 0.0]]))  # the second row turns by 1 radian
    tensor([[1.0000, 0.0000],
            [0.5403, 0.8415]])
    """
    positions = torch.arange(start, start + x.shape[-2], device=x.device)
    return turn(x, *rotations(positions, x.shape[-1], base, x.dtype))


def _check_even(size: int) -> None:
    if size % 2:
        raise ValueError(
            f"d_model: {size} is odd, and positions go by pairs of numbers; use an even size"
        )
