"""LoRA: a frozen model, and beside some of its matrices a correction of low rank that is learned.

Hu et al. (2022).

>>> from lmlib.transformer import GPT, Config, count_parameters
>>> model = add_lora(GPT(Config(vocab_size=304)), rank=4)
>>> count_parameters(model, trainable=True)  # 2 layers × 4 × (64 + 192)
2048
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

AnyModule = TypeVar("AnyModule", bound=nn.Module)


def freeze(model: AnyModule) -> AnyModule:
    """Make no parameter of ``model`` trainable any more; returns the model.

    >>> [p.requires_grad for p in freeze(nn.Linear(3, 2)).parameters()]
    [False, False]
    """
    return model.requires_grad_(False)


class LoRALinear(nn.Module):
    """A frozen linear layer and a learned correction of rank r beside it: formula `eq:lora`.

    (..., I) → (..., O); ``down`` is (r, I), ``up`` is (O, r) and starts at 0, so nothing changes at
    first. Raises ValueError for a rank outside 1 … min(I, O), or an ``alpha`` not above 0.
    Hu et al. (2022).
    """

    def __init__(
        self, base: nn.Linear, rank: int, alpha: float = 8.0, seed: int = 0
    ) -> None:
        super().__init__()
        _check(base, rank, alpha)
        self.base, self.scale = freeze(base), alpha / rank
        out, into = base.weight.shape
        generator = torch.Generator().manual_seed(seed)
        start = torch.randn(rank, into, generator=generator) / math.sqrt(into)
        self.down = nn.Parameter(start.to(base.weight))
        self.up = nn.Parameter(base.weight.new_zeros(out, rank))

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.scale * (x @ self.down.T) @ self.up.T

    def merged(self) -> nn.Linear:
        """One linear layer that does the same: formula `eq:lora-merge`."""
        out, into = self.base.weight.shape
        linear = nn.Linear(into, out, bias=self.base.bias is not None).to(
            self.base.weight
        )
        linear.load_state_dict(self.base.state_dict())
        linear.weight.data += self.scale * (self.up @ self.down).detach()
        return linear


def _put(model: nn.Module, name: str, part: nn.Module) -> None:
    """Put ``part`` in the place of the part of a model called ``name``."""
    owner, _, own_name = name.rpartition(".")
    setattr(model.get_submodule(owner), own_name, part)


def add_lora(
    model: AnyModule,
    rank: int,
    alpha: float = 8.0,
    names: Sequence[str] = ("qkv",),
    seed: int = 0,
) -> AnyModule:
    """Freeze ``model`` and give every linear layer called one of ``names`` a correction; returns the model.

    Raises ValueError where there is no such layer, and as :class:`LoRALinear` does.

    >>> add_lora(nn.Sequential(nn.Linear(3, 2)), rank=1, names=("0",))[0].down.shape
    torch.Size([1, 3])
    """
    linear = {n: part for n, part in model.named_modules() if type(part) is nn.Linear}
    chosen = [name for name in linear if name.rpartition(".")[2] in names]
    if not chosen:
        known = sorted({name.rpartition(".")[2] for name in linear})
        raise ValueError(
            f"names: the model has no linear layer called {' or '.join(names)}; it has {', '.join(known)}"
        )
    freeze(model)
    for i, name in enumerate(chosen):
        _put(model, name, LoRALinear(linear[name], rank, alpha, seed + i))
    return model


def merge_lora(model: AnyModule) -> AnyModule:
    """Add every correction to its layer, which then costs nothing any more; returns the model, frozen.

    Raises ValueError where there is no correction.
    """
    found = {
        n: part for n, part in model.named_modules() if isinstance(part, LoRALinear)
    }
    if not found:
        raise ValueError("model: there is no LoRALinear in it; call add_lora first")
    for name, part in found.items():
        _put(model, name, part.merged())
    return freeze(model)


def _check(base: nn.Linear, rank: int, alpha: float) -> None:
    most = min(base.weight.shape)
    if not 1 <= rank <= most:
        raise ValueError(
            f"rank: {rank} for a matrix of {tuple(base.weight.shape)}; use 1 … {most}"
        )
    if not 0 < alpha < math.inf:
        raise ValueError(f"alpha: {alpha} is not above 0 and finite; 8 is usual here")
