"""The ``config.json`` of a Llama or a Qwen2, to and from our configuration.

>>> content = description(ModernConfig(vocab_size=304))
>>> content["model_type"], config_of(content, "here").n_kv_head
('llama', 2)
"""

from __future__ import annotations

from typing import Any

from lmlib.modern import BASE, ModernConfig

# What their configuration must say, for their formulas to be ours.
_SAME = {
    "model_type": ("llama", "qwen2"),
    "hidden_act": ("silu",),
    "rope_scaling": (None,),
    "use_sliding_window": (None, False),
    "pretraining_tp": (None, 1),
}


def config_of(theirs: dict[str, Any], where: str) -> ModernConfig:
    """Our configuration from the content of a ``config.json``.

    Raises ValueError for a setting that lmlib does not have, or a size that is missing.
    """
    rope = theirs.get("rope_parameters") or {}
    kinds = {**theirs, "rope_scaling": theirs.get("rope_scaling")}
    if rope.get("rope_type", "default") != "default":
        kinds["rope_scaling"] = rope
    for name, allowed in _SAME.items():
        if kinds.get(name) not in allowed:
            raise ValueError(
                f"{where} has {name} {kinds.get(name)!r}, and lmlib has "
                f"{' or '.join(map(repr, allowed))}; give a model with that setting"
            )
    qwen = theirs["model_type"] == "qwen2"
    try:
        heads, C = theirs["num_attention_heads"], theirs["hidden_size"]
        return ModernConfig(
            theirs["vocab_size"],
            theirs["max_position_embeddings"],
            theirs["num_hidden_layers"],
            heads,
            theirs.get("num_key_value_heads") or heads,
            C,
            theirs.get("head_dim") or C // heads,
            theirs["intermediate_size"],
            rope.get("rope_theta") or theirs.get("rope_theta") or BASE,
            theirs.get("rms_norm_eps", 1e-6),
            theirs.get("tie_word_embeddings", False),
            qwen or theirs.get("attention_bias", False),
            not qwen and theirs.get("attention_bias", False),
            theirs.get("mlp_bias", False),
        )
    except KeyError as error:
        raise ValueError(
            f"{where} lacks {error}; give the folder of a whole model"
        ) from None


def description(c: ModernConfig) -> dict[str, Any]:
    """The content of ``config.json``. Raises ValueError for biases that no such model has."""
    biases = (c.qkv_bias, c.output_bias, c.ff_bias)
    if (not c.qkv_bias and c.output_bias) or (
        c.qkv_bias and not c.output_bias and c.ff_bias
    ):
        raise ValueError(
            f"model: biases {biases} are those of no model; Llama has qkv_bias and output_bias alike, "
            "and Qwen2 has only the first"
        )
    qwen = biases == (True, False, False)
    return {
        "architectures": ["Qwen2ForCausalLM" if qwen else "LlamaForCausalLM"],
        "model_type": "qwen2" if qwen else "llama",
        "vocab_size": c.vocab_size,
        "max_position_embeddings": c.block_size,
        "num_hidden_layers": c.n_layer,
        "num_attention_heads": c.n_head,
        "num_key_value_heads": c.n_kv_head,
        "hidden_size": c.d_model,
        "head_dim": c.d_head,
        "intermediate_size": c.d_ff,
        "hidden_act": "silu",
        "rope_theta": c.rope_base,
        "rms_norm_eps": c.norm_eps,
        "tie_word_embeddings": c.tied,
        "attention_bias": c.qkv_bias,
        "mlp_bias": c.ff_bias,
        "use_sliding_window": False,
    }
