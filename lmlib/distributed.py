"""One run on several processes, on one machine or many: each works on its share of every batch.

``torchrun`` starts the processes and says in the environment which one each is. Without it there
is one process, and everything here costs nothing.

>>> import torch
>>> rank(), size(), share((torch.zeros(3, 5), torch.ones(3, 5)))[0].shape
(0, 1, torch.Size([3, 5]))
"""

from __future__ import annotations

import datetime
import os
from typing import Any

import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

PATIENCE = datetime.timedelta(hours=12)
"""How long a process waits for another, which may be reading a large text; a lost one is noticed at once."""


def join(backend: str) -> None:
    """Meet the other processes of ``torchrun``: ``gloo`` on CPUs, ``nccl`` on GPUs.

    Does nothing where there are no others.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not _together():
        dist.init_process_group(backend, timeout=PATIENCE)


def leave() -> None:
    """Say goodbye to the other processes, at the end of a run."""
    if _together():
        dist.destroy_process_group()


def _together() -> bool:
    return dist.is_available() and dist.is_initialized()


def rank() -> int:
    """Which process this is: 0 … size − 1. The first one prints and writes files."""
    return dist.get_rank() if _together() else 0


def size() -> int:
    """How many processes there are."""
    return dist.get_world_size() if _together() else 1


def share(batch: tuple[Any, Tensor]) -> tuple[Any, Tensor]:
    """The rows of a batch that are this process's; where they cannot be equal, some have one more.

    Raises ValueError where there are fewer rows than processes.
    """
    rows = len(batch[1])
    if rows < size():
        raise ValueError(
            f"batch_size: {rows} texts are too few for {size()} processes; use {size()} or more"
        )
    return _rows(batch, slice(rank() * rows // size(), (rank() + 1) * rows // size()))


def _rows(batch: Any, own: slice) -> Any:
    return (
        tuple(_rows(part, own) for part in batch)
        if isinstance(batch, tuple)
        else batch[own]
    )


def distribute(model: nn.Module) -> nn.Module:
    """Let all processes take the mean of their gradients, while they are still being computed.

    Li et al. (2020). All begin with the numbers of the first process.
    """
    return model if size() == 1 else DistributedDataParallel(model)


def mean(x: Tensor) -> Tensor:
    """The mean over all processes, the same in each."""
    if size() == 1:
        return x
    total = x.clone()
    dist.all_reduce(total)
    return total / size()


def wait() -> None:
    """Go on when all processes have come here."""
    if size() > 1:
        dist.barrier()


def check_same(name: str, value: int) -> None:
    """Raise ValueError in every process where not all have read the same ``value`` from their disks."""
    if size() == 1:
        return
    values: list[int] = [0] * size()
    dist.all_gather_object(values, value)
    if len({*values}) > 1:
        raise ValueError(
            f"{name}: the processes see different ones ({', '.join(map(str, values))}); "
            "put the run on a disk that all machines share"
        )
