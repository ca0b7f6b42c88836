"""Sizes by name: their parameters as counted, and the batches that fit."""

import pytest

from lmlib.scale import gpt_parameters
from lmlib.step_costs import step_memory
from lmlib.train.presets import PRESETS, largest_batch
from lmlib.transformer import GPT, count_parameters


@pytest.mark.parametrize("name", PRESETS)
def test_parameters_without_a_model(name: str) -> None:
    config = PRESETS[name].config(vocab_size=777)
    assert config.d_model % config.n_head == 0
    if name != "gpt2":
        assert gpt_parameters(config) == count_parameters(GPT(config))


def test_gpt2_has_the_size_that_its_authors_built() -> None:
    """124,439,808, as Transformers counts GPT2LMHeadModel with tied weights."""
    assert gpt_parameters(PRESETS["gpt2"].config(50257)) == 124_439_808


def test_the_largest_batch_that_fits() -> None:
    config = PRESETS["10m"].config(8192)
    for memory in (1e9, 4e9, 16e9):
        batch = largest_batch(config, memory)
        assert step_memory(config, batch) <= memory < step_memory(config, batch + 1)
    assert largest_batch(config, 1e6) == 0
    assert largest_batch(config, 4e9, "bfloat16") > largest_batch(config, 4e9)
