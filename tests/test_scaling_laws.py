"""Laws against losses that were made from them, and against the figures of their authors."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest

import lmlib
from lmlib.scaling_laws import ScalingLaw, fit_power_law, fit_scaling_law

HOFFMANN = ScalingLaw(E=1.69, A=406.4, alpha=0.3392, B=410.7, beta=0.2849)
STORED = json.loads((Path(lmlib.__file__).parent / "data" / "scaling.json").read_text())


def test_power_law_of_exact_numbers() -> None:
    x = np.geomspace(1, 1e6, 5)
    assert fit_power_law(x, 3 * x**-0.25) == pytest.approx((3, 0.25))


def test_law_is_found_again() -> None:
    N, D = (grid.ravel() for grid in np.meshgrid([1e7, 1e8, 1e9], [1e9, 1e10, 1e11]))
    losses = HOFFMANN.loss(N, D)
    known = fit_scaling_law(N, D, losses, floor=HOFFMANN.E)
    assert astuple(known) == pytest.approx(astuple(HOFFMANN), rel=1e-3)
    guessed = fit_scaling_law(N, D, losses)
    assert astuple(guessed) == pytest.approx(astuple(HOFFMANN), rel=0.02)


def test_one_odd_run_does_not_pull_the_law() -> None:
    N, D = (grid.ravel() for grid in np.meshgrid([1e7, 1e8, 1e9], [1e9, 1e10, 1e11]))
    losses = HOFFMANN.loss(N, D)
    losses[4] *= 2
    law = fit_scaling_law(N, D, losses, floor=HOFFMANN.E, delta=1e-3)
    assert law.alpha == pytest.approx(HOFFMANN.alpha, rel=0.05)


def test_hoffmann_s_own_allocation() -> None:
    # Figure 4: 40 billion parameters for Gopher's budget; section 3.3: exponents 0.46 and 0.54.
    N, D = HOFFMANN.best(5.76e23)
    assert pytest.approx(40e9, rel=0.02) == N
    assert pytest.approx(5.76e23) == 6 * N * D
    assert HOFFMANN.share == pytest.approx(0.46, abs=0.005)


@pytest.mark.parametrize("factor", [0.5, 0.9, 1.1, 2.0])
def test_no_other_allocation_is_better(factor: float) -> None:
    N, D = HOFFMANN.best(1e21)
    assert HOFFMANN.loss(N * factor, D / factor) > HOFFMANN.loss(N, D)


def test_stored_runs_have_the_size_they_say_and_add_up() -> None:
    for run in STORED["runs"]:
        C = run["width"]
        assert run["parameters"] == (304 + 100) * C + 2 * (12 * C**2 + 13 * C) + 2 * C
        parts = run["recalled"] + run["mood"] + run["rest"]
        assert run["excess"] == pytest.approx(parts, abs=2e-6)


@pytest.mark.parametrize("part", ["excess", "rest"])
def test_stored_forecast_is_what_the_small_runs_give(part: str) -> None:
    grid = [run for run in STORED["runs"] if run["leg"] == "grid"]
    (larger,) = [run for run in STORED["runs"] if run["leg"] == "larger"]
    columns = [[run[name] for run in grid] for name in ("parameters", "tokens", part)]
    law = fit_scaling_law(*columns, floor=0.0)
    expected = STORED["forecast"][part]
    assert law.loss(larger["parameters"], larger["tokens"]) == pytest.approx(
        expected["loss"], rel=0.01
    )
    low, high = expected["interval"]
    assert low < expected["loss"] < high


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda: fit_power_law([1, 1], [2, 3]),
            "x: a line needs at least two different",
        ),
        (
            lambda: fit_power_law([1, 2, 3], [2, 3]),
            r"x \(3,\), y \(2,\): must be equally long",
        ),
        (lambda: fit_scaling_law([1] * 5, [1] * 5, [1.0] * 6), "must be equally long"),
        (lambda: fit_power_law([1, 2], [2, 0]), "y: all must be above 0"),
        (lambda: fit_scaling_law([1, 2], [1, 2], [3, 2]), "losses: 2 runs; 5 unknowns"),
        (
            lambda: fit_scaling_law(
                [1, 2, 3, 4], [1, 2, 3, 4], [3, 2, 2, 1], floor=1.5
            ),
            "losses above the floor: all must be above 0",
        ),
        (lambda: HOFFMANN.best(-1.0), "flops: all must be above 0"),
    ],
)
def test_numbers_that_make_no_sense(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
