"""Weights that are set to 0, the smallest first, and what keeps them there while the others are trained on.

>>> layer = nn.Linear(4, 1, bias=False)
>>> layer.weight.data = torch.tensor([[0.5, -0.1, 1.2, -0.9]])
>>> pruned(layer, magnitude_masks(layer, keep=0.5)).weight.tolist()
[[0.0, 0.0, 1.2000000476837158, -0.8999999761581421]]
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from lmlib.modules import AnyModule

Masks = Mapping[str, Tensor]  # for each matrix, by its name, which weights stay


def matrices(model: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that are tables or matrices, by their names: nearly all of a transformer."""
    return {name: p for name, p in model.named_parameters() if p.dim() == 2}


def largest(size: Tensor, keep: float) -> Tensor:
    """Which are the largest numbers, of which a share stays: formula `eq:pruning`.

    Of equal ones the earlier stay. Raises ValueError for a share outside [0, 1], and for NaN.

    >>> largest(torch.tensor([3.0, 1.0, 2.0, 2.0]), keep=0.5)
    tensor([ True, False,  True, False])
    """
    _check(size, keep)
    count = round(keep * size.numel())
    if not count:
        return torch.zeros(size.shape, dtype=torch.bool)
    flat = size.flatten()
    least = flat.kthvalue(len(flat) - count + 1).values
    stays = flat > least
    equal = (flat == least).nonzero()[: count - int(stays.sum())]
    stays[equal] = True
    return stays.view(size.shape)


def _check(size: Tensor, keep: float) -> None:
    if not 0 <= keep <= 1 or size.isnan().any():
        raise ValueError(
            f"keep: {keep} of {size.numel()} numbers; give a share from 0 to 1, and numbers without NaN"
        )


def magnitude_masks(
    model: nn.Module, keep: float, together: bool = True
) -> dict[str, Tensor]:
    """The largest weights by their absolute values, of all matrices ``together`` or of each alone.

    Raises ValueError as :func:`largest` does.
    """
    sizes = {name: p.detach().abs() for name, p in matrices(model).items()}
    if not together:
        return {name: largest(size, keep) for name, size in sizes.items()}
    flat = largest(torch.cat([size.flatten() for size in sizes.values()]), keep)
    parts = flat.split([size.numel() for size in sizes.values()])
    pairs = zip(sizes.items(), parts, strict=True)
    return {name: part.view(size.shape) for (name, size), part in pairs}


def random_masks(model: nn.Module, keep: float, seed: int = 0) -> dict[str, Tensor]:
    """A control: the same share of each matrix, drawn by lot. Raises ValueError as :func:`largest` does."""
    lots = torch.Generator().manual_seed(seed)
    return {
        name: largest(torch.rand(p.shape, generator=lots), keep)
        for name, p in matrices(model).items()
    }


@torch.no_grad()
def pruned(model: AnyModule, masks: Masks) -> AnyModule:
    """A copy in which only the weights that the masks let stay are not 0.

    Raises ValueError for a mask of no matrix, or of another shape.
    """
    small = copy.deepcopy(model)
    for name, p in _masked(small, masks).items():
        p.copy_(torch.where(masks[name], p, 0.0))
    return small


def _masked(model: nn.Module, masks: Masks) -> dict[str, nn.Parameter]:
    found = matrices(model)
    for name, mask in masks.items():
        if name not in found or found[name].shape != mask.shape:
            raise ValueError(
                f"masks: {name} of shape {tuple(mask.shape)} is no matrix of this model; "
                "make them from a model of the same configuration"
            )
    return {name: found[name] for name in masks}


class _Masked(nn.Module):
    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, weight: Tensor) -> Tensor:
        return weight * self.get_buffer("mask")


@contextmanager
def held(model: nn.Module, masks: Masks) -> Iterator[None]:
    """Inside, pruned weights are 0 and stay it, whatever a training does; behind it as well.

    Raises ValueError as :func:`pruned` does.
    """
    homes = []
    for name in _masked(model, masks):
        home, _, own = name.rpartition(".")
        homes.append((model.get_submodule(home), own))
        parametrize.register_parametrization(*homes[-1], _Masked(masks[name]))
    try:
        yield
    finally:
        for module, own in homes:
            parametrize.remove_parametrizations(module, own)
