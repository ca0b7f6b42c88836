"""A whole GPT made smaller, in memory and on disk: matrices in few bits, or with most weights left out.

>>> import tempfile
>>> folder, model = Path(tempfile.mkdtemp()), GPT(Config(vocab_size=304))
>>> save_quantised(model, folder / "4 bits", bits=4)
>>> save_pruned(pruned(model, magnitude_masks(model, keep=0.25)), folder / "a quarter")
>>> [(folder / name).stat().st_size // 1000 for name in ("4 bits", "a quarter")]
[80, 150]
"""

from __future__ import annotations

import copy
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lmlib.blocks import Config
from lmlib.checkpoints import as_json, fill, load_tensors, save_tensors
from lmlib.integrity import check_kind
from lmlib.modules import AnyModule, named_tensors
from lmlib.pruning import largest, magnitude_masks, matrices, pruned  # noqa: F401
from lmlib.quantisation import Quantised, Shared, middle, pack, quantise, unpack
from lmlib.transformer import GPT


@torch.no_grad()
def quantised(
    model: AnyModule, bits: int, shared: Shared = 32, lowest: bool = False
) -> AnyModule:
    """A copy whose tables and matrices hold what is left of them in so many bits, in single precision.

    Biases and norms stay as they are. Raises ValueError as :func:`lmlib.quantisation.quantise` does.
    """
    small = copy.deepcopy(model)
    for p in matrices(small).values():
        p.copy_(quantise(p, bits, shared, lowest).numbers())
    return small


@torch.no_grad()
def without_neurons(model: GPT, keep: float, by_lot: int | None = None) -> GPT:
    """A copy with smaller feed-forward networks: a share ``keep`` of the numbers inside of each stays.

    Those that read and write the least go, by the product of the lengths of what they read with and write;
    with ``by_lot``, a seed, they are drawn. Raises ValueError as :func:`lmlib.pruning.largest` does.
    """
    small = copy.deepcopy(model)
    lots = None if by_lot is None else torch.Generator().manual_seed(by_lot)
    for block in small.decoder.blocks:
        inside: Any = block.feed_forward
        up, down = inside.up, inside.down
        size = up.weight.norm(dim=1) * down.weight.norm(dim=0)
        stays = largest(
            size if lots is None else torch.rand(len(size), generator=lots), keep
        )
        up.weight, up.bias = (
            nn.Parameter(up.weight[stays]),
            nn.Parameter(up.bias[stays]),
        )
        down.weight = nn.Parameter(down.weight[:, stays])
    return small


def save_quantised(
    model: GPT, path: str | Path, bits: int, shared: Shared = 32, lowest: bool = False
) -> None:
    """Write a GPT with its matrices in so many bits, packed. Raises ValueError as :func:`quantised` does."""
    tensors: dict[str, Tensor] = {}
    for name, tensor in _parts(model).items():
        if tensor.dim() == 2:
            small = quantise(tensor, bits, shared, lowest)
            tensors |= {f"{name}:codes": small.packed(), f"{name}:scale": small.scale}
            if small.lowest is not None:
                tensors[f"{name}:lowest"] = small.lowest
        else:
            tensors[name] = tensor
    _save(path, model, tensors, bits)


def load_quantised(path: str | Path) -> GPT:
    """The GPT that :func:`save_quantised` wrote, in single precision. Raises ValueError for any other file."""
    model, tensors, bits = _load(path)
    for name, p in matrices(model).items():
        if f"{name}:codes" in tensors:
            packed, scale = tensors.pop(f"{name}:codes"), tensors.pop(f"{name}:scale")
            lowest = tensors.pop(f"{name}:lowest", None)
            codes = unpack(packed, bits, p.numel()).view(p.shape).to(torch.int16)
            around = codes - middle(bits) if lowest is None else codes
            tensors[name] = Quantised(around, scale, lowest, bits).numbers()
    fill(model, tensors, f"path: {str(path)!r}")
    return model.eval()


def save_pruned(model: GPT, path: str | Path) -> None:
    """Write a GPT without the zeros of its matrices: a bit for each weight, and those that are not 0."""
    tensors: dict[str, Tensor] = {}
    for name, tensor in _parts(model).items():
        if tensor.dim() == 2:
            stays = tensor != 0
            tensors |= {f"{name}:stays": pack(stays, 1), f"{name}:kept": tensor[stays]}
        else:
            tensors[name] = tensor
    _save(path, model, tensors, 1)


def load_pruned(path: str | Path) -> GPT:
    """The GPT that :func:`save_pruned` wrote, with its zeros. Raises ValueError for any other file."""
    model, tensors, _ = _load(path)
    for name, p in matrices(model).items():
        if f"{name}:stays" in tensors:
            stays = unpack(tensors.pop(f"{name}:stays"), 1, p.numel()).bool()
            whole = torch.zeros(p.shape)
            whole[stays.view(p.shape)] = tensors.pop(f"{name}:kept")
            tensors[name] = whole
    fill(model, tensors, f"path: {str(path)!r}")
    return model.eval()


def _parts(model: GPT) -> dict[str, Tensor]:
    check_kind("model", model, GPT)
    return named_tensors(model)


def _save(path: str | Path, model: GPT, tensors: dict[str, Tensor], bits: int) -> None:
    about = {"bits": str(bits), "config": as_json(asdict(model.config))}
    save_tensors(path, tensors, about)


def _load(path: str | Path) -> tuple[GPT, dict[str, Tensor], int]:
    """A GPT with numbers that do not count yet, the tensors of a file, and its bits."""
    tensors, about = load_tensors(path)
    if about.keys() != {"bits", "config"}:
        raise ValueError(
            f"path: {str(path)!r} holds no smaller GPT; use one written by save_quantised or save_pruned"
        )
    return GPT(Config(**json.loads(about["config"]))), tensors, int(about["bits"])
