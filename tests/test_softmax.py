"""Softmax and its losses: loop, lmlib and PyTorch give the same numbers."""

import itertools
import math
import re

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.magnitudes import DTYPES, MAGNITUDES
from torch.nn import functional as F

from lmlib.softmax import cross_entropy, entropy, log_softmax, perplexity, softmax

LOGITS = st.lists(st.floats(-1e3, 1e3, allow_subnormal=False), min_size=1, max_size=12)
TEMPERATURES = st.floats(0.01, 100.0)


def random_logits(*shape: int, seed: int = 0) -> torch.Tensor:
    return 3 * torch.randn(
        *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def loop_softmax(logits: list[float], temperature: float = 1.0) -> list[float]:
    powers = [math.exp(logit / temperature) for logit in logits]
    return [power / sum(powers) for power in powers]


def tensor(values: list[float]) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_loop_library_and_torch_agree(temperature: float) -> None:
    logits = random_logits(5, 7)
    loop = torch.tensor(
        [loop_softmax(row, temperature) for row in logits.tolist()], dtype=torch.float64
    )
    probs = softmax(logits, temperature)
    torch.testing.assert_close(probs, loop, rtol=0, atol=1e-14)
    torch.testing.assert_close(
        probs, torch.softmax(logits / temperature, dim=-1), rtol=0, atol=1e-14
    )


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_log_softmax_is_the_logarithm(temperature: float) -> None:
    logits = random_logits(5, 7)
    loop = tensor(
        [
            [math.log(p) for p in loop_softmax(row, temperature)]
            for row in logits.tolist()
        ]
    )
    torch.testing.assert_close(
        log_softmax(logits, temperature), loop, rtol=0, atol=1e-13
    )
    torch.testing.assert_close(
        log_softmax(logits, temperature),
        F.log_softmax(logits / temperature, -1),
        rtol=0,
        atol=1e-13,
    )


@pytest.mark.parametrize("dim", [0, 1, 2, -2])
def test_any_dimension(dim: int) -> None:
    logits = random_logits(2, 3, 4)
    torch.testing.assert_close(softmax(logits, dim=dim), torch.softmax(logits, dim))
    torch.testing.assert_close(
        entropy(softmax(logits, dim=dim), dim=dim).shape, logits.sum(dim).shape
    )


def test_large_logits_do_not_overflow() -> None:
    assert softmax(tensor([1e4, 1e4 - 1.0, -1e4])).tolist() == pytest.approx(
        [1 / (1 + 1 / math.e), 1 / (1 + math.e), 0]
    )
    assert log_softmax(tensor([1e4, -1e4])).tolist() == [0.0, -2e4]
    assert softmax(torch.tensor([1000.0, 999.0]), temperature=1e-40).tolist() == [
        1.0,
        0.0,
    ]


def test_impossible_token_gets_exactly_zero() -> None:
    probs = softmax(tensor([1.0, -math.inf, 1.0]), temperature=2.0)
    assert probs.tolist() == [0.5, 0.0, 0.5]
    assert log_softmax(tensor([1.0, -math.inf]))[1] == -math.inf
    assert cross_entropy(tensor([[1.0, -math.inf]]), torch.tensor([1])) == math.inf


@settings(deadline=None)
@given(LOGITS, TEMPERATURES)
def test_sums_to_one_and_keeps_the_order(
    logits: list[float], temperature: float
) -> None:
    probs = softmax(tensor(logits), temperature).tolist()
    assert sum(probs) == pytest.approx(1.0, abs=1e-12)
    by_logit = sorted(range(len(logits)), key=lambda i: logits[i])
    assert all(probs[i] <= probs[j] for i, j in itertools.pairwise(by_logit))


@settings(deadline=None)
@given(LOGITS, st.floats(-100, 100))
def test_adding_a_constant_changes_nothing(
    logits: list[float], constant: float
) -> None:
    torch.testing.assert_close(
        softmax(tensor(logits) + constant),
        softmax(tensor(logits)),
        rtol=1e-9,
        atol=1e-12,
    )


@settings(deadline=None)
@given(LOGITS, TEMPERATURES)
def test_temperature_divides_the_logits(
    logits: list[float], temperature: float
) -> None:
    expected = torch.softmax(tensor(logits) / temperature, -1)
    torch.testing.assert_close(
        softmax(tensor(logits), temperature), expected, rtol=1e-8, atol=1e-12
    )


@settings(deadline=None)
@given(LOGITS, TEMPERATURES, TEMPERATURES)
def test_higher_temperature_opens_the_choice(
    logits: list[float], one: float, other: float
) -> None:
    low, high = sorted([one, other])
    assert (
        entropy(softmax(tensor(logits), low))
        <= entropy(softmax(tensor(logits), high)) + 1e-9
    )
    assert (
        softmax(tensor(logits), low).max()
        >= softmax(tensor(logits), high).max() - 1e-12
    )


def test_gradients_agree_with_torch() -> None:
    ours, theirs = (random_logits(4, 6).requires_grad_() for _ in range(2))
    targets = torch.tensor([0, 5, 2, 2])
    cross_entropy(ours, targets).backward()
    F.cross_entropy(theirs, targets).backward()
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=0, atol=1e-15)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_cross_entropy_loop_library_and_torch(reduction: str) -> None:
    logits, targets = random_logits(6, 5), torch.tensor([0, 4, 2, 2, 1, 3])
    losses = [
        -math.log(loop_softmax(row)[i])
        for row, i in zip(logits.tolist(), targets.tolist(), strict=True)
    ]
    loop = {"mean": sum(losses) / len(losses), "sum": sum(losses), "none": losses}[
        reduction
    ]
    ours = cross_entropy(logits, targets, reduction)
    assert ours.tolist() == pytest.approx(loop, abs=1e-13)
    torch.testing.assert_close(
        ours, F.cross_entropy(logits, targets, reduction=reduction)
    )


