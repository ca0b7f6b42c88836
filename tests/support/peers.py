"""PyTorch's own layers with the weights of ours."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from lmlib.blocks import Block
from lmlib.multi_head import MultiHeadAttention
from lmlib.translation import CrossAttention


def copy_attention(
    ours: MultiHeadAttention | CrossAttention, theirs: nn.MultiheadAttention
) -> None:
    """PyTorch's layer gets the matrices of ours, with a bias or without."""
    cross = isinstance(ours, CrossAttention)
    parts = [ours.query, ours.key_value] if cross else [ours.qkv]
    theirs.in_proj_weight.data = torch.cat([part.weight.data for part in parts])
    if theirs.in_proj_bias is not None:
        theirs.in_proj_bias.data = torch.cat([part.bias.data for part in parts])
    theirs.out_proj.load_state_dict(ours.output.state_dict())


def torch_layer(block: Block, kind: type[nn.Module]) -> Any:
    """PyTorch's own encoder or decoder layer with the weights of a block."""
    C, H = block.norm_1.weight.numel(), block.attention.n_head
    theirs: Any = kind(
        C,
        H,
        4 * C,
        dropout=0.0,
        activation=lambda z: F.gelu(z, approximate="tanh"),
        batch_first=True,
        norm_first=True,
    ).double()
    copy_attention(block.attention, theirs.self_attn)
    theirs.norm1.load_state_dict(block.norm_1.state_dict())
    theirs.linear1.load_state_dict(block.feed_forward.up.state_dict())
    theirs.linear2.load_state_dict(block.feed_forward.down.state_dict())
    last = theirs.norm2
    if kind is nn.TransformerDecoderLayer:
        copy_attention(block.cross_attention, theirs.multihead_attn)
        theirs.norm2.load_state_dict(block.norm_cross.state_dict())
        last = theirs.norm3
    last.load_state_dict(block.norm_2.state_dict())
    return theirs.eval()
