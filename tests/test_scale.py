"""Costs against published figures, and against what PyTorch counts."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from lmlib.blocks import Config
from lmlib.machines import Machines, utilisation
from lmlib.scale import (
    PETAFLOPS_DAY,
    activation_memory,
    attention_flops,
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


def test_days_of_gpt3_on_a100() -> None:
    # Narayanan et al. (2021), section 5.1: 8 N D with recomputed activations, 140 TFLOP/s, 34 days.
    cluster = Machines(peak=312e12, utilisation=140 / 312, devices=1024)
    assert cluster.days(8 / 6 * training_flops(175e9, 300e9)) == pytest.approx(
        34, abs=0.5
    )


def test_days_and_energy_of_gpt3_on_v100() -> None:
    # Patterson et al. (2021), table 4: 24.6 TFLOP/s, 10,000 processors, 330 W, PUE 1.1.
    cluster = Machines(125e12, 24.6 / 125, 10_000, watts=330, overhead=1.1)
    assert cluster.days(3.14e23) == pytest.approx(14.8, abs=0.05)
    assert cluster.megawatt_hours(3.14e23) == pytest.approx(1287, rel=0.005)


@pytest.mark.parametrize(
    "hours, published", [(82_432, 36), (135_168, 59), (530_432, 233), (1_022_362, 449)]
)
def test_energy_of_llama(hours: float, published: float) -> None:
    # Touvron et al. (2023), table 15: 400 W, PUE 1.1.
    a100 = Machines(312e12, watts=400, overhead=1.1)
    assert a100.megawatt_hours(hours * 3600 * 312e12) == pytest.approx(published, abs=1)


def test_llama_took_21_days() -> None:
    # Touvron et al. (2023), section 2.4: 380 tokens a second on each of 2,048 GPUs.
    flops = training_flops(65.2e9, 1.4e12)
    share = utilisation(flops, 1_022_362, 312e12)
    assert share == pytest.approx(380 * 6 * 65.2e9 / 312e12, rel=0.01)
    assert Machines(312e12, share, 2048).days(flops) == pytest.approx(21, abs=0.5)


def test_lambda_s_estimate_of_gpt3() -> None:
    # Li (2020): one V100 at 28 TFLOP/s, 1.50 dollars an hour: 355 years, 4.6 million dollars.
    v100 = Machines(peak=28e12, price=1.5)
    assert v100.days(3.14e23) / 365 == pytest.approx(355, abs=1)
    assert v100.money(3.14e23) == pytest.approx(4.6e6, rel=0.02)


def test_more_devices_are_sooner_and_cost_the_same() -> None:
    one, many = Machines(1e12, 0.5, 1, 2.0), Machines(1e12, 0.5, 8, 2.0)
    assert many.days(1e18) == one.days(1e18) / 8
    assert many.money(1e18) == one.money(1e18)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: training_flops(0, 1), "parameters: 0 must be above 0"),
        (lambda: training_flops(1, math.inf), "tokens: inf must be above 0 and finite"),
        (
            lambda: Machines(1e12, utilisation=40),
            r"utilisation: 40 is outside \(0, 1\]",
        ),
        (lambda: Machines(1e12, price=-1), "price: -1 must be 0 or more"),
        (lambda: Machines(1e12, watts=math.nan), "watts: nan must be 0 or more"),
        (lambda: Machines(1e12).hours(-5), "flops: -5 must be above 0"),
        (lambda: Machines(1e12, overhead=0.9), "overhead: 0.9 is below 1"),
        (lambda: Machines(1e12, devices=0), "devices: 0 must be above 0"),
        (lambda: utilisation(1e12, 0, 1e12), "device_hours: 0 must be above 0"),
    ],
)
def test_numbers_that_make_no_sense(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
