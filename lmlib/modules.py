"""A model's parts by their own names, whatever was put around it, and models that are only shapes.

>>> [*named_tensors(nn.DataParallel(nn.Linear(3, 2)))]
['weight', 'bias']
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.parallel import DataParallel, DistributedDataParallel
from torch.overrides import TorchFunctionMode

AnyModule = TypeVar("AnyModule", bound=nn.Module)


def unwrap(model: Any) -> Any:
    """The model inside of what ``torch.compile`` and data parallelism put around it."""
    while True:
        if isinstance(model, DataParallel | DistributedDataParallel):
            model = model.module
        elif isinstance(model, nn.Module) and hasattr(model, "_orig_mod"):
            model = model._orig_mod
        else:
            return model


def own_name(name: str) -> str:
    """The name of a part without the compiler's.

    >>> own_name("blocks.0._orig_mod.norm_1")
    'blocks.0.norm_1'
    """
    return ".".join(part for part in name.split(".") if part != "_orig_mod")


def named_tensors(model: nn.Module) -> dict[str, Tensor]:
    """The state of a model by its own names."""
    return {own_name(name): t for name, t in unwrap(model).state_dict().items()}


def named_parts(model: nn.Module) -> dict[str, nn.Module]:
    """All modules of a model by their own names, the model itself as "", and none of the compiler's."""
    named = unwrap(model).named_modules(remove_duplicate=False)
    # The compiler's come before those inside of them, which then take their names.
    return {own_name(name): module for name, module in named}


class _NothingDrawn(TorchFunctionMode):
    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", "") == "torch.nn.init":
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return func(*args, **kwargs)


def without_numbers(make: Callable[[], AnyModule]) -> AnyModule:
    """What ``make`` makes, on the meta device: at once, and with no memory, however large it is.

    >>> without_numbers(lambda: nn.Linear(10**9, 10**9)).weight.shape
    torch.Size([1000000000, 1000000000])
    """
    with torch.device("meta"), _NothingDrawn():
        return make()
