"""Costs against published figures, and against what PyTorch counts."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from lmlib.blocks import Config
from lmlib.kv_cache import KVCache
from lmlib.llama import Llama
from lmlib.modern import ModernConfig
from lmlib.scale import (
    PETAFLOPS_DAY,
    activation_memory,
    attention_flops,
    cache_bytes,
    modern_parameters,
    training_flops,
    training_memory,
)
from lmlib.training_step import loss_of
from lmlib.transformer import GPT, count_parameters

# Brown et al. (2020), table D.1: parameters, petaflop/s-days, FLOPs; 300 billion tokens each.
TABLE_D1 = [
    (125e6, 2.60, 2.25e20),
    (356e6, 7.42, 6.41e20),
    (760e6, 15.8, 1.37e21),
    (1_320e6, 27.5, 2.38e21),
    (2_650e6, 55.2, 4.77e21),
    (6_660e6, 139, 1.20e22),
    (12_850e6, 268, 2.31e22),
    (174_600e6, 3640, 3.14e23),
]


@pytest.mark.parametrize("parameters, days, flops", TABLE_D1)
def test_gpt3_as_its_paper_counts(parameters: float, days: float, flops: float) -> None:
    ours = training_flops(parameters, 300e9)
    assert ours == pytest.approx(flops, rel=0.005)
    assert ours / PETAFLOPS_DAY == pytest.approx(days, rel=0.005)


@pytest.mark.parametrize(
    "parameters, tokens, published",
    [
        (540.35e9, 780e9, 2.5272e24),  # PaLM: Chowdhery et al. (2023), table 21
        (
            70e9,
            1.4e12,
            5.76e23,
        ),  # Chinchilla: Hoffmann et al. (2022); their own count is finer
    ],
)
def test_other_models(parameters: float, tokens: float, published: float) -> None:
    assert training_flops(parameters, tokens) == pytest.approx(published, rel=0.03)


def test_palm_says_how_little_attention_adds() -> None:
    # 46.2 % of the peak with attention, 45.7 % without it: Chowdhery et al. (2023), section 4.1.
    six = training_flops(540.35e9, 1)
    # 118 layers, 48 heads of 256, texts of 2,048: heads × size is not d_model in PaLM.
    attention = attention_flops(118, 48 * 256, 2048, 1)
    assert attention / six == pytest.approx(46.2 / 45.7 - 1, abs=0.002)


def test_flops_of_the_book_s_gpt_as_pytorch_counts_them() -> None:
    model = GPT(Config(vocab_size=304))
    tokens = torch.zeros(3, 97, dtype=torch.int64)
    with FlopCounterMode(display=False) as counter:
        loss_of(model, (tokens[:, :-1], tokens[:, 1:])).backward()
    # Biases, norms and the table of positions multiply no matrix.
    matrices = sum(p.numel() for p in model.parameters() if p.dim() == 2) - 100 * 64
    ours = training_flops(matrices, 3 * 96) + attention_flops(2, 64, 96, 3 * 96)
    assert counter.get_total_flops() == ours
    rough = training_flops(count_parameters(model), 3 * 96)
    assert counter.get_total_flops() == pytest.approx(rough, rel=0.15)


def test_memory_of_gpt2_as_zero_counts_it() -> None:
    parts = training_memory(1.5e9)  # Rajbhandari et al. (2020), section 3.1
    assert parts["weights"] == 3e9
    assert sum(parts.values()) == 24e9


@pytest.mark.parametrize(
    "n_head, d_model, attention", [(96, 12_288, 80), (128, 20_480, 64)]
)
def test_activations_as_korthikanti_counts_them(
    n_head: int, d_model: int, attention: int
) -> None:
    # Bytes for each of T × B × C: 34, and 80 for the weights of GPT-3, 64 for those of MT-NLG.
    each = activation_memory(1, n_head, d_model, 2048, 1) / (2048 * d_model)
    assert each == pytest.approx(34 + attention)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: training_flops(0, 1), "parameters: 0 must be above 0"),
        (lambda: training_flops(1, math.inf), "tokens: inf must be above 0 and finite"),
    ],
)
def test_numbers_that_make_no_sense(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


MODERN = [
    ModernConfig(vocab_size=30),
    ModernConfig(30, 20, 3, 6, 2, d_model=24, d_head=8, d_ff=40, tied=False),
    ModernConfig(30, qkv_bias=True),
    ModernConfig(30, output_bias=True, ff_bias=True),
]


@pytest.mark.parametrize("config", MODERN)
def test_parameters_of_a_model_of_today(config: ModernConfig) -> None:
    assert modern_parameters(config) == count_parameters(Llama(config))


def kept_bytes(caches: list[KVCache]) -> int:
    """What the keys and values take of the tokens that were read."""
    parts = [x for cache in caches for x in (cache.keys, cache.values)]
    return sum(x[..., : caches[0].length, :].numel() * x.element_size() for x in parts)


def test_bytes_that_a_token_leaves_in_the_cache() -> None:
    text = torch.zeros(1, 5, dtype=torch.long)
    for model in [GPT(Config(vocab_size=30)), *(Llama(config) for config in MODERN)]:
        caches = model.new_cache(9)
        model(text, caches)
        assert kept_bytes(caches) == 5 * cache_bytes(model.config, size=4)
