"""The book's GPT is GPT-2: its weights in Transformers' GPT2LMHeadModel, and theirs in ours.

Radford et al. (2019). Needs the optional package: ``pip install "how-language-models-work[transformers]"``.

>>> peer = to_gpt2(GPT(Config(vocab_size=304)))
>>> peer(torch.zeros(1, 5, dtype=torch.long)).logits.shape
torch.Size([1, 5, 304])
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lmlib.transformer import GPT, Config

# Ours and theirs in each block. Their matrices are (in, out), so they are transposed.
_PARTS = {
    "norm_1": "ln_1",
    "attention.qkv": "attn.c_attn",
    "attention.output": "attn.c_proj",
    "norm_2": "ln_2",
    "feed_forward.up": "mlp.c_fc",
    "feed_forward.down": "mlp.c_proj",
}
# What their configuration must say, for their formulas to be ours.
_SAME: dict[str, tuple[Any, ...]] = {
    "model_type": ("gpt2",),
    "activation_function": ("gelu_new", "gelu_pytorch_tanh"),
    "layer_norm_epsilon": (1e-5,),
    "tie_word_embeddings": (True,),
    "scale_attn_weights": (True,),
    "scale_attn_by_inverse_layer_idx": (False,),
    "add_cross_attention": (False,),
}


def _transformers() -> Any:
    try:
        import transformers
    except ImportError as error:
        raise ImportError(
            'transformers is not installed; run: pip install "how-language-models-work[transformers]"'
        ) from error
    return transformers


def _pairs(ours: GPT, theirs: Any) -> list[tuple[Tensor, Tensor]]:
    """Each parameter of ours with the one of theirs that it equals, in one orientation."""
    mine, other = ours.decoder.state_dict(), theirs.transformer.state_dict()
    names = {"embed.weight": "wte.weight", "position.weight": "wpe.weight"}
    names |= {f"norm.{kind}": f"ln_f.{kind}" for kind in ("weight", "bias")}
    for i in range(ours.config.n_layer):
        for one, two in _PARTS.items():
            for kind in ("weight", "bias"):
                names[f"blocks.{i}.{one}.{kind}"] = f"h.{i}.{two}.{kind}"
    return [
        (mine[a], other[b].T if "h." in b and other[b].dim() == 2 else other[b])
        for a, b in names.items()
    ]


def from_gpt2(peer: Any) -> GPT:
    """The book's GPT with the weights of a GPT2LMHeadModel; logits agree up to rounding.

    Raises ValueError where the peer's configuration asks for something that our GPT has not.
    """
    c = peer.config
    for name, allowed in _SAME.items():
        if (value := getattr(c, name, None)) not in allowed:
            raise ValueError(
                f"peer: its {name} is {value!r}, and the book's GPT has {allowed[0]!r}; "
                "give a GPT2LMHeadModel with that setting"
            )
    if c.n_inner not in (None, 4 * c.n_embd):
        raise ValueError(
            f"peer: its n_inner is {c.n_inner}, and the book's GPT has 4 · n_embd = {4 * c.n_embd}; "
            "give a GPT2LMHeadModel with that setting"
        )
    model = GPT(
        Config(c.vocab_size, c.n_positions, c.n_layer, c.n_head, c.n_embd, c.resid_pdrop)
    )
    with torch.no_grad():
        for mine, other in _pairs(model, peer):
            mine.copy_(other)
    return model.to(peer.dtype).train(peer.training)


def to_gpt2(model: GPT) -> Any:
    """A GPT2LMHeadModel of Transformers with the weights of the book's GPT; ``END``, id 0, ends a text.

    Raises ValueError where the positions are not learned, and ImportError without transformers.
    """
    c = model.config
    if c.positions != "learned":
        raise ValueError(
            f"model: its positions are {c.positions!r}, and GPT-2's are 'learned'; "
            "make it with Config(positions='learned')"
        )
    transformers = _transformers()
    config = transformers.GPT2Config(
        vocab_size=c.vocab_size,
        n_positions=c.block_size,
        n_layer=c.n_layer,
        n_head=c.n_head,
        n_embd=c.d_model,
        **dict.fromkeys(("embd_pdrop", "resid_pdrop"), c.dropout),
        attn_pdrop=0.0,  # the book's GPT drops no attention weights
        **dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), 0),
    )
    peer = transformers.GPT2LMHeadModel(config).to(model.decoder.embed.weight.dtype)
    with torch.no_grad():
        for mine, other in _pairs(model, peer):
            other.copy_(mine)
    return peer.train(model.training)
