"""A judge's taste for a place and for length is found, and taken out."""

import math

import pytest
import torch
from sklearn.linear_model import LogisticRegression

from lmlib.judges import Verdicts, fit_judge


def verdicts(
    n: int, seed: int, better: float, first: float, words: float
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Of a judge whose three numbers are known."""
    g = torch.Generator().manual_seed(seed)
    place = 1 - 2 * (torch.arange(n) % 2)
    longer = torch.randint(-10, 30, (n,), generator=g).double()
    p = torch.sigmoid(better + first * place + words * longer)
    return (torch.rand(n, generator=g) < p).long(), place, longer


@pytest.mark.parametrize("seed", range(5))
def test_fit_is_scikit_learns_logistic_regression(seed: int) -> None:
    won, place, words = verdicts(300, seed, 0.3, 0.8, -0.05)
    x = torch.stack([place.double(), words], 1).numpy()
    theirs = LogisticRegression(C=1e9, tol=1e-10, max_iter=1000).fit(x, won.numpy())
    ours = fit_judge(won, place, words, ridge=0)
    assert ours.better == pytest.approx(theirs.intercept_[0], abs=1e-4)
    assert ours[1:] == pytest.approx(theirs.coef_[0], abs=1e-4)


def test_what_is_known_is_found() -> None:
    known = Verdicts(0.4, 1.0, 0.1)
    found = fit_judge(*verdicts(60_000, 0, *known))
    assert found == pytest.approx(known, abs=0.05)
    assert found.win_rate == pytest.approx(1 / (1 + math.exp(-0.4)), abs=0.01)


def test_a_judge_who_always_says_the_first_has_no_opinion() -> None:
    place = torch.tensor([1, -1] * 20)
    found = fit_judge((place > 0).long(), place, torch.zeros(40))
    assert found.win_rate == pytest.approx(0.5) and found.first > 3
    assert found.words == 0


def test_it_is_fair_to_both() -> None:
    won, place, words = verdicts(200, 3, 0.2, 0.5, 0.02)
    ours, others = fit_judge(won, place, words), fit_judge(1 - won, -place, -words)
    assert ours.win_rate + others.win_rate == pytest.approx(1)
    assert ours[1:] == pytest.approx(others[1:])


@pytest.mark.parametrize(
    ("won", "first", "words", "said"),
    [
        ([1, 2], [1, -1], [0, 0], "won: "),
        ([1, 0], [1, 0], [0, 0], "first: "),
        ([1, 0], [1, -1], [0], "shapes"),
        ([], [], [], "one verdict at least"),
    ],
)
def test_what_is_no_verdict_is_refused(won, first, words, said) -> None:
    with pytest.raises(ValueError, match=said):
        fit_judge(*map(torch.tensor, (won, first, words)))
