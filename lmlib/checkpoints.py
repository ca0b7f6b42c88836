"""Models and training runs in files: safetensors, written whole or not at all, and never unpickled.

>>> import tempfile
>>> path = Path(tempfile.mkdtemp()) / "gpt.safetensors"
>>> model = GPT(Config(vocab_size=304))
>>> save_model(model, path)
>>> load_model(path).config == model.config
True
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial, reduce
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from lmlib.modules import named_tensors, unwrap
from lmlib.structure import check_kind, check_unchanged
from lmlib.transformer import BERT, GPT, Config, EncoderDecoder

Model = GPT | BERT | EncoderDecoder
_KINDS: dict[str, type[Model]] = {
    "GPT": GPT,
    "BERT": BERT,
    "EncoderDecoder": EncoderDecoder,
}


def save_tensors(
    path: str | Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]
) -> None:
    """Write named tensors and some text about them; a file of that name is replaced in one move.

    So a run that is killed while it writes leaves the old file as it was. Raises OSError where it
    cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    whole: dict[str, Tensor] = {}
    stored: set[int] = set()
    for name, tensor in tensors.items():
        whole[name] = tensor.detach().cpu().contiguous()
        place = whole[name].untyped_storage().data_ptr()
        if place in stored:  # the format wants a copy for each name
            whole[name] = whole[name].clone()
        stored.add(place)
    try:
        save_file(whole, unfinished, dict(metadata))
    except SafetensorError as error:  # which is no OSError, even where the disk is full
        raise OSError(f"cannot write {str(unfinished)!r} ({error})") from error
    os.replace(unfinished, path)


def load_tensors(path: str | Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read what :func:`save_tensors` wrote. Raises ValueError for a file that is missing, cut short or another kind."""
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
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


def save_model(model: nn.Module, path: str | Path) -> None:
    """Write the weights and the configuration of a :data:`Model` into one file.

    Compiled, or in data parallelism, it is saved as the model that it is. Raises ValueError for one
    that :func:`load_model` could not make again.
    """
    own = unwrap(model)
    check_kind("model", own, *_KINDS.values())
    check_kind("model.config", own.config, Config)
    kind = type(own).__name__
    check_unchanged("model", own, partial(_KINDS[kind], own.config))
    metadata = {"kind": kind, "config": as_json(asdict(own.config))}
    save_tensors(path, named_tensors(own), metadata)


def load_model(path: str | Path) -> Model:
    """Read a model that :func:`save_model` wrote, ready for evaluation, in the precision that it had.

    Raises ValueError where the file is no model of the book, or damaged.
    """
    tensors, metadata = load_tensors(path)
    if metadata.get("kind") not in _KINDS or "config" not in metadata:
        raise ValueError(
            f"path: {str(path)!r} holds no model of this book; use one written by save_model"
        )
    try:
        config = Config(**json.loads(metadata["config"]))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"path: {str(path)!r} holds a configuration that this version cannot read ({error}); "
            "save it again with save_model"
        ) from error
    dtypes = {t.dtype for t in tensors.values() if t.is_floating_point()} or {torch.float32}
    dtype = reduce(torch.promote_types, dtypes)
    model = _KINDS[metadata["kind"]](config).to(dtype)
    same = {name: tensor.to(dtype) for name, tensor in tensors.items()}
    fill(model, same, f"path: {str(path)!r}")
    return model.eval()


def load_book_gpt() -> GPT:
    """The GPT that the chapter on pre-training trains on the stories, as stored with the package.

    Its weights are the same on every processor, and so is what it says.
    """
    model = load_model(Path(__file__).parent / "data" / "gpt.safetensors")
    assert isinstance(model, GPT)
    return model


def load_shuffled_gpt() -> GPT:
    """A control: the same GPT, trained in the same way on stories with their words in random order."""
    model = load_model(Path(__file__).parent / "data" / "gpt_shuffled.safetensors")
    assert isinstance(model, GPT)
    return model


def load_bert() -> BERT:
    """The BERT of the chapter on pre-training; its mask is the token after the last one of the stories."""
    model = load_model(Path(__file__).parent / "data" / "bert.safetensors")
    assert isinstance(model, BERT)
    return model
