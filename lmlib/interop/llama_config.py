"""The ``config.json`` of a Llama or a Qwen2, to and from our configuration.

>>> content = description(ModernConfig(vocab_size=304))
>>> content["model_type"], config_of(content, "here").n_kv_head
('llama', 2)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lmlib.modern import BASE, ModernConfig

_NAMES = {
    "vocab_size": "vocab_size",
    "block_size": "max_position_embeddings",
    "n_layer": "num_hidden_layers",
    "n_head": "num_attention_heads",
    "d_model": "hidden_size",
    "d_ff": "intermediate_size",
    "n_kv_head": "num_key_value_heads",
    "d_head": "head_dim",
    "norm_eps": "rms_norm_eps",
    "rope_base": "rope_theta",
    "tied": "tie_word_embeddings",
    "ff_bias": "mlp_bias",
}
"""Our settings, and theirs."""
# What their configuration must say, for their formulas to be ours.
_SAME = {
    "model_type": ("llama", "qwen2"),
    "hidden_act": ("silu",),
    "rope_type": ("default",),
    "use_sliding_window": (None, False),
    "pretraining_tp": (None, 1),
    "quantization_config": (None,),  # whole numbers that stand for others
}


def config_of(theirs: Mapping[str, Any], where: str) -> ModernConfig:
    """Our configuration from the content of a ``config.json``.

    Raises ValueError for a setting that lmlib does not have, or a size that is missing or none.
    """
    try:
        return _config(theirs, where)
    except (TypeError, ZeroDivisionError) as error:  # a text for a number, or no heads
        raise ValueError(
            f"{where} does not say what a model is made of ({error}); give the folder of a whole model"
        ) from error


def _config(theirs: Mapping[str, Any], where: str) -> ModernConfig:
    given = _flat(theirs)
    for name, allowed in _SAME.items():
        if given.get(name) not in allowed:
            raise ValueError(
                f"{where} has {name} {given.get(name)!r}, and lmlib has "
                f"{' or '.join(map(repr, allowed))}; give a model with that setting"
            )
    try:
        settings = {ours: given[name] for ours, name in _NAMES.items()}
    except KeyError as error:
        raise ValueError(
            f"{where} lacks {error}; give the folder of a whole model"
        ) from None
    biased, qwen = given["attention_bias"], given["model_type"] == "qwen2"
    return ModernConfig(
        **settings, qkv_bias=qwen or biased, output_bias=biased and not qwen
    )


def _flat(theirs: Mapping[str, Any]) -> dict[str, Any]:
    """All settings beside each other, and what their makers mean where nothing is said."""
    given = {name: value for name, value in theirs.items() if value is not None}
    rope = {**given.get("rope_scaling", {}), **given.get("rope_parameters", {})}
    if "type" in rope:  # as it was called before
        rope["rope_type"] = rope.pop("type")
    heads, C = given.get("num_attention_heads", 1), given.get("hidden_size", 0)
    usual = {
        "num_key_value_heads": heads,
        "head_dim": C // heads,
        "rope_theta": BASE,
        "rope_type": "default",
        "rms_norm_eps": 1e-6,
        **dict.fromkeys(("tie_word_embeddings", "attention_bias", "mlp_bias"), False),
    }
    return {**usual, **given, **rope}


def description(c: ModernConfig) -> dict[str, Any]:
    """The content of ``config.json``. Raises ValueError for biases that no such model has."""
    qwen = (c.qkv_bias, c.output_bias, c.ff_bias) == (True, False, False)
    if not qwen and c.qkv_bias != c.output_bias:
        raise ValueError(
            f"model: qkv_bias is {c.qkv_bias} and output_bias {c.output_bias}; Llama has both or neither, "
            "and Qwen2, without ff_bias, the first alone"
        )
    return {
        "architectures": ["Qwen2ForCausalLM" if qwen else "LlamaForCausalLM"],
        "model_type": "qwen2" if qwen else "llama",
        "hidden_act": "silu",
        "attention_bias": c.qkv_bias,
        "use_sliding_window": False,
        **{theirs: getattr(c, ours) for ours, theirs in _NAMES.items()},
    }
