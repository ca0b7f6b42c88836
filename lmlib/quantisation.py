"""Numbers in few bits: a scale for each group of weights, and codes that are really packed into bytes.

>>> row = torch.tensor([[0.5, -0.1, 1.2, -0.9]])
>>> small = quantise(row, bits=3, shared=4)
>>> small.codes, small.numbers()  # the scale is 1.2 / 3
(tensor([[ 1,  0,  3, -2]], dtype=torch.int16), tensor([[ 0.3999,  0.0000,  1.1997, -0.7998]]))
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import pad

Shared = Literal["tensor", "row"] | int
"""How many weights have one scale: all, those of a row, or so many neighbours of a row."""


def pack(codes: Tensor, bits: int) -> Tensor:
    """Codes below 2^bits, one behind the other in bytes, lowest bit first: (N,) → (⌈N · bits / 8⌉,) uint8.

    >>> pack(torch.tensor([5, 1, 7]), bits=4)  # 1 · 16 + 5, and 7
    tensor([21,  7], dtype=torch.uint8)
    """
    places = torch.arange(bits, dtype=torch.uint8)
    ones = (codes.to(torch.uint8).flatten()[:, None] >> places & 1).flatten()
    ones = pad(ones, (0, -len(ones) % 8)).view(-1, 8)
    return (ones << torch.arange(8, dtype=torch.uint8)).sum(-1, dtype=torch.uint8)


def unpack(packed: Tensor, bits: int, count: int) -> Tensor:
    """The first ``count`` codes that :func:`pack` put into bytes: (count,) uint8.

    >>> unpack(torch.tensor([21, 7], dtype=torch.uint8), bits=4, count=3)
    tensor([5, 1, 7], dtype=torch.uint8)
    """
    ones = (packed[:, None] >> torch.arange(8, dtype=torch.uint8) & 1).flatten()
    ones = ones[: count * bits].view(count, bits)
    return (ones << torch.arange(bits, dtype=torch.uint8)).sum(-1, dtype=torch.uint8)


@dataclass(frozen=True)
class Quantised:
    """A tensor in few bits; ``scale`` and ``lowest`` are (groups, 1) in half precision."""

    codes: Tensor  # of the tensor's shape: from 0 on with a ``lowest``, else around 0
    scale: Tensor
    lowest: Tensor | None
    bits: int

    def numbers(self) -> Tensor:
        """What is left of the weights, of the tensor's shape, in single precision."""
        groups = self.codes.view(len(self.scale), -1) * self.scale.float()
        if self.lowest is not None:
            groups += self.lowest.float()
        return groups.view(self.codes.shape)

    def packed(self) -> Tensor:
        """The codes as bytes: (⌈N · bits / 8⌉,) uint8."""
        codes = (
            self.codes if self.lowest is not None else self.codes + middle(self.bits)
        )
        return pack(codes, self.bits)

    @property
    def nbytes(self) -> int:
        """Bytes of packed codes, scales and lowest values: formula `eq:bits-per-weight` times the weights, over 8."""
        beside = sum(x.nbytes for x in (self.scale, self.lowest) if x is not None)
        return math.ceil(self.codes.numel() * self.bits / 8) + beside


def middle(bits: int) -> int:
    """What is added to codes around 0, so that none is negative."""
    return 2 ** (bits - 1)


def quantise(
    x: Tensor, bits: int, shared: Shared = 32, lowest: bool = False
) -> Quantised:
    """Round each weight to one of 2^bits steps of its group: formula `eq:quantise`.

    With ``lowest`` the steps begin at the least weight of the group, formula `eq:quantise-lowest`;
    without, they lie around 0, so that 0 stays 0. ``shared`` is "tensor", "row", or a number that
    divides the last axis. Raises ValueError for bits outside 2 … 8, for weights that are not finite or
    too large for half precision, and for groups that do not fill the rows.
    """
    _check(x, bits, shared)
    size = {"tensor": x.numel(), "row": x.shape[-1]}.get(str(shared), shared)
    groups = x.detach().float().reshape(-1, int(size))
    if lowest:
        most, least = 2**bits - 1, groups.amin(-1, keepdim=True)
        start = least.half()
        scale = ((groups.amax(-1, keepdim=True) - least) / most).half()
        codes = _steps(groups - start.float(), scale).clamp(0, most)
    else:
        most, start = middle(bits) - 1, None
        scale = (groups.abs().amax(-1, keepdim=True) / most).half()
        codes = _steps(groups, scale).clamp(-most, most)
    return Quantised(codes.view(x.shape).to(torch.int16), scale, start, bits)


def _steps(groups: Tensor, scale: Tensor) -> Tensor:
    """How many steps each weight is away, in whole numbers; 0 where a group has no width."""
    width = scale.float()
    return (groups / torch.where(width == 0, 1.0, width)).round()


def _check(x: Tensor, bits: int, shared: Shared) -> None:
    if not isinstance(bits, int) or not 2 <= bits <= 8:
        raise ValueError(f"bits: {bits} is no whole number from 2 to 8; use 8, 4 or 3")
    if not x.numel() or not x.abs().amax() <= 65_504 / 2:
        raise ValueError(
            "x: has no weights, or weights that are no number or too large for half precision; "
            "look for an overflow in training"
        )
    if isinstance(shared, str) and shared in ("tensor", "row"):
        return
    if not isinstance(shared, int) or shared < 1 or x.shape[-1] % shared:
        raise ValueError(
            f"shared: {shared!r} does not divide rows of {x.shape[-1]}; "
            "use 'tensor', 'row', or a number that does"
        )