def test_cross_entropy_of_a_batch_of_sequences() -> None:
    logits, targets = random_logits(2, 3, 5), torch.tensor([[0, 1, 2], [3, 4, 0]])
    losses = cross_entropy(logits, targets, "none")
    assert losses.shape == (2, 3)
    torch.testing.assert_close(
        losses, F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    )


def test_entropy_loop_library_and_torch() -> None:
    probs = softmax(random_logits(4, 6))
    loop = [-sum(p * math.log(p) for p in row) for row in probs.tolist()]
    assert entropy(probs).tolist() == pytest.approx(loop, abs=1e-14)
    torch.testing.assert_close(
        entropy(probs), torch.distributions.Categorical(probs=probs).entropy()
    )


@settings(deadline=None)
@given(LOGITS, LOGITS)
def test_no_guess_has_a_lower_cross_entropy_than_the_truth(
    truth: list[float], guess: list[float]
) -> None:
    size = min(len(truth), len(guess))
    p, log_q = softmax(tensor(truth[:size])), log_softmax(tensor(guess[:size]))
    assert -(p * log_q).sum() >= entropy(p) - 1e-9


def test_entropy_ends() -> None:
    assert entropy(tensor([1.0, 0.0, 0.0])) == 0
    assert entropy(
        torch.full((8,), 1 / 8, dtype=torch.float64)
    ).item() == pytest.approx(math.log(8), abs=1e-15)


def test_perplexity_counts_equally_likely_tokens() -> None:
    logits = torch.zeros(3, 10)
    assert perplexity(cross_entropy(logits, torch.tensor([1, 2, 3]))) == pytest.approx(
        10, rel=1e-6
    )
    assert perplexity(0.0) == 1.0


@pytest.mark.parametrize("function", [softmax, log_softmax])
@pytest.mark.parametrize("temperature", [0.0, -0.5, math.nan, math.inf])
def test_bad_temperature(function, temperature: float) -> None:
    with pytest.raises(ValueError, match=rf"temperature: {temperature} .*argmax"):
        function(torch.zeros(3), temperature)


