"""The plan of a training run: the learning rate by its formula, what decays, and what makes no sense."""

import math

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
