"""Models in files, and those that ship with the book.

>>> import tempfile
>>> path = Path(tempfile.mkdtemp()) / "gpt.safetensors"
>>> model = GPT(Config(vocab_size=304))
>>> save_model(model, path)
>>> load_model(path).config == model.config
True
"""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial, reduce
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lmlib.blocks import Config
from lmlib.checkpoints import as_json, fill, load_tensors, save_tensors
from lmlib.files import DATA
from lmlib.integrity import check_kind, check_unchanged
from lmlib.llama import Llama
from lmlib.modern import ModernConfig
from lmlib.modules import named_tensors, unwrap
from lmlib.transformer import BERT, GPT
from lmlib.translation import EncoderDecoder

Model = GPT | BERT | EncoderDecoder | Llama
_KINDS: dict[str, Any] = {
    "GPT": GPT,
    "BERT": BERT,
    "EncoderDecoder": EncoderDecoder,
    "Llama": Llama,
}


def save_model(model: nn.Module, path: str | Path) -> None:
    """Write the weights and the configuration of a :data:`Model` into one file.

    Compiled, or in data parallelism, it is saved as the model that it is. Raises ValueError for one
    that :func:`load_model` could not make again.
    """
    own = unwrap(model)
    check_kind("model", own, *_KINDS.values())
    kind = type(own).__name__
    check_kind("model.config", own.config, _config_class(kind))
    check_unchanged("model", own, partial(_KINDS[kind], own.config))
    metadata = {"kind": kind, "config": as_json(asdict(own.config))}
    save_tensors(path, named_tensors(own), metadata)


def _config_class(kind: str) -> type[Any]:
    return ModernConfig if kind == "Llama" else Config


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
        config = _config_class(metadata["kind"])(**json.loads(metadata["config"]))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"path: {str(path)!r} holds a configuration that this version cannot read ({error}); "
            "save it again with save_model"
        ) from error
    dtypes = {t.dtype for t in tensors.values() if t.is_floating_point()} or {
        torch.float32
    }
    dtype = reduce(torch.promote_types, dtypes)
    model = _KINDS[metadata["kind"]](config).to(dtype)
    same = {name: tensor.to(dtype) for name, tensor in tensors.items()}
    fill(model, same, f"path: {str(path)!r}")
    return model.eval()


def load_book_gpt() -> GPT:
    """The GPT that the chapter on pre-training trains on the stories, as stored with the package.

    Its weights are the same on every CPU, and so is what it says.
    """
    model = load_model(DATA / "gpt.safetensors")
    assert isinstance(model, GPT)
    return model


def load_shuffled_gpt() -> GPT:
    """A control: the same GPT, trained in the same way on stories with their words in random order."""
    model = load_model(DATA / "gpt_shuffled.safetensors")
    assert isinstance(model, GPT)
    return model


def load_bert() -> BERT:
    """The BERT of the chapter on pre-training; its mask is the token after the last one of the stories."""
    model = load_model(DATA / "bert.safetensors")
    assert isinstance(model, BERT)
    return model
