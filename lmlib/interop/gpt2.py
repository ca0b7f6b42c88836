"""The book's GPT is GPT-2: its weights in Transformers' GPT2LMHeadModel, and theirs in ours.

Radford et al. (2019). Needs the optional package: ``pip install "how-language-models-work[transformers]"``.

>>> peer = to_gpt2(GPT(Config(vocab_size=304)))
>>> peer(torch.zeros(1, 5, dtype=torch.long)).logits.shape
torch.Size([1, 5, 304])
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from lmlib.blocks import Config
from lmlib.integrity import check_hooks, check_kind, check_unchanged
from lmlib.interop.packages import needed
from lmlib.modules import named_tensors, unwrap, without_numbers
from lmlib.transformer import GPT

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


def _pairs(ours: GPT, theirs: Any) -> list[tuple[Tensor, Tensor]]:
    """Each parameter of ours with the one of theirs that it equals, in one orientation."""
    mine, other = named_tensors(ours.decoder), named_tensors(theirs.transformer)
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


def _new_peer(config: Config, **settings: Any) -> Any:
    """A GPT2LMHeadModel of the sizes of a GPT."""
    transformers = needed("transformers")
    c = transformers.GPT2Config(
        vocab_size=config.vocab_size,
        n_positions=config.block_size,
        n_layer=config.n_layer,
        n_head=config.n_head,
        n_embd=config.d_model,
        **dict.fromkeys(("embd_pdrop", "resid_pdrop"), config.dropout),
        attn_pdrop=0.0,  # the book's GPT drops no attention weights
        **dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), 0),
        **settings,
    )
    return transformers.GPT2LMHeadModel(c)


def _config_of(peer: Any) -> Config:
    """The sizes of a peer. Raises ValueError where its configuration asks for what our GPT has not."""
    c: Any = getattr(peer, "config", None)
    inner = 4 * getattr(c, "n_embd", 0)
    for name, allowed in {**_SAME, "n_inner": (None, inner)}.items() if c else ():
        if (value := getattr(c, name, None)) not in allowed:
            ours = f"4 · n_embd = {inner}" if name == "n_inner" else repr(allowed[0])
            raise ValueError(
                f"peer: its {name} is {value!r}, and the book's GPT has {ours}; "
                "give a GPT2LMHeadModel with that setting"
            )
    check_kind("peer", peer, needed("transformers").GPT2LMHeadModel)
    return Config(
        c.vocab_size, c.n_positions, c.n_layer, c.n_head, c.n_embd, c.resid_pdrop
    )


def _check_peer(peer: Any, config: Config) -> None:
    """Every part of a peer is one that our GPT has, and its head is its table of words."""
    free = ("activation_function", "reorder_and_upcast_attn", "_attn_implementation")
    same = {name.removeprefix("_"): getattr(peer.config, name) for name in free}
    # What stands at the top of their models are notes about files and devices.
    check_unchanged("peer", peer, partial(_new_peer, config, **same), free=vars(peer))
    check_hooks("peer", peer, "transformers.")
    head, table = peer.lm_head.weight, peer.transformer.wte.weight
    if not torch.equal(head.to(table.device), table):
        raise ValueError(
            "peer: its lm_head.weight differs from its transformer.wte.weight, and the book's GPT has "
            "one table for both; give a GPT2LMHeadModel whose weights are tied"
        )


def from_gpt2(peer: Any) -> GPT:
    """The book's GPT with the weights of a GPT2LMHeadModel; in evaluation, logits agree up to rounding.

    Raises ValueError where the peer is another model, or has a setting or a part that our GPT has not.
    """
    peer = unwrap(peer)
    _check_peer(peer, config := _config_of(peer))
    model = (
        without_numbers(partial(GPT, config))
        .to(peer.dtype)
        .to_empty(device=peer.device)
    )
    with torch.no_grad():
        for mine, other in _pairs(model, peer):
            mine.copy_(other)
    return model.train(peer.training)


def to_gpt2(model: GPT) -> Any:
    """A GPT2LMHeadModel of Transformers with the weights of the book's GPT; ``END``, id 0, ends a text.

    Raises ValueError for positions that are not learned or parts that no GPT has; ImportError without transformers.
    """
    model = unwrap(model)
    check_kind("model", model, GPT)
    check_kind("model.config", model.config, Config)
    if model.config.positions != "learned":
        raise ValueError(
            f"model: its positions are {model.config.positions!r}, and GPT-2's are 'learned'; "
            "make it with Config(positions='learned')"
        )
    check_unchanged("model", model, partial(GPT, model.config))
    check_hooks("model", model)
    peer = _new_peer(model.config).to(model.decoder.embed.weight)
    with torch.no_grad():
        for mine, other in _pairs(model, peer):
            other.copy_(mine)
    return peer.train(model.training)
