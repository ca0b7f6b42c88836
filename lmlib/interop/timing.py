"""How fast a device calculates, by trying it: rates, and works that are timed in turn.

>>> seconds = medians({"less": lambda: sum(range(10)), "more": lambda: sum(range(10**5))}, rounds=5)
>>> seconds["less"] < seconds["more"]
True
"""

from __future__ import annotations

import shutil
import statistics
import sysconfig
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

CPU = torch.device("cpu")
Work = Callable[[], object]


def has_bfloat16(device: torch.device) -> bool:
    """Whether a GPU itself multiplies bfloat16 numbers, as NVIDIA's do since 2020; others only imitate it.

    >>> has_bfloat16(CPU)  # only GPUs are asked
    False
    """
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)


def can_compile() -> bool:
    """Whether ``torch.compile`` finds what it needs besides PyTorch: a C and a C++ compiler, and Python's headers."""
    header = Path(sysconfig.get_path("include")) / "Python.h"
    return all(map(shutil.which, ("cc", "c++"))) and header.exists()


def finish(device: torch.device) -> None:
    """Wait until all is done: a GPU is given its orders, and Python goes on at once."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def seconds(work: Work, device: torch.device = CPU) -> float:
    """Seconds of one work, from a device at rest to a device at rest."""
    finish(device)
    start = time.perf_counter()
    work()
    finish(device)
    return time.perf_counter() - start


def medians(
    works: Mapping[str, Work], rounds: int, device: torch.device = CPU, warm_up: int = 1
) -> dict[str, float]:
    """Median seconds of each work. They take turns, so that a busy or hot machine slows all alike.

    The first ``warm_up`` rounds do not count. Raises ValueError for less than one round.
    """
    if rounds < 1:
        raise ValueError(f"rounds: {rounds} measures nothing; use 1 or more")
    times = [
        [seconds(work, device) for work in works.values()]
        for _ in range(warm_up + rounds)
    ]
    columns = zip(*times[warm_up:], strict=True)
    return dict(zip(works, map(statistics.median, columns), strict=True))


def peak_memory(work: Work, device: torch.device) -> float | None:
    """Bytes that a work took at its peak, on top of what was taken before; None where a device does not count."""
    if device.type != "cuda":
        work()
        return None
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    work()
    return torch.cuda.max_memory_allocated(device) - before


def matrix_rate(
    device: torch.device = CPU,
    dtype: torch.dtype = torch.float32,
    size: int | None = None,
    repeats: int = 20,
) -> float:
    """FLOP/s of a product of two square matrices, at its best; large ones on a GPU, which small ones leave idle."""
    size = size or (8192 if device.type == "cuda" else 1024)
    a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    return 2 * size**3 / min(seconds(lambda: a @ b, device) for _ in range(repeats))


def copy_rate(
    device: torch.device = CPU, size: int = 2**27, repeats: int = 20
) -> float:
    """Bytes/s that go through memory at its best, while ``size`` bytes are copied: each is read and written."""
    a, b = (torch.ones(size, dtype=torch.uint8, device=device) for _ in range(2))
    return 2 * size / min(seconds(lambda: b.copy_(a), device) for _ in range(repeats))
