"""Filters and penalties against brute force, and against Transformers."""

import itertools
import math
import re
from fractions import Fraction

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.magnitudes import DTYPES, MAGNITUDES
from support.tensors import tensor
from torch import Tensor

from lmlib.sampling import next_probs, penalise_repetition, top_k_filter, top_p_filter
from lmlib.softmax import softmax

# Few different values, so that ties are common; −inf is an impossible token.
LOGITS = st.lists(
    st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0, 3.0, -math.inf]), min_size=1, max_size=9
).filter(lambda logits: max(logits) > -math.inf)


def by_rank(logits: list[float]) -> list[int]:
    return sorted(range(len(logits)), key=lambda i: (-logits[i], i))


def kept(filtered: Tensor, logits: list[float]) -> set[int]:
    """Ids left possible; those keep their logits, bit for bit."""
    assert all(
        x == logits[i] or x == -math.inf for i, x in enumerate(filtered.tolist())
    )
    return {i for i, x in enumerate(filtered.tolist()) if x > -math.inf}


def possible(logits: list[float]) -> set[int]:
    return {i for i, x in enumerate(logits) if x > -math.inf}


@settings(deadline=None)
@given(LOGITS, st.integers(1, 12))
def test_top_k_by_brute_force(logits: list[float], k: int) -> None:
    filtered = top_k_filter(tensor(logits), k)
    assert kept(filtered, logits) == set(by_rank(logits)[:k]) & possible(logits)


@settings(deadline=None)
@given(LOGITS, st.floats(0.001, 0.999))
def test_top_p_by_brute_force(logits: list[float], p: float) -> None:
    """Of all sets that reach p the smallest, then the likeliest, then the one with the lower ids."""
    powers = [math.exp(x) for x in logits]
    probs = [power / sum(powers) for power in powers]
    ids = sorted(possible(logits), key=lambda i: (-probs[i], i))
    sums = list(itertools.accumulate(probs[i] for i in ids))
    assume(all(abs(s - p) > 1e-9 for s in sums))  # on the edge rounding decides
    size = min(
        n
        for n in range(1, len(ids) + 1)
        if max(map(sum, itertools.combinations(probs, n))) >= p
    )
    assert kept(top_p_filter(tensor(logits), p), logits) == set(ids[:size])


@settings(deadline=None)
@given(LOGITS, st.floats(0.0, 1.0, exclude_min=True))
def test_top_p_keeps_at_least_one_and_reaches_p(logits: list[float], p: float) -> None:
    left = kept(top_p_filter(tensor(logits), p), logits)
    assert by_rank(logits)[0] in left
    assert softmax(tensor(logits))[sorted(left)].sum() >= p - 1e-12


def test_top_p_of_one_keeps_all() -> None:
    logits = torch.tensor([50.0, 0.0, -50.0])
    assert torch.equal(top_p_filter(logits, 1.0), logits)
    assert top_p_filter(logits, 1 - 1e-9).isneginf().any()


