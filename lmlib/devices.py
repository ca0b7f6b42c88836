"""Where the numbers are: a model decides on which device it is asked, and what it is given goes there.

>>> from lmlib.transformer import GPT, Config
>>> device_of(GPT(Config(vocab_size=304)))
device(type='cpu')
"""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import AbstractContextManager
from typing import TypeVar

import torch
from torch import nn

Tensors = TypeVar("Tensors")


def device_of(model: object) -> torch.device | None:
    """The device of a model's parameters; None for a model without any, such as an n-gram.

    None leaves a tensor where it is: ``tokens.to(device_of(model))`` fits every model of the book.
    """
    first = next(model.parameters(), None) if isinstance(model, nn.Module) else None
    return None if first is None else first.device


def move(batch: Tensors, device: torch.device | None) -> Tensors:
    """A tensor, or a tuple of tensors and tuples, on ``device``.

    >>> inputs, targets = move((torch.zeros(1, 2), torch.ones(1, 2)), torch.device("meta"))
    >>> inputs.device, targets.device
    (device(type='meta'), device(type='meta'))
    """
    if isinstance(batch, tuple):
        return tuple(move(part, device) for part in batch)  # type: ignore[return-value]
    return batch.to(device)  # type: ignore[attr-defined]


def own_randomness(device: torch.device | None) -> AbstractContextManager[None]:
    """Inside, seeds may be set; outside, the generators of the CPU and of a CUDA ``device`` are as before."""
    on_gpu = device is not None and device.type == "cuda"
    return torch.random.fork_rng(devices=[device] if on_gpu else [])


def pick_device(name: str = "auto") -> torch.device:
    """The device called ``name``; ``auto`` is cuda where there is one, and each process takes its own.

    Raises ValueError where there is no such device, or more processes than GPUs.

    >>> pick_device("cpu")
    device(type='cpu')
    """
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        name = "cuda" if gpus else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ValueError(
            f"device: {name!r} is not known; use auto, cpu, cuda or mps"
        ) from None
    missing = {"cuda": not gpus, "mps": not torch.backends.mps.is_available()}.get(
        device.type, device.type != "cpu"
    )
    if missing:
        raise ValueError(
            f"device: this machine has no {name!r} that PyTorch can use; use cpu"
        )
    if device.type != "cuda":
        return device
    index = int(os.environ.get("LOCAL_RANK", device.index or 0))
    if index >= gpus:
        raise ValueError(
            f"device: GPU number {index} is asked for, and this machine has {gpus}, from 0 on; "
            f"start {gpus} processes at most, or use cpu"
        )
    torch.cuda.set_device(index)
    return torch.device("cuda", index)


def out_of_memory(error: Exception) -> bool:
    """Whether a device had no room for a tensor.

    >>> out_of_memory(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"))
    True
    """
    # GPUs say the first, Linux the second and Windows the third.
    said = ("out of memory", "can't allocate memory", "not enough memory")
    return isinstance(error, MemoryError) or any(words in str(error) for words in said)


def memory_of(device: torch.device) -> int:
    """Bytes of memory of a GPU, or of the machine."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    if sys.platform == "win32":
        # MEMORYSTATUSEX: its own size in bytes, and in the next number the machine's.
        status = (ctypes.c_uint64 * 8)(64)
        ctypes.windll.kernel32.GlobalMemoryStatusEx(status)
        return status[1]
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
