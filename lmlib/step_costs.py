"""What one training step of the book's GPT takes on a device: FLOPs, and memory for a batch that must fit."""

from __future__ import annotations

from lmlib.blocks import Config
from lmlib.scale import (
    activation_memory,
    attention_flops,
    gpt_parameters,
    training_flops,
    training_memory,
)

BYTES_KEPT = {"float32": (4, 4), "bfloat16": (2, 6)}
"""Of a number, and of an attention weight, for the backward pass of the book's GPT.

In 16 bits a weight is kept twice.
"""


def step_flops(config: Config, batch_size: int, length: int) -> float:
    """FLOPs of a training step: formulas `eq:training-flops` and `eq:attention-flops`.

    The table of positions, which must be learned ones, multiplies nothing; that of words does, as logits.

    >>> step_flops(Config(vocab_size=304), batch_size=8, length=100)
    696729600
    """
    multiplied = gpt_parameters(config) - config.block_size * config.d_model
    tokens = batch_size * length
    attention = attention_flops(config.n_layer, config.d_model, length, tokens)
    return training_flops(multiplied, tokens) + attention


def step_memory(config: Config, batch_size: int, precision: str = "float32") -> int:
    """About how many bytes a training step of the book's GPT needs, for a batch of whole windows on one device.

    Parameters with gradients and optimiser state, activations, and three times all logits. An estimate:
    the working memory of single operations comes on top.

    >>> round(step_memory(Config(50257, 1024, 12, 12, 768), batch_size=1) / 1e9, 1)  # GB
    3.9
    """
    c = config
    state = sum(training_memory(gpt_parameters(c)).values())
    logits = 3 * 4 * c.vocab_size * batch_size * c.block_size
    shape = (c.n_layer, c.n_head, c.d_model, c.block_size)
    kept = BYTES_KEPT[precision]
    blocks = activation_memory(*shape, batch_size, kept) if batch_size else 0
    return int(state + blocks + logits)
