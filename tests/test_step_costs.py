"""A training step: its FLOPs as PyTorch counts them, and its memory as measured."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from lmlib.blocks import Config
from lmlib.optimisation import Training
from lmlib.step_costs import step_flops, step_memory
from lmlib.training_step import loss_function, loss_of
from lmlib.transformer import GPT, count_parameters

SHAPES = [
    Config(304, 100, 2, 4, 64),
    Config(1024, 128, 4, 4, 128),
    Config(2000, 64, 3, 12, 384),
    Config(4000, 256, 3, 2, 64),
]


@pytest.mark.parametrize("config", [Config(12, 9, 2, 2, 8), Config(5, 20, 1, 4, 16)])
def test_flops_of_a_step_are_what_pytorch_counts(config: Config) -> None:
    tokens = torch.zeros(3, config.block_size, dtype=torch.long)
    with FlopCounterMode(display=False) as counter:
        loss_of(GPT(config), (tokens, tokens)).backward()
    by_formula = step_flops(config, 3, config.block_size)
    # The formula also counts biases and norms, one number each of a few dozen, as if they were multiplied.
    L, C = config.n_layer, config.d_model
    extra = 6 * 3 * config.block_size * (13 * L * C + 2 * C)
    assert by_formula - extra == counter.get_total_flops()


def kept_bytes(config: Config, batch_size: int, precision: str) -> int:
    """Bytes that the forward pass keeps for the backward pass, besides parameters and their 16-bit copies."""
    model = GPT(config)
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    sizes: dict[int, int] = {}
    kept = []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        kept.append(tensor)  # or its address could be given to another
        if storage.data_ptr() not in own:
            sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    tokens = torch.zeros(batch_size, config.block_size, dtype=torch.long)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss_function(Training(1, warmup=0, precision=precision))(
            model, (tokens, tokens)
        )
    copies = 2 * count_parameters(model) if precision == "bfloat16" else 0
    return sum(sizes.values()) - copies


@pytest.mark.parametrize("config", SHAPES)
def test_what_a_token_takes(config: Config) -> None:
    """The formula counts logits three times: once as kept here, and their gradient, and its working copy."""
    batch, logits = 4, 4 * config.block_size * 4 * config.vocab_size
    for precision in ("float32", "bfloat16"):
        kept = kept_bytes(config, batch, precision)
        said = step_memory(config, batch, precision) - step_memory(config, 0, precision)
        if precision == "float32":
            assert said - 2 * logits == pytest.approx(kept, rel=0.05)
        else:  # a processor keeps weights in 16 bits, a GPU in 32 as well
            assert kept * 0.95 < said - 2 * logits < kept * 1.7