@pytest.mark.parametrize("function", [softmax, log_softmax])
@pytest.mark.parametrize(
    ("logits", "message"),
    [
        ([0.0, math.nan], r"logits: hold NaN.*overflow"),
        ([0.0, math.inf], r"logits: hold \+inf.*overflow"),
        ([-math.inf, -math.inf], r"logits: −inf everywhere.*leave at least one"),
    ],
)
def test_bad_logits(function, logits: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        function(tensor([logits, [0.0, 1.0]]))


def test_bad_targets() -> None:
    with pytest.raises(
        ValueError, match=r"targets: shape \(2,\) does not fit logits \(3, 5\)"
    ):
        cross_entropy(torch.zeros(3, 5), torch.tensor([0, 1]))
    with pytest.raises(
        ValueError, match="targets: 5 is no token's id; ids run from 0 to 4"
    ):
        cross_entropy(torch.zeros(2, 5), torch.tensor([0, 5]))
    with pytest.raises(ValueError, match="targets: -100 is no token's id"):
        cross_entropy(torch.zeros(2, 5), torch.tensor([-100, 1]))
    with pytest.raises(ValueError, match=r"reduction: 'average' .*'mean'"):
        cross_entropy(torch.zeros(1, 5), torch.tensor([0]), "average")


@pytest.mark.parametrize(
    ("probs", "value"),
    [
        ([0.5, 0.6], "1.1"),
        ([1.5, -0.5], "-0.5"),
        ([2.0, 1.0], "3"),
        ([math.nan, 1.0], "nan"),
    ],
)
def test_entropy_of_what_is_no_distribution(probs: list[float], value: str) -> None:
    with pytest.raises(ValueError, match=rf"probs: .*{value}.*apply softmax"):
        entropy(tensor(probs))


@settings(deadline=None)
@given(st.lists(st.floats(-20, 20), min_size=2, max_size=6))
def test_a_tiny_temperature_is_the_argmax(logits: list[float]) -> None:
    highest = sorted(logits)
    assume(highest[-1] - highest[-2] > 1e-3)
    assert softmax(tensor(logits), temperature=1e-6).tolist() == [
        float(x == highest[-1]) for x in logits
    ]


ROUNDING = {
    torch.float16: 5e-3,
    torch.bfloat16: 4e-2,
    torch.float32: 1e-5,
    torch.float64: 1e-12,
}
FEW_LOGITS = st.lists(
    st.sampled_from([-math.inf, -8.0, -1.0, 0.0, 0.5, 2.0, 60.0]),
    min_size=1,
    max_size=6,
).filter(lambda logits: max(logits) > -math.inf)


def limit(logits: list[float], temperature: float) -> list[float]:
    """The softmax in Python's numbers, which go to ±∞ where they become too large."""
    powers = [math.exp((x - max(logits)) / temperature) for x in logits]
    return [power / sum(powers) for power in powers]


@pytest.mark.parametrize("dtype", DTYPES)
@settings(deadline=None)
@given(FEW_LOGITS, MAGNITUDES)
def test_any_temperature_gives_its_limit_or_an_error_that_names_it(
    dtype: torch.dtype, logits: list[float], temperature: float
) -> None:
    try:
        probs = softmax(torch.tensor(logits, dtype=dtype), temperature)
    except ValueError as error:
        assert str(error).startswith(f"temperature: {temperature} is ")
        # Only where the numbers of this kind end, or 0 begins.
        assert dtype != torch.float64 and not 1e-44 < temperature < 3e38
        return
    assert probs.dtype == dtype
    expected = limit(logits, temperature)
    assert probs.tolist() == pytest.approx(expected, abs=ROUNDING[dtype])
    logs = log_softmax(torch.tensor(logits, dtype=dtype), temperature)
    assert not logs.isnan().any() and torch.equal(logs.exp(), probs)


@pytest.mark.parametrize("function", [softmax, log_softmax])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("temperature", [1e-50, 1e-46, 1e39, 1e45])
@pytest.mark.parametrize("logits", [[1.0, 2.0, 3.0], [1.0, -math.inf], [0.0]])
def test_temperatures_that_such_numbers_cannot_be_divided_by(
    function, dtype: torch.dtype, temperature: float, logits: list[float]
) -> None:
    said = re.escape(
        f"temperature: {temperature} is 0 or infinite as {dtype}; in the limit"
    )
    with pytest.raises(ValueError, match=said):
        function(torch.tensor(logits, dtype=dtype), temperature)
    exact = function(tensor(logits), temperature)  # in double precision it can
    assert not exact.isnan().any()
