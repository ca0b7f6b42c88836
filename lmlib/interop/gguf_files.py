"""GGUF, the format of llama.cpp: a model in one file, its numbers often of four or eight bits.

Needs the optional package: ``pip install "how-language-models-work[real]"``.

>>> import tempfile
>>> path = Path(tempfile.mkdtemp()) / "model.gguf"
>>> model = Llama(ModernConfig(vocab_size=304))
>>> save_gguf(model, path)
>>> load_gguf(path).config == model.config
True
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lmlib.files import unfinished
from lmlib.interop.gguf_head import (
    ARCHITECTURES,
    FLOATS,
    SIZES,
    field,
    gguf_config,
    read_gguf,
)
from lmlib.interop.llama_layout import GGUF, assemble, their_tensors
from lmlib.interop.packages import needed
from lmlib.llama import Llama
from lmlib.modern import ModernConfig  # noqa: F401  for the example above


def load_gguf(path: str | Path, reader: Any = None) -> Llama:
    """The model in a GGUF file in single precision, ready for evaluation.

    ``reader`` is the file if it is open already. Raises ValueError as :func:`read_gguf` and
    :func:`gguf_config` do, and for numbers in a form that the library ``gguf`` cannot read.
    """
    where, reader = f"path: {str(path)!r}", reader or read_gguf(path)
    config = gguf_config(reader, where)
    stored = {tensor.name: tensor for tensor in reader.tensors}

    def read(name: str) -> Tensor:
        if name not in stored:
            raise ValueError(f"{where} lacks {name}; is the file whole?")
        return _numbers(stored[name], where)

    halves = ARCHITECTURES[field(reader, "general.architecture")]
    return assemble(config, read, GGUF, halves, where)


def _numbers(tensor: Any, where: str) -> Tensor:
    """A tensor of a file in single precision."""
    try:
        numbers = needed("gguf").dequantize(tensor.data, tensor.tensor_type)
    except (NotImplementedError, ValueError) as error:
        raise ValueError(
            f"{where} stores {tensor.name} as {tensor.tensor_type.name}, which the library gguf cannot "
            f"read ({error}); give a file of another quantisation, such as Q8_0"
        ) from error
    # What is stored in single precision is still a part of the file.
    return torch.from_numpy(numbers if numbers.flags.writeable else numbers.copy())


def save_gguf(model: Llama, path: str | Path) -> None:
    """Write a model in single precision, as llama.cpp reads it; it has no tokenizer.

    A file of that name is replaced in one move.
    """
    gguf, path, c = needed("gguf"), Path(path), model.config
    qwen = (c.qkv_bias, c.output_bias, c.ff_bias) == (True, False, False)
    kind = "qwen2" if qwen else "llama"
    writer = gguf.GGUFWriter(unfinished(path), kind)
    for ours, name in SIZES.items():
        # Not by the value, which may be 10000 in place of 10000.0.
        add = writer.add_float32 if ours in FLOATS else writer.add_uint32
        add(f"{kind}.{name}", getattr(c, ours))
    writer.add_value_length(c.d_head)
    writer.add_rope_dimension_count(c.d_head)
    for name, tensor in their_tensors(model, GGUF, ARCHITECTURES[kind]).items():
        writer.add_tensor(name, tensor.float().contiguous().cpu().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    os.replace(unfinished(path), path)
