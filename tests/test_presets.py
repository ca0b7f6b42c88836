"""Sizes by name: their parameters as counted, and memory as measured."""

import pytest
import torch

from lmlib.blocks import Config
from lmlib.optimisation import Training
from lmlib.scale import gpt_parameters, step_memory
from lmlib.train.presets import PRESETS, largest_batch
from lmlib.training_step import loss_function
from lmlib.transformer import GPT, count_parameters

SHAPES = [
    Config(304, 100, 2, 4, 64),
    Config(1024, 128, 4, 4, 128),
    Config(2000, 64, 3, 12, 384),
    Config(4000, 256, 3, 2, 64),
]


@pytest.mark.parametrize("name", PRESETS)
def test_parameters_without_a_model(name: str) -> None:
    config = PRESETS[name].config(vocab_size=777)
    assert config.d_model % config.n_head == 0
    if name != "gpt2":
        assert gpt_parameters(config) == count_parameters(GPT(config))


def test_gpt2_has_the_size_that_its_authors_built() -> None:
    """124,439,808, as Transformers counts GPT2LMHeadModel with tied weights."""
    assert gpt_parameters(PRESETS["gpt2"].config(50257)) == 124_439_808


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


def test_the_largest_batch_that_fits() -> None:
    config = PRESETS["10m"].config(8192)
    for memory in (1e9, 4e9, 16e9):
        batch = largest_batch(config, memory)
        assert step_memory(config, batch) <= memory < step_memory(config, batch + 1)
    assert largest_batch(config, 1e6) == 0
    assert largest_batch(config, 4e9, "bfloat16") > largest_batch(config, 4e9)
