"""A folder as Transformers keeps a Llama: ``model.safetensors`` beside ``config.json``.

>>> import tempfile
>>> folder = Path(tempfile.mkdtemp())
>>> save_llama(Llama(ModernConfig(vocab_size=304)), folder)
>>> load_llama(folder).config.n_kv_head
2
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from lmlib.checkpoints import save_tensors
from lmlib.files import read_text, write_whole
from lmlib.interop.llama_config import config_of, description
from lmlib.interop.llama_layout import HUGGING_FACE, assemble, their_tensors
from lmlib.llama import Llama
from lmlib.modern import ModernConfig  # noqa: F401  for the example above

WEIGHTS, CONFIG = "model.safetensors", "config.json"


def load_llama(folder: str | Path) -> Llama:
    """The model in a folder, ready for evaluation, in the precision that it is stored in.

    Raises ValueError where a file is missing, damaged, or of a model that computes otherwise.
    """
    folder = Path(folder)
    config = config_of(read_json(folder / CONFIG), f"path: {str(folder / CONFIG)!r}")
    where = f"path: {str(folder)!r}"
    found = {
        name: file
        for file in sorted(folder.glob("model*.safetensors"))
        for name in _names(file)
    }
    if not found:
        raise ValueError(f"{where} holds no {WEIGHTS}; give the folder of a model")

    def read(name: str) -> Tensor:
        if name not in found:
            raise ValueError(f"{where} lacks {name}; are all its files there?")
        # Opened for each: what was read of a file counts as memory in use until it is closed.
        with safe_open(found[name], framework="pt") as tensors:
            return tensors.get_tensor(name)

    return assemble(config, read, HUGGING_FACE, True, where)


def _names(file: Path) -> list[str]:
    """The tensors in a file. Raises ValueError where it is damaged."""
    try:
        with safe_open(file, framework="pt") as tensors:
            return list(tensors.keys())
    except (SafetensorError, OSError) as error:
        raise ValueError(
            f"path: {str(file)!r} is no whole safetensors file ({error}); copy or save it again"
        ) from error


def save_llama(model: Llama, folder: str | Path, **more: Any) -> None:
    """Write a model into a folder, which ``AutoModelForCausalLM.from_pretrained`` reads as well.

    ``more`` goes into its configuration, such as ``eos_token_id``. Raises ValueError for biases that
    no such model has.
    """
    folder, content = Path(folder), description(model.config)
    dtype = str(model.embed.weight.dtype).removeprefix("torch.")
    save_tensors(
        folder / WEIGHTS, their_tensors(model, HUGGING_FACE, True), {"format": "pt"}
    )
    write_whole(
        folder / CONFIG, json.dumps({**content, "dtype": dtype, **more}, indent=1)
    )


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises ValueError where there is none."""
    try:
        content = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise ValueError(
            f"path: {str(path)!r} is not JSON ({error}); give a file that is"
        ) from None
    if not isinstance(content, dict):
        raise ValueError(
            f"path: {str(path)!r} holds no JSON object; give a model's configuration"
        )
    return content
