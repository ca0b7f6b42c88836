"""Calibration, against what came and against the truth."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve

from lmlib.calibration import Bin, calibration_error, reliability, top_words
from lmlib.evaluation import token_losses
from lmlib.pretrained import load_book_gpt
from lmlib.stories import STORIES, story_sequences

predictions = st.lists(
    st.tuples(st.floats(0, 1, width=32), st.integers(0, 1)), min_size=1, max_size=40
)


@settings(deadline=None)  # the first call of all loads kernels
@given(predictions, st.integers(1, 20))
def test_error_is_that_of_a_loop(rows: list[tuple[float, int]], bins: int) -> None:
    found = 0.0
    for i in range(bins):
        inside = [
            (p, y)
            for p, y in rows
            if i <= p * bins < i + 1 or (p == 1 and i == bins - 1)
        ]
        found += abs(sum(p for p, _ in inside) - sum(y for _, y in inside))
    said, came = (torch.tensor(x) for x in zip(*rows, strict=True))
    error = calibration_error(said.double(), came, bins)
    assert error == pytest.approx(found / len(rows), abs=1e-6)
    assert sum(row.n for row in reliability(said, came, bins)) == len(rows)


@pytest.mark.parametrize("seed", range(3))
def test_bins_are_scikit_learns(seed: int) -> None:
    draw = np.random.default_rng(seed)
    said, came = draw.random(500), draw.integers(0, 2, 500)
    true, mean = calibration_curve(came, said, n_bins=7)
    ours = reliability(torch.tensor(said), torch.tensor(came), 7)
    assert [row.said for row in ours] == pytest.approx(mean, abs=1e-6)
    assert [row.came for row in ours] == pytest.approx(true, abs=1e-6)


def test_certainty_stands_in_the_last_bin() -> None:
    said, came = torch.tensor([0.0, 0.1, 1.0]), torch.tensor([0, 1, 1])
    assert reliability(said, came)[-1] == Bin(1, 1.0, 1.0)
    assert reliability(said, came, bins=1)[0].n == 3


@pytest.mark.parametrize(
    ("said", "came", "bins", "message"),
    [
        ([0.5], [1], 0, "bins: 0"),
        ([0.5], [1, 0], 10, "shapes"),
        ([], [], 10, "one at least"),
        ([1.5], [1], 10, "said: "),
        ([0.5], [-1], 10, "came: "),
        ([math.nan], [1], 10, "said: "),
    ],
)
def test_what_is_no_probability_is_refused(said, came, bins, message) -> None:
    with pytest.raises(ValueError, match=message):
        calibration_error(torch.tensor(said), torch.tensor(came), bins)


def places(n: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Logits of the book's GPT, the exact ones, and what came, in n stories."""
    gpt, texts = load_book_gpt(), story_sequences(n, seed=1)
    with torch.no_grad():
        logits = torch.cat([gpt(ids[None, :-1])[0] for ids in texts])
    exact = torch.cat([STORIES(ids[None, :-1])[0] for ids in texts])
    return logits, exact, torch.cat([ids[1:] for ids in texts])


def test_truth_is_at_no_distance_from_itself() -> None:
    _, exact, targets = places(3)
    found = top_words(exact, exact, targets)
    assert found.divergence.abs().max() < 1e-12
    assert torch.equal(found.said, found.true)


def test_divergence_is_the_loss_above_the_floor() -> None:
    """On the sample they differ by luck: no more than the words drawn explain."""
    logits, exact, targets = places(60)
    found = top_words(logits, exact, targets)
    texts = story_sequences(60, seed=1)
    ours, least = (
        torch.cat(token_losses(m, texts)) for m in (load_book_gpt(), STORIES)
    )
    excess = (ours - least).double()
    noise = float((excess - found.divergence).std()) / math.sqrt(len(excess))
    assert abs(float((excess - found.divergence).mean())) < 4 * noise
    assert found.divergence.min() > -1e-9


def test_temperature_is_that_of_softmax() -> None:
    logits, exact, targets = places(2)
    cold = top_words(logits, exact, targets, temperature=0.5)
    assert torch.allclose(cold.said, (logits.double() * 2).softmax(-1).max(-1).values)
    with pytest.raises(ValueError, match="temperature"):
        top_words(logits, exact, targets, temperature=0)
