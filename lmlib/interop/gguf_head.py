"""The head of a GGUF file, which says what model it holds.

>>> read_gguf("model.gguf")
Traceback (most recent call last):
ValueError: path: there is no file 'model.gguf'; check the name
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lmlib.interop.packages import needed
from lmlib.modern import BASE, ModernConfig

# Whether number i of a head turns with number i + D/2, as their makers store it.
ARCHITECTURES = {"llama": False, "qwen2": True}
SIZES = {
    "block_size": "context_length",
    "n_layer": "block_count",
    "n_head": "attention.head_count",
    "n_kv_head": "attention.head_count_kv",
    "d_model": "embedding_length",
    "d_head": "attention.key_length",
    "d_ff": "feed_forward_length",
    "rope_base": "rope.freq_base",
    "norm_eps": "attention.layer_norm_rms_epsilon",
}
"""Our settings, and the fields that hold them behind the name of the architecture."""
FLOATS = ("rope_base", "norm_eps")


def read_gguf(path: str | Path) -> Any:
    """A ``gguf.GGUFReader``. Raises ValueError for a file that is missing, cut short or another kind."""
    gguf, path = needed("gguf"), Path(path)
    if not path.is_file():
        raise ValueError(f"path: there is no file {str(path)!r}; check the name")
    try:
        return gguf.GGUFReader(path)
    except (
        Exception
    ) as error:  # whatever a reader meets in bytes that are none of its own
        raise ValueError(
            f"path: {str(path)!r} is no whole GGUF file ({error}); copy or download it again"
        ) from error


def field(reader: Any, name: str, default: Any = None) -> Any:
    """A value of a GGUF file's head by its name."""
    found = reader.get_field(name)
    return default if found is None else found.contents()


def gguf_config(reader: Any, where: str) -> ModernConfig:
    """The configuration of the model in a GGUF file.

    Raises ValueError for an architecture, or a way of stretching positions, that is not the book's.
    """
    kind = field(reader, "general.architecture")
    if kind not in ARCHITECTURES:
        raise ValueError(
            f"{where} holds a model of architecture {kind!r}; give one of {' or '.join(ARCHITECTURES)}"
        )
    names = {tensor.name for tensor in reader.tensors}
    scaling = field(reader, f"{kind}.rope.scaling.type", "none")
    if scaling != "none" or "rope_freqs.weight" in names:
        raise ValueError(
            f"{where} stretches its positions ({scaling!r}, for long texts), and lmlib does not; "
            "give a model without it"
        )
    try:
        return _config(reader, kind, names)
    except (KeyError, TypeError, StopIteration, ZeroDivisionError) as error:
        raise ValueError(
            f"{where} does not say what a model of {kind!r} is made of ({error!r}); give a file that "
            "llama.cpp reads"
        ) from error


def _config(reader: Any, kind: str, names: set[str]) -> ModernConfig:
    found = {ours: field(reader, f"{kind}.{name}") for ours, name in SIZES.items()}
    usual = {
        "n_kv_head": found["n_head"],
        "d_head": found["d_model"] // found["n_head"],
        "rope_base": BASE,
    }
    sizes = {name: usual[name] if v is None else v for name, v in found.items()}
    # 1e-5 in single precision is 9.99999974e-06.
    sizes["norm_eps"] = float(f"{sizes['norm_eps']:.6g}")
    table = next(t for t in reader.tensors if t.name == "token_embd.weight")
    return ModernConfig(
        vocab_size=int(table.shape[1]),  # theirs are the other way round
        tied="output.weight" not in names,
        qkv_bias="blk.0.attn_q.bias" in names,
        output_bias="blk.0.attn_output.bias" in names,
        ff_bias="blk.0.ffn_up.bias" in names,
        **sizes,
    )
