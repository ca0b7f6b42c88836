"""The plan of a training run: the learning rate by its formula, what decays, and what makes no sense."""

import dataclasses
import math
from typing import Any

import pytest

from lmlib.blocks import Config
from lmlib.optimisation import Training, learning_rate, make_optimiser
from lmlib.transformer import GPT

CONFIG = Config(
    vocab_size=12, block_size=9, n_layer=1, n_head=2, d_model=8, dropout=0.1
)


PLAN = Training(
    steps=30, learning_rate=1e-2, warmup=5, weight_decay=0.1, eval_interval=10
)


def test_only_matrices_decay() -> None:
    groups = make_optimiser(GPT(CONFIG), PLAN).param_groups
    assert {p.dim() for p in groups[0]["params"]} == {2} and groups[0][
        "weight_decay"
    ] == 0.1
    assert {p.dim() for p in groups[1]["params"]} == {1} and groups[1][
        "weight_decay"
    ] == 0.0


def test_precisions_that_are_none() -> None:
    with pytest.raises(
        ValueError, match="precision: 'float16' is not known; use 'float32' or"
    ):
        Training(steps=200, precision="float16")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", 0),
        ("learning_rate", 0.0),
        ("learning_rate", math.inf),
        ("clip", -1.0),
        ("eval_interval", 0),
    ],
)
def test_plans_that_make_no_sense(name: str, value: float) -> None:
    with pytest.raises(
        ValueError, match=rf"{name}: {value} must be above 0 and finite"
    ):
        Training(**{"steps": 200, name: value})


@pytest.mark.parametrize("warmup", [-1, 51])
def test_warmups_that_do_not_fit(warmup: int) -> None:
    with pytest.raises(ValueError, match=rf"warmup: {warmup} steps of 50; use 0 … 50"):
        Training(steps=50, warmup=warmup)


def test_learning_rate_by_its_formula() -> None:
    plan = Training(steps=50, learning_rate=2.0, warmup=10)
    rates = [learning_rate(t, plan) for t in range(50)]
    assert rates[:10] == pytest.approx([0.2 * (t + 1) for t in range(10)])
    assert rates[10:] == pytest.approx(
        [1 + math.cos(math.pi * (t - 10) / 40) for t in range(10, 50)]
    )
    assert learning_rate(0, Training(steps=5, learning_rate=2.0, warmup=0)) == 2.0


def test_a_schedule_that_ends_above_0() -> None:
    plan = Training(steps=50, learning_rate=2.0, warmup=10, min_learning_rate=0.5)
    rates = [learning_rate(t, plan) for t in range(51)]
    assert rates[:10] == pytest.approx([0.2 * (t + 1) for t in range(10)])
    assert rates[10] == 2.0 and rates[30] == 1.25 and rates[50] == 0.5
    flat = Training(steps=9, learning_rate=2.0, warmup=0, min_learning_rate=2.0)
    assert {learning_rate(t, flat) for t in range(9)} == {2.0}


@pytest.mark.parametrize("lowest", [-1e-9, 0.011, math.nan, math.inf])
def test_lowest_rates_that_make_no_sense(lowest: float) -> None:
    match = rf"min_learning_rate: {lowest} is outside 0 … 0.01, the learning rate"
    with pytest.raises(ValueError, match=match):
        Training(steps=200, learning_rate=1e-2, min_learning_rate=lowest)


def test_the_optimiser_has_the_plan_s_betas() -> None:
    for plan, betas in (
        (PLAN, (0.9, 0.95)),
        (dataclasses.replace(PLAN, betas=(0.0, 0.999)), (0.0, 0.999)),
    ):
        groups = make_optimiser(GPT(CONFIG), plan).param_groups
        assert [group["betas"] for group in groups] == [betas] * 2


@pytest.mark.parametrize(
    "betas", [(0.9, 1.0), (-0.1, 0.9), (math.nan, 0.9), (0.9,), (0.9, 0.9, 0.9)]
)
def test_betas_that_make_no_sense(betas: Any) -> None:
    with pytest.raises(
        ValueError, match=r"betas: \(.*\) are not two numbers in \[0, 1"
    ):
        Training(steps=200, betas=betas)
