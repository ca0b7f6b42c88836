"""What a few log-probabilities allow, against every way in which the hidden tokens could share the rest."""

import math
from collections.abc import Iterator

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from lmlib.hosted.top_logprobs import even_rest, uneven_rest
from lmlib.softmax import entropy, softmax

TEMPERATURES = (0.1, 0.4, 0.9, 1.0, 1.1, 2.0, 5.0)


def seen(logits: Tensor, temperature: float, shown: int) -> Tensor:
    """The probabilities of the tokens shown, and of all others together."""
    probs = softmax(logits, temperature)
    return torch.cat([probs[:shown], probs[shown:].sum()[None]])


def sharings(units: int, parts: int, most: int) -> Iterator[list[int]]:
    """Every way to share out units, sorted, no part larger than ``most``."""
    if parts == 0:
        if units == 0:
            yield []
        return
    for first in range(min(units, most), -1, -1):
        yield from (
            [first, *others] for others in sharings(units - first, parts - 1, first)
        )


@pytest.mark.parametrize("units, parts", [(9, 5), (9, 7), (8, 4), (5, 6), (1, 3)])
def test_every_sharing_lies_between_and_the_extremes_are_reached(
    units: int, parts: int
) -> None:
    shown = [6.0, 4.0, 2.0]
    total = sum(shown) + units
    known = torch.tensor(shown, dtype=torch.float64).div(total).log()
    sides = [f(known, 3 + parts) for f in (even_rest, uneven_rest)]
    ways = list(sharings(units, parts, most=2))
    assert ways
    for t in TEMPERATURES:
        bounds = torch.stack([seen(side, t, 3) for side in sides])
        low, high = bounds.amin(0), bounds.amax(0)
        truths = torch.stack(
            [
                seen(torch.tensor(shown + way, dtype=torch.float64).log(), t, 3)
                for way in ways
            ]
        )
        assert (truths >= low - 3e-5).all() and (truths <= high + 3e-5).all()
        # 9 = 2 + 2 + 2 + 2 + 1 is one of the ways, and so is 8 = 2 + 2 + 2 + 2, which is even as well.
        assert torch.isclose(truths, bounds[1], rtol=0, atol=3e-5).all(1).any()
        if units % parts == 0:
            assert torch.isclose(truths, bounds[0], rtol=0, atol=3e-5).all(1).any()


@settings(deadline=None)
@given(
    st.lists(st.floats(-8, 8), min_size=3, max_size=12),
    st.integers(1, 12),
    st.floats(0.1, 10),
    st.integers(0, 50),
)
def test_the_truth_lies_between(
    logits: list[float], n: int, temperature: float, too_many: int
) -> None:
    """Also where the vocabulary is taken for larger than it is."""
    n = min(n, len(logits))
    whole = torch.tensor(sorted(logits, reverse=True), dtype=torch.float64)
    known = softmax(whole).log()[:n]
    truth = seen(whole, temperature, n)
    sides = torch.stack(
        [
            seen(f(known, len(logits) + too_many), temperature, n)
            for f in (even_rest, uneven_rest)
        ]
    )
    assert (truth >= sides.amin(0) - 3e-5).all() and (
        truth <= sides.amax(0) + 3e-5
    ).all()


@settings(deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=2, max_size=9), st.integers(1, 8))
def test_both_sides_are_true_at_temperature_1(logits: list[float], n: int) -> None:
    assume(n <= len(logits))
    whole = softmax(torch.tensor(sorted(logits, reverse=True), dtype=torch.float64))
    spread = []
    for f in (uneven_rest, even_rest):
        probs = softmax(f(whole.log()[:n], len(logits)))
        torch.testing.assert_close(probs[:n], whole[:n], rtol=0, atol=2e-6)
        assert probs[n:].sum() == pytest.approx(float(whole[n:].sum()), abs=2e-6)
        spread.append(float(entropy(probs)))
    assert spread[0] - 2e-5 <= float(entropy(whole)) <= spread[1] + 2e-5


def test_odds_of_shown_tokens_need_no_rest() -> None:
    known = torch.tensor([0.4, 0.1]).log()
    for f in (even_rest, uneven_rest):
        probs = softmax(f(known, 1000), temperature=2.0)
        assert probs[0] / probs[1] == pytest.approx(2.0)


def test_softmax_over_the_shown_tokens_alone_is_inflated() -> None:
    known = torch.tensor([0.3, 0.1, 0.05]).log()
    for t in TEMPERATURES[1:]:
        for f in (even_rest, uneven_rest):
            assert (softmax(known.double(), t) > softmax(f(known, 100), t)[:3]).all()


def test_nothing_is_hidden_where_all_tokens_are_shown() -> None:
    known = torch.tensor([0.7, 0.3]).log()
    for f in (even_rest, uneven_rest):
        assert softmax(f(known, 2)).tolist() == pytest.approx([0.7, 0.3], abs=2e-6)
        assert softmax(f(known, 4))[2:].sum() == pytest.approx(0, abs=2e-6)


def test_a_certain_token_and_one_that_underflows() -> None:
    for f in (even_rest, uneven_rest):
        logits = f(torch.tensor([0.0, -900.0], dtype=torch.float64), 5)
        assert softmax(logits, 2.0)[0] == pytest.approx(1, abs=0.002)


@pytest.mark.parametrize("f", [even_rest, uneven_rest])
@pytest.mark.parametrize(
    "log_probs, vocab_size, message",
    [
        ([], 5, "log_probs: .* no row of finite numbers"),
        ([[-1.0]], 5, "log_probs: .* no row of finite numbers"),
        ([-1.0, -math.inf], 5, "log_probs: .* no row of finite numbers"),
        ([math.nan], 5, "log_probs: .* no row of finite numbers"),
        ([0.5], 5, "log_probs: .* add up to 1.6487"),
        (
            [-0.3, -0.3],
            5,
            "log_probs: .* add up to 1.4816.*different tokens, at temperature 1",
        ),
        ([-1.0, -2.0], 1, "vocab_size: 1 leaves -1 tokens"),
        ([-1.0, -2.0], 2, "vocab_size: 2 leaves 0 tokens for the remaining 0.4968"),
        ([-1.0, -5.0], 40, "each no likelier than 0.0067; give the number of tokens"),
    ],
)
def test_numbers_that_cannot_be(f, log_probs, vocab_size, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        f(torch.tensor(log_probs), vocab_size)
