"""Where the numbers are: a model decides on which device it is asked, and what it is given goes there.

>>> from lmlib.transformer import GPT, Config
>>> device_of(GPT(Config(vocab_size=304)))
device(type='cpu')
"""

from __future__ import annotations

from contextlib import AbstractContextManager

import torch
from torch import nn

from lmlib.batches import Pair


def device_of(model: object) -> torch.device | None:
    """The device of a model's parameters; None for a model without any, such as an n-gram.

    None leaves a tensor where it is: ``tokens.to(device_of(model))`` fits every model of the book.
    """
    first = next(model.parameters(), None) if isinstance(model, nn.Module) else None
    return None if first is None else first.device


def move(pair: Pair, device: torch.device | None) -> Pair:
    """What a model is given and asked, on ``device``.

    >>> inputs, targets = move((torch.zeros(1, 2), torch.ones(1, 2)), torch.device("meta"))
    >>> inputs.device, targets.device
    (device(type='meta'), device(type='meta'))
    """
    inputs, targets = pair
    if isinstance(inputs, tuple):
        return tuple(part.to(device) for part in inputs), targets.to(device)
    return inputs.to(device), targets.to(device)


def own_randomness(device: torch.device | None) -> AbstractContextManager[None]:
    """Inside, seeds may be set; outside, the global generators of processor and ``device`` are as before."""
    on_gpu = device is not None and device.type == "cuda"
    return torch.random.fork_rng(devices=[device] if on_gpu else [])
