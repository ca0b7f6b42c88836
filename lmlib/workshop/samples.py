"""Small tensors and weights, drawn, to try parts with.

>>> draw(2, 3).shape, block_weights(4)["up.weight"].shape, len(model_weights()["blocks"])
(torch.Size([2, 3]), torch.Size([16, 4]), 2)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

Arguments = tuple[Any, ...]


def draw(*shape: int, seed: int = 0) -> Tensor:
    """Normal numbers, the same for the same seed."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def block_weights(C: int, seed: int = 0) -> dict[str, Tensor]:
    """Of one block, all drawn, so that no bias and no gain is overlooked."""
    shapes = {
        "qkv.weight": (3 * C, C),
        "qkv.bias": (3 * C,),
        "output.weight": (C, C),
        "output.bias": (C,),
        "norm_1.weight": (C,),
        "norm_1.bias": (C,),
        "norm_2.weight": (C,),
        "norm_2.bias": (C,),
        "up.weight": (4 * C, C),
        "up.bias": (4 * C,),
        "down.weight": (C, 4 * C),
        "down.bias": (C,),
    }
    return _drawn(shapes, C, seed)


def modern_weights(C: int, keys: int, F: int) -> dict[str, Tensor]:
    """Of one block of today: ``keys`` numbers in all keys of a token, F inside of the feed-forward network."""
    shapes = {
        "query.weight": (C, C),
        "key.weight": (keys, C),
        "value.weight": (keys, C),
        "output.weight": (C, C),
        "gate.weight": (F, C),
        "up.weight": (F, C),
        "down.weight": (C, F),
    }
    return _drawn(shapes, C)


def _drawn(
    shapes: Mapping[str, tuple[int, ...]], C: int, seed: int = 0
) -> dict[str, Tensor]:
    drawn = {n: draw(*s, seed=seed + i) for i, (n, s) in enumerate(shapes.items())}
    return {n: t / C**0.5 if t.dim() == 2 else t for n, t in drawn.items()}


def model_weights() -> dict[str, Any]:
    """Of a model with two blocks, for 7 words and 6 positions."""
    return {
        "embed": draw(7, 4),
        "position": draw(6, 4, seed=1),
        "blocks": [block_weights(4, seed=2), block_weights(4, seed=20)],
        "norm.weight": draw(4, seed=40),
        "norm.bias": draw(4, seed=41),
    }
