"""Positions: the paper's formula as a loop, and queries and keys whose scores know distances alone."""

import cmath
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tensors import random

from lmlib.positions import rotate, sinusoids


@pytest.mark.parametrize(("length", "d_model"), [(1, 2), (7, 4), (50, 6), (1024, 16)])
def test_sinusoids_are_the_formula_of_the_paper(length: int, d_model: int) -> None:
    waves = sinusoids(length, d_model)
    assert waves.shape == (length, d_model)
    for position in range(length):
        for i in range(d_model // 2):
            angle = position / 10_000 ** (2 * i / d_model)
            assert waves[position, 2 * i].item() == pytest.approx(
                math.sin(angle), abs=2e-4
            )
            assert waves[position, 2 * i + 1].item() == pytest.approx(
                math.cos(angle), abs=2e-4
            )


def test_no_two_positions_have_the_same_waves() -> None:
    waves = sinusoids(512, 32)
    assert (torch.pdist(waves) > 0.5).all()


@settings(deadline=None)  # the first call of all loads kernels
@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_dot_products_of_sinusoids_know_the_distance_alone(
    a: int, b: int, far: int
) -> None:
    waves = sinusoids(121, 16)
    torch.testing.assert_close(
        waves[a] @ waves[b], waves[a + far] @ waves[b + far], rtol=0, atol=1e-4
    )


@settings(deadline=None)  # the first call of all loads kernels
@given(
    st.integers(0, 100), st.integers(0, 100), st.integers(0, 400), st.integers(0, 1000)
)
def test_rotary_scores_know_the_distance_alone(
    a: int, b: int, far: int, seed: int
) -> None:
    q, k = random(1, 8, seed=seed), random(1, 8, seed=seed + 1)
    here = rotate(q, a) @ rotate(k, b).T
    torch.testing.assert_close(
        rotate(q, a + far) @ rotate(k, b + far).T, here, rtol=0, atol=1e-9
    )


def test_rotary_scores_differ_between_distances() -> None:
    q, k = random(1, 8), random(1, 8, seed=1)
    scores = [(rotate(q, t) @ rotate(k).T).item() for t in range(20)]
    assert len({round(score, 4) for score in scores}) == 20


@settings(deadline=None)  # the first call of all loads kernels
@given(st.integers(0, 500), st.integers(1, 6), st.integers(0, 1000))
def test_turning_keeps_the_length(start: int, length: int, seed: int) -> None:
    x = random(2, length, 10, seed=seed)
    torch.testing.assert_close(
        rotate(x, start).norm(dim=-1), x.norm(dim=-1), rtol=1e-6, atol=0
    )


def test_pairs_turn_as_complex_numbers_do() -> None:
    x = random(5, 6)
    turned = rotate(x, start=3)
    for t in range(5):
        for i in range(3):
            angle = (t + 3) * 10_000 ** (-2 * i / 6)
            z = complex(x[t, 2 * i], x[t, 2 * i + 1]) * cmath.exp(1j * angle)
            assert turned[t, 2 * i].item() == pytest.approx(z.real, abs=1e-5)
            assert turned[t, 2 * i + 1].item() == pytest.approx(z.imag, abs=1e-5)


@settings(deadline=None)  # the first call of all loads kernels
@given(st.integers(0, 50), st.integers(0, 8))
def test_start_is_the_place_of_the_first_row(start: int, cut: int) -> None:
    x = random(2, 3, start + 8, 4)
    assert torch.equal(rotate(x)[..., start:, :], rotate(x[..., start:, :], start))
    assert torch.equal(rotate(x[..., cut:, :], cut), rotate(x)[..., cut:, :])


def test_the_first_position_is_not_turned() -> None:
    x = random(1, 6)
    assert torch.equal(rotate(x), x)


@pytest.mark.parametrize("size", [1, 3, 7])
def test_odd_sizes(size: int) -> None:
    for call in (lambda: sinusoids(4, size), lambda: rotate(torch.zeros(4, size))):
        with pytest.raises(
            ValueError, match=rf"d_model: {size} is odd.*use an even size"
        ):
            call()
