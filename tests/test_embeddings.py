"""The geometry of vectors: neighbours and analogies by loops, and the plane that keeps most."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.tensors import random
from torch.nn import functional as F

from lmlib.embeddings import (
    analogy,
    analogy_questions,
    analogy_share,
    nearest,
    project,
    same_kind,
)

I_LOVE_AI = torch.tensor([[1.0, 0, 0, 0, 1], [0, 1, 1, 0, 0], [0, 0, 1, 1, 0]])


def test_looking_up_is_multiplying_with_one_hot() -> None:
    ids = torch.tensor([2, 0, 1, 2])
    assert torch.equal(
        F.embedding(ids, I_LOVE_AI), F.one_hot(ids, 3).float() @ I_LOVE_AI
    )


def test_nearest_by_loop() -> None:
    vectors, query = random(20, 4), random(4, seed=1)
    cosines = [
        sum(a * b for a, b in zip(v, query.tolist(), strict=True)) / math.hypot(*v)
        for v in vectors.tolist()
    ]
    best = sorted(range(20), key=lambda i: -cosines[i])
    found = nearest(vectors, query, k=6, without=(best[1],))
    assert [i for i, _ in found] == [best[0], *best[2:7]]
    assert [c for _, c in found] == pytest.approx(
        [cosines[i] / query.norm().item() for i, _ in found], abs=1e-14
    )


@given(st.floats(0.01, 100), st.integers(0, 1000))
def test_length_does_not_matter_to_the_cosine(factor: float, seed: int) -> None:
    vectors, query = random(6, 3, seed=seed), random(3, seed=seed + 1)
    (i, c), (j, d) = (
        nearest(vectors, query, k=1)[0],
        nearest(factor * vectors, factor * query, k=1)[0],
    )
    assert (i, c) == (j, pytest.approx(d, abs=1e-12))
    assert -1 - 1e-12 <= c <= 1 + 1e-12


def test_analogy_is_b_minus_a_plus_c_of_unit_vectors() -> None:
    vectors = random(30, 5)
    unit = vectors / vectors.norm(dim=1, keepdim=True)
    expected = nearest(unit, unit[4] - unit[3] + unit[7], k=5, without=(3, 4, 7))
    assert analogy(vectors, a=3, b=4, c=7) == expected
    assert analogy(vectors * torch.arange(1, 31)[:, None], 3, 4, 7) == [
        (i, pytest.approx(c)) for i, c in expected
    ]
    assert not {3, 4, 7} & {i for i, _ in analogy(vectors, 3, 4, 7, k=27)}


@pytest.mark.parametrize("leave_out", [True, False])
def test_share_of_analogies_by_loop(leave_out: bool) -> None:
    vectors = random(12, 3)
    unit = vectors / vectors.norm(dim=1, keepdim=True)
    questions = [(a, b, c, 11 - a) for a in range(4) for b in (4, 5) for c in (6, 7, 8)]
    right = sum(
        nearest(unit, unit[b] - unit[a] + unit[c], 1, (a, b, c) if leave_out else ())[
            0
        ][0]
        == d
        for a, b, c, d in questions
    )
    share = analogy_share(vectors, questions, leave_out)
    assert share == right / len(questions)


@given(st.integers(2, 9), st.integers(2, 6), st.integers(0, 1000))
def test_projection_is_centred_and_its_signs_are_fixed(
    n: int, size: int, seed: int
) -> None:
    vectors = random(n, size, seed=seed)
    plane = project(vectors)
    assert plane.shape == (n, 2)
    torch.testing.assert_close(
        plane.mean(0), torch.zeros(2).double(), rtol=0, atol=1e-12
    )
    if (
        n > 2
    ):  # of two points both are as far out, and the second direction holds only rounding
        assert (plane.gather(0, plane.abs().argmax(0, keepdim=True)) > 0).all()
        torch.testing.assert_close(
            project(vectors + 5.0), plane, rtol=0, atol=1e-9
        )  # where the middle is, is nothing


@given(st.integers(3, 9), st.integers(0, 1000))
def test_projection_keeps_most_of_the_variance(n: int, seed: int) -> None:
    vectors = random(n, 4, seed=seed)
    kept = project(vectors).var(0)
    variances = torch.linalg.eigvalsh(torch.cov(vectors.T)).flip(0)
    torch.testing.assert_close(kept, variances[:2], rtol=0, atol=1e-10)


def test_projection_of_a_plane_keeps_every_distance() -> None:
    flat = random(8, 2) @ torch.linalg.qr(random(5, 5)).Q[:2] + 3.0
    torch.testing.assert_close(
        torch.cdist(project(flat), project(flat)), torch.cdist(flat, flat)
    )


def test_bad_queries() -> None:
    with pytest.raises(ValueError, match=r"query: a vector of zeros"):
        nearest(torch.eye(3), torch.zeros(3), k=1)
    for k, without, choice in ((0, (), 3), (4, (), 3), (2, (0, 1), 1)):
        with pytest.raises(
            ValueError,
            match=rf"k: {k} neighbours out of {choice} vectors; use 1 to {choice}",
        ):
            nearest(torch.eye(3), torch.ones(3), k, without)


@pytest.mark.parametrize("shape", [(1, 5), (0, 5), (4, 1)])
def test_too_little_to_project(shape: tuple[int, int]) -> None:
    with pytest.raises(
        ValueError,
        match=rf"vectors: shape \({shape[0]}, {shape[1]}\); a plane takes two",
    ):
        project(torch.zeros(shape))


def test_each_pair_of_pairs_is_asked_about_once() -> None:
    questions = analogy_questions(torch.arange(8).view(2, 2, 2))
    assert len(questions) == len(set(questions)) == 48
    for a, b, c, d in questions:
        assert b - a == d - c and abs(b - a) in (1, 2, 4) and a != c
        assert (a, c, b, d) not in questions


def test_a_cube_solves_its_questions_and_chance_does_not() -> None:
    corners = torch.tensor(
        [[x, y, z, 1.0] for x in (0, 1) for y in (0, 1) for z in (0, 1)]
    )
    questions = analogy_questions(torch.arange(8).view(2, 2, 2))
    unit = F.normalize(corners, dim=-1)
    right = sum(
        analogy(unit, a, b, c, k=1)[0][0] == d for a, b, c, d in questions
    ) / len(questions)
    assert analogy_share(corners, questions, leave_out=True) == right > 0.5
    assert analogy_share(corners, questions, leave_out=False) <= right
    assert analogy_share(random(8, 4), questions, leave_out=True) < 0.5


def test_a_word_counts_if_its_nearest_is_of_its_kind() -> None:
    vectors = torch.tensor([[1.0, 0], [0.9, 0.1], [0, 1.0], [0.5, 0.5]])
    assert same_kind(vectors, [[0, 1]]) == 1.0
    assert same_kind(vectors, [[0, 2]]) == 0.0
