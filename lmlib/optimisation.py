"""How a model is trained: the plan, the learning rate, the optimiser, and the precision.

>>> plan = Training(steps=1000, learning_rate=1.0, warmup=100)
>>> [round(learning_rate(step, plan), 3) for step in (0, 49, 100, 550, 999)]
[0.01, 0.5, 1.0, 0.5, 0.0]
"""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from lmlib.validation import check_choice, check_positive


@dataclass(frozen=True)
class Training:
    """How a model is trained. Raises ValueError for numbers that make no sense."""

    steps: int
    learning_rate: float = 6e-3  # the highest
    warmup: int = 100  # steps until it is reached
    weight_decay: float = 0.0  # of matrices; biases and norms never decay
    clip: float = 1.0  # longest gradient
    seed: int = 0  # of the dropout
    eval_interval: int = 100  # steps from one record, and one checkpoint, to the next
    precision: Literal["float32", "bfloat16"] = "float32"  # of matrix products
    compile: bool = False  # the loss with torch.compile, which takes a minute first
    fused: bool = (
        False  # attention that keeps no weights: less memory, other last digits
    )
    betas: tuple[float, float] = (0.9, 0.95)  # what Adam's two means keep at each step
    min_learning_rate: float = 0.0  # where the cosine ends

    def __post_init__(self) -> None:
        positive = ("steps", "learning_rate", "clip", "eval_interval")
        check_positive(**{name: getattr(self, name) for name in positive})
        if not 0 <= self.warmup <= self.steps:
            raise ValueError(
                f"warmup: {self.warmup} steps of {self.steps}; use 0 … {self.steps}"
            )
        if not 0 <= self.weight_decay < math.inf:
            raise ValueError(
                f"weight_decay: {self.weight_decay} must be 0 or more and finite; "
                "use 0 for none"
            )
        check_choice("precision", self.precision, ("float32", "bfloat16"))
        if len(self.betas) != 2 or not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(
                f"betas: {self.betas} are not two numbers in [0, 1); (0.9, 0.95) is usual"
            )
        if not 0 <= self.min_learning_rate <= self.learning_rate:
            raise ValueError(
                f"min_learning_rate: {self.min_learning_rate} is outside 0 … "
                f"{self.learning_rate}, the learning rate; a tenth of it is usual"
            )


def learning_rate(step: int, training: Training) -> float:
    """Up in a straight line, then down along a cosine to the lowest: formula `eq:schedule`, where that is 0."""
    if step < training.warmup:
        return training.learning_rate * (step + 1) / training.warmup
    progress = (step - training.warmup) / max(1, training.steps - training.warmup)
    lowest = training.min_learning_rate
    above = training.learning_rate - lowest
    return lowest + above * 0.5 * (1 + math.cos(math.pi * progress))


def make_optimiser(model: nn.Module, training: Training) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter 2019) over the parameters that are not frozen; only matrices decay."""
    trainable = [p for p in model.parameters() if p.requires_grad]
    matrices = [p for p in trainable if p.dim() >= 2]
    vectors = [p for p in trainable if p.dim() < 2]
    groups = [
        {"params": matrices, "weight_decay": training.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        groups, lr=training.learning_rate, betas=training.betas, fused=True
    )


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """Inside, matrix products are computed from numbers of this precision."""
    if precision == "float32":  # works where a device has no other, too
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16)
