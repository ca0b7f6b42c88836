"""Where each tensor of a :class:`lmlib.llama.Llama` stands in the files of others.

>>> GGUF.name("blocks.3.attention.query.weight"), HUGGING_FACE.name("norm.weight")
('blk.3.attn_q.weight', 'model.norm.weight')
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch  # noqa: F401  for the example below
from torch import Tensor

from lmlib.llama import Llama
from lmlib.modern import ModernConfig
from lmlib.modules import named_tensors, without_numbers

_BLOCK = ("norm_1", "attention.query", "attention.key", "attention.value", "attention.output",
          "norm_2", "feed_forward.gate", "feed_forward.up", "feed_forward.down")  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """Names of tensors: ``embed``, ``norm`` and ``head``, how a block's begin, and its parts in our order."""

    embed: str
    norm: str
    head: str
    block: str
    parts: tuple[str, ...]

    def name(self, ours: str) -> str:
        """Their name of one of our tensors."""
        first, *path, kind = ours.split(".")
        if first != "blocks":
            return f"{getattr(self, first)}.{kind}"
        part = self.parts[_BLOCK.index(".".join(path[1:]))]
        return f"{self.block.format(path[0])}.{part}.{kind}"


GGUF = Layout(
    "token_embd", "output_norm", "output", "blk.{}",
    ("attn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_norm", "ffn_gate", "ffn_up", "ffn_down"),
)  # fmt: skip
HUGGING_FACE = Layout(
    "model.embed_tokens", "model.norm", "lm_head", "model.layers.{}",
    ("input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
     "post_attention_layernorm", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"),
)  # fmt: skip


def to_pairs(rows: Tensor, n_head: int) -> Tensor:
    """Rows of queries or keys in our order: neighbours turn together, not number i and number i + D/2.

    >>> to_pairs(torch.tensor([0, 1, 2, 10, 11, 12]), n_head=1)
    tensor([ 0, 10,  1, 11,  2, 12])
    """
    return rows.unflatten(0, (n_head, 2, -1)).transpose(1, 2).flatten(0, 2)


def to_halves(rows: Tensor, n_head: int) -> Tensor:
    """What :func:`to_pairs` undoes."""
    return rows.unflatten(0, (n_head, -1, 2)).transpose(1, 2).flatten(0, 2)


def by_columns(numbers: Tensor) -> Tensor:
    """A copy in which the numbers of a matrix's column stand side by side in memory.

    A product with one row, as in a step of writing, takes a fifth less time from it.
    """
    return numbers.T.contiguous().T if numbers.dim() == 2 else numbers.clone()


def reordered(
    ours: str,
    rows: Tensor,
    config: ModernConfig,
    order: Callable[[Tensor, int], Tensor],
) -> Tensor:
    """A tensor with its rows in another order, where it is one of queries or keys."""
    part = ours.split(".")[-2]
    heads = {"query": config.n_head, "key": config.n_kv_head}
    return order(rows, heads[part]) if part in heads else rows


def assemble(
    config: ModernConfig,
    read: Callable[[str], Tensor],
    layout: Layout,
    halves: bool,
    where: str,
) -> Llama:
    """A model of copies of the tensors that ``read`` gives by their names, one after the other.

    With ``halves``, number i of a head turns with number i + D/2 there. Raises ValueError that names
    the first tensor that does not fit.
    """
    model = without_numbers(partial(Llama, config))
    tensors = {}
    for name, need in named_tensors(model).items():
        theirs = layout.name(name)
        tensor = read(theirs)
        if tensor.shape != need.shape:
            raise ValueError(
                f"{where}: {theirs} is {tuple(tensor.shape)}, but its configuration makes {tuple(need.shape)}; "
                "is the file whole, and of one model?"
            )
        same = reordered(name, tensor, config, to_pairs) if halves else tensor
        tensors[name] = by_columns(same)
    model.load_state_dict(tensors, assign=True)
    return model.eval().requires_grad_()


def their_tensors(model: Llama, layout: Layout, halves: bool) -> dict[str, Tensor]:
    """A model's tensors by their names, in their order."""
    order = to_halves if halves else lambda rows, n_head: rows
    return {
        layout.name(name): reordered(name, tensor.detach(), model.config, order)
        for name, tensor in named_tensors(model).items()
    }