def test_filters_work_on_each_row() -> None:
    logits = torch.randn(
        3, 4, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    for function, value in ((top_k_filter, 3), (top_p_filter, 0.7)):
        rows = [function(row, value) for row in logits.reshape(-1, 9)]
        assert torch.equal(function(logits, value), torch.stack(rows).reshape(3, 4, 9))


@settings(deadline=None)
@given(LOGITS, st.floats(0.1, 10), st.integers(1, 9), st.floats(0.05, 0.95))
def test_next_probs_in_steps(
    logits: list[float], temperature: float, k: int, p: float
) -> None:
    """Temperature, top-k, top-p of what is left, one after the other in plain Python."""
    left = [i for i in by_rank(logits)[:k] if logits[i] > -math.inf]
    powers = {i: math.exp(logits[i] / temperature) for i in left}
    shares = {i: powers[i] / sum(powers.values()) for i in left}
    sums = list(itertools.accumulate(shares.values()))
    assume(all(abs(s - p) > 1e-9 for s in sums))
    nucleus = left[: 1 + sum(s < p for s in sums)]
    expected = [
        shares[i] / sum(shares[j] for j in nucleus) if i in nucleus else 0.0
        for i in range(len(logits))
    ]
    assert next_probs(tensor(logits), temperature, k, p).tolist() == pytest.approx(
        expected, abs=1e-12
    )


@settings(deadline=None)
@given(LOGITS)
def test_temperature_zero_is_greedy(logits: list[float]) -> None:
    probs = next_probs(tensor(logits), temperature=0)
    assert probs.tolist() == [
        float(i == by_rank(logits)[0]) for i in range(len(logits))
    ]
    assert torch.equal(
        probs, next_probs(tensor(logits), temperature=0, top_k=3, top_p=0.5)
    )


def test_greedy_tells_close_logits_apart() -> None:
    assert next_probs(torch.tensor([1e-8, 2e-8]), temperature=0).tolist() == [0.0, 1.0]


def test_tiny_temperature_does_not_overflow() -> None:
    assert next_probs(torch.tensor([1000.0, 999.0]), temperature=1e-40).tolist() == [
        1.0,
        0.0,
    ]


@pytest.mark.parametrize("k", [0, -1])
def test_bad_top_k(k: int) -> None:
    with pytest.raises(ValueError, match=rf"top_k: {k} keeps nothing; use 1 or more"):
        top_k_filter(torch.zeros(3), k)
    with pytest.raises(ValueError, match=rf"top_k: {k} "):
        next_probs(torch.zeros(3), temperature=0, top_k=k)


@pytest.mark.parametrize("p", [0.0, -0.1, 1.1, math.nan])
def test_bad_top_p(p: float) -> None:
    with pytest.raises(
        ValueError, match=rf"top_p: {p} is outside \(0, 1\]; use 1 to keep all"
    ):
        top_p_filter(torch.zeros(3), p)


@settings(deadline=None)
@given(LOGITS, st.lists(st.integers(0, 8), min_size=1), st.floats(0.2, 5))
def test_repetition_penalty_by_hand(
    logits: list[float], text: list[int], penalty: float
) -> None:
    text = [i % len(logits) for i in text]
    out = penalise_repetition(tensor(logits), torch.tensor(text), penalty).tolist()
    for i, x in enumerate(logits):
        expected = (x / penalty if x > 0 else x * penalty) if i in text else x
        assert out[i] == pytest.approx(expected)


class TestAgainstTransformers:
    """The same numbers as its logits processors."""

    @pytest.fixture
    def peer(self):
        return pytest.importorskip("transformers")

    @pytest.fixture
    def scores(self) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        return 3 * torch.randn(200, 50, generator=generator, dtype=torch.float64)

    @pytest.mark.parametrize("k", [1, 5, 50])
    def test_top_k(self, peer, scores: Tensor, k: int) -> None:
        assert torch.equal(
            top_k_filter(scores, k), peer.TopKLogitsWarper(k)(None, scores.clone())
        )

    def test_top_k_of_equals(self, peer) -> None:
        """The one difference: the other side keeps all that equal the k-th, ours k."""
        equal = torch.tensor([[1.0, 2.0, 2.0, 2.0]])
        assert top_k_filter(equal, 2).isfinite().sum() == 2
        assert peer.TopKLogitsWarper(2)(None, equal).isfinite().sum() == 3

    @pytest.mark.parametrize("p", [0.01, 0.5, 0.9, 0.99])
    def test_top_p(self, peer, scores: Tensor, p: float) -> None:
        theirs = peer.TopPLogitsWarper(p)(None, scores.clone())
        assert torch.equal(top_p_filter(scores, p), theirs)

    @pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
    def test_temperature(self, peer, scores: Tensor, temperature: float) -> None:
        theirs = peer.TemperatureLogitsWarper(temperature)(None, scores.clone())
        torch.testing.assert_close(next_probs(scores, temperature), theirs.softmax(-1))

    @pytest.mark.parametrize("penalty", [0.5, 1.0, 1.3])
    def test_repetition(self, peer, scores: Tensor, penalty: float) -> None:
        text = torch.randint(50, (200, 30), generator=torch.Generator().manual_seed(1))
        theirs = peer.RepetitionPenaltyLogitsProcessor(penalty)(text, scores.clone())
        torch.testing.assert_close(penalise_repetition(scores, text, penalty), theirs)

    def test_all_in_the_same_order(self, peer, scores: Tensor) -> None:
        theirs = scores.clone()
        for warper in (
            peer.TemperatureLogitsWarper(0.7),
            peer.TopKLogitsWarper(20),
            peer.TopPLogitsWarper(0.8),
        ):
            theirs = warper(None, theirs)
        torch.testing.assert_close(next_probs(scores, 0.7, 20, 0.8), theirs.softmax(-1))


every_dtype = pytest.mark.parametrize("dtype", DTYPES)


@every_dtype
def test_top_p_of_tenths(dtype: torch.dtype) -> None:
    """0.5 and 0.3 hold 0.8, though no binary number is 0.3."""
    logits = torch.tensor([0.3, 0.1, 0.1, 0.5]).log().to(dtype)
    assert top_p_filter(logits, 0.8).isfinite().tolist() == [True, False, False, True]
    probs = next_probs(logits, top_p=0.8)
    assert (probs > 0).tolist() == [True, False, False, True]
    assert probs.tolist() == pytest.approx([0.375, 0, 0, 0.625], abs=4e-3)


def partitions(n: int, largest: int) -> list[list[int]]:
    """All ways to share out n, the larger shares first."""
    if n == 0:
        return [[]]
    return [
        [part, *rest]
        for part in range(min(n, largest), 0, -1)
        for rest in partitions(n - part, part)
    ]


@every_dtype
@pytest.mark.parametrize("p", [Fraction(i, 20) for i in range(1, 21)], ids=str)
def test_top_p_on_every_border_of_twentieths(dtype: torch.dtype, p: Fraction) -> None:
    """Every distribution of twentieths: the count of tokens is that of exact arithmetic."""
    shares = partitions(20, 20)
    rows = torch.tensor([[*row, *[0] * (20 - len(row))] for row in shares])
    order = torch.randperm(20, generator=torch.Generator().manual_seed(0))
    logits = (rows.double() / 20).log()[:, order].to(dtype)
    expected = [
        1 + sum(Fraction(total, 20) < p for total in itertools.accumulate(row[:-1]))
        for row in shares
    ]
    assert (top_p_filter(logits, float(p)) > -math.inf).sum(-1).tolist() == expected
    assert (next_probs(logits, top_p=float(p)) > 0).sum(-1).tolist() == expected


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@settings(deadline=None)
@given(
    st.lists(st.integers(1, 20), min_size=1, max_size=8),
    st.integers(1, 9),
    st.integers(1, 20),
)
def test_top_p_of_what_top_k_leaves(
    dtype: torch.dtype, shares: list[int], k: int, twentieths: int
) -> None:
    left = sorted(shares, reverse=True)[:k]
    p = Fraction(twentieths, 20)
    sums = [Fraction(total, sum(left)) for total in itertools.accumulate(left)]
    logits = torch.tensor(shares, dtype=dtype).log()
    probs = next_probs(logits, top_k=k, top_p=float(p))
    assert (probs > 0).sum() == 1 + sum(total < p for total in sums[:-1])


@every_dtype
@settings(deadline=None)
@given(
    LOGITS, MAGNITUDES, st.sampled_from([None, 0.5, 1.0]), st.sampled_from([None, 2])
)
def test_any_temperature_gives_a_distribution_or_an_error_that_names_it(
    dtype: torch.dtype,
    logits: list[float],
    temperature: float,
    p: float | None,
    k: int | None,
) -> None:
    try:
        probs = next_probs(torch.tensor(logits, dtype=dtype), temperature, k, p)
    except ValueError as error:
        assert str(error).startswith(f"temperature: {temperature} is ")
        assert dtype != torch.float64 and not 1e-44 < temperature < 3e38
        return
    assert not probs.isnan().any() and probs.sum().item() == pytest.approx(1, abs=0.03)
    assert not probs[torch.tensor(logits) == -math.inf].any()
    highest = torch.tensor(logits) == max(logits)
    if temperature < 1e-3:
        assert not probs[~highest].any()
    if temperature > 1e3 and k is None and p != 0.5:
        assert probs[torch.tensor(logits) > -math.inf].std(unbiased=False) < 0.02


@every_dtype
@pytest.mark.parametrize("temperature", [1e-50, 1e-46, 1e45])
def test_temperatures_that_such_numbers_cannot_be_divided_by(
    dtype: torch.dtype, temperature: float
) -> None:
    logits = torch.tensor([2.0, -math.inf, 1.0], dtype=dtype)
    if dtype == torch.float64:
        limit = [1.0, 0.0, 0.0] if temperature < 1 else [0.5, 0.0, 0.5]
        assert next_probs(logits, temperature).tolist() == limit
        return
    said = re.escape(f"temperature: {temperature} is 0 or infinite as {dtype}")
    for filters in ({}, {"top_k": 2}, {"top_p": 0.9}, {"top_k": 1, "top_p": 1.0}):
        with pytest.raises(ValueError, match=said):
            next_probs(logits, temperature, **filters)


@every_dtype
@settings(deadline=None)
@given(LOGITS, MAGNITUDES)
def test_any_penalty_gives_its_numbers_or_an_error_that_names_it(
    dtype: torch.dtype, logits: list[float], penalty: float
) -> None:
    """Where no number that was finite becomes infinite; 0 and −∞ stay as they are."""
    scores, text = torch.tensor(logits, dtype=dtype), torch.arange(len(logits))
    try:
        out = penalise_repetition(scores, text, penalty)
    except ValueError as error:
        assert str(error).startswith(f"repetition_penalty: {penalty} ")
        finite = [x for x in logits if x > -math.inf]
        assert dtype != torch.float64 or any(
            math.isinf(x / penalty if x > 0 else x * penalty) for x in finite
        )
        assert not 1e-3 < penalty < 1e3
        return
    assert not out.isnan().any()
    assert (out == -math.inf).tolist() == [x == -math.inf for x in logits]
    assert ((out == 0) | (scores != 0)).all()  # what was 0 stays so
    assert (out.sign() * scores.sign() >= 0).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("penalty", [1e-46, 1e-45, 1e45, 1e39])
def test_penalties_that_such_numbers_cannot_be_divided_by(
    dtype: torch.dtype, penalty: float
) -> None:
    text = torch.tensor([0, 1, 2])
    for logits in ([2.0, -1.0, 0.0], [-1.0, -math.inf, 1.0]):
        with pytest.raises(
            ValueError, match=rf"repetition_penalty: {re.escape(str(penalty))} "
        ):
            penalise_repetition(torch.tensor(logits, dtype=dtype), text, penalty)


def test_a_penalty_that_makes_a_logit_infinite() -> None:
    match = r"repetition_penalty: 100000.0 makes a logit infinite as torch.float16; .*nearer to 1"
    half = torch.tensor([-2.0, 1.0], dtype=torch.float16)
    with pytest.raises(ValueError, match=match):
        penalise_repetition(half, torch.tensor([0]), 1e5)
    assert penalise_repetition(half, torch.tensor([1]), 1e5)[0] == -2
    impossible = torch.tensor([-math.inf, 1.0])  # that it was before
    assert penalise_repetition(impossible, torch.tensor([0]), 1e5)[0] == -math.inf
