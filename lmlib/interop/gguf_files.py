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
from lmlib.interop.gguf_head import ARCHITECTURES, field, gguf_config, read_gguf
from lmlib.interop.llama_layout import GGUF, assemble, their_tensors
from lmlib.interop.packages import needed
from lmlib.llama import Llama
from lmlib.modern import ModernConfig  # noqa: F401  for the example above


def load_gguf(path: str | Path, reader: Any = None) -> Llama:
    """The model in a GGUF file in single precision, ready for evaluation.

    ``reader`` is the file if it is open already. Raises ValueError as :func:`read_gguf` and
    :func:`gguf_config` do, and for numbers in a form that the library ``gguf`` cannot read.
    """
    gguf, where, reader = (
        needed("gguf"),
        f"path: {str(path)!r}",
        reader or read_gguf(path),
    )
    config = gguf_config(reader, where)
    stored = {tensor.name: tensor for tensor in reader.tensors}

    def read(name: str) -> Tensor:
        if name not in stored:
            raise ValueError(f"{where} lacks {name}; is the file whole?")
        tensor = stored[name]
        try:
            numbers = gguf.dequantize(tensor.data, tensor.tensor_type)
            # What is stored in single precision is still a part of the file.
            return torch.from_numpy(
                numbers if numbers.flags.writeable else numbers.copy()
            )
        except (NotImplementedError, ValueError) as error:
            raise ValueError(
                f"{where} stores {name} as {tensor.tensor_type.name}, which the library gguf cannot read "
                f"({error}); give a file of another quantisation, such as Q8_0"
            ) from error

    halves = ARCHITECTURES[field(reader, "general.architecture")]
    return assemble(config, read, GGUF, halves, where)


def save_gguf(model: Llama, path: str | Path) -> None:
    """Write a model in single precision, as llama.cpp reads it; it has no tokenizer.

    A file of that name is replaced in one move. Raises ValueError for biases that no architecture has.
    """
    gguf, path, c = needed("gguf"), Path(path), model.config
    kind = (
        "qwen2"
        if (c.qkv_bias, c.output_bias, c.ff_bias) == (True, False, False)
        else "llama"
    )
    writer = gguf.GGUFWriter(unfinished(path), kind)
    writer.add_block_count(c.n_layer)
    writer.add_context_length(c.block_size)
    writer.add_embedding_length(c.d_model)
    writer.add_feed_forward_length(c.d_ff)
    writer.add_head_count(c.n_head)
    writer.add_head_count_kv(c.n_kv_head)
    writer.add_key_length(c.d_head)
    writer.add_value_length(c.d_head)
    writer.add_rope_dimension_count(c.d_head)
    writer.add_rope_freq_base(c.rope_base)
    writer.add_layer_norm_rms_eps(c.norm_eps)
    writer.add_vocab_size(c.vocab_size)
    for name, tensor in their_tensors(model, GGUF, ARCHITECTURES[kind]).items():
        writer.add_tensor(name, tensor.float().contiguous().cpu().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    os.replace(unfinished(path), path)
