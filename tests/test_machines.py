"""Days, money and energy against published figures."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from lmlib.machines import Machines, utilisation
from lmlib.scale import training_flops


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
