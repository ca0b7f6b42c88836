"""Named tensors in files: safetensors, written whole or not at all, and never unpickled.

>>> import tempfile
>>> path = Path(tempfile.mkdtemp()) / "layer.safetensors"
>>> layer = nn.Linear(3, 2)
>>> save_tensors(path, layer.state_dict(), {"made of": "chance"})
>>> tensors, metadata = load_tensors(path)
>>> fill(layer, tensors, where=f"path: {str(path)!r}")
>>> sorted(tensors), metadata
(['bias', 'weight'], {'made of': 'chance'})
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from lmlib.files import unfinished
from lmlib.modules import named_tensors


def save_tensors(
    path: str | Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]
) -> None:
    """Write named tensors and some text about them; a file of that name is replaced in one move.

    So a run that is killed while it writes leaves the old file as it was. Raises OSError where it
    cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    whole: dict[str, Tensor] = {}
    stored: set[int] = set()
    for name, tensor in tensors.items():
        whole[name] = tensor.detach().cpu().contiguous()
        address = whole[name].untyped_storage().data_ptr()
        if address in stored:  # the format wants a copy for each name
            whole[name] = whole[name].clone()
        stored.add(address)
    try:
        save_file(whole, unfinished(path), dict(metadata))
    except SafetensorError as error:  # which is no OSError, even where the disk is full
        raise OSError(f"cannot write {str(unfinished(path))!r} ({error})") from error
    os.replace(unfinished(path), path)


def load_tensors(path: str | Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read what :func:`save_tensors` wrote. Raises ValueError for a file that is missing, cut short or another kind."""
    try:
        with safe_open(path, framework="pt") as file:
            # Copies: a file whose bytes are still in use cannot be replaced on Windows.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
            return tensors, file.metadata() or {}
    except FileNotFoundError as error:
        raise ValueError(
            f"path: there is no file {str(path)!r}; check the name, or train first"
        ) from error
    except (SafetensorError, OSError) as error:
        raise ValueError(
            f"path: {str(path)!r} is no whole safetensors file ({error}); copy or save it again"
        ) from error


def as_json(value: object) -> str:
    """JSON, where NumPy's and PyTorch's numbers are numbers like any other.

    >>> as_json({"loss": torch.tensor(0.5)})
    '{"loss": 0.5}'
    """
    return json.dumps(value, default=lambda number: number.item())


def check_fit(model: nn.Module, tensors: Mapping[str, Tensor], where: str) -> None:
    """Raise ValueError that names the first of ``tensors`` that does not fit into a model."""
    own = named_tensors(model)
    for name in [*own, *tensors]:
        have, need = tensors.get(name), own.get(name)
        if have is None or need is None or have.shape != need.shape:
            raise ValueError(
                f"{where}: {name} is {'missing' if have is None else tuple(have.shape)}, but the model "
                f"{'has no such part' if need is None else f'needs {tuple(need.shape)}'}; "
                "was it saved from a model of another configuration?"
            )
        if have.dtype != need.dtype:
            raise ValueError(
                f"{where}: {name} is {have.dtype}, but the model needs {need.dtype}; "
                f"call .to({have.dtype}) on the model first"
            )


@torch.no_grad()
def fill(model: nn.Module, tensors: Mapping[str, Tensor], where: str) -> None:
    """Copy ``tensors`` into a model. Raises ValueError as :func:`check_fit` does, and changes nothing then."""
    check_fit(model, tensors, where)
    for name, tensor in named_tensors(model).items():
        tensor.copy_(tensors[name])
