"""Checks at the border: what passes, what does not, and a sentence with the argument, the value and a way out."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.magnitudes import DTYPES

from lmlib.validation import (
    check_choice,
    check_divisor,
    check_highest,
    check_ids,
    check_positive,
    check_probs,
    check_temperature,
)


@pytest.fixture
def compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)


@pytest.mark.parametrize("value", [0, -1, -0.0, math.inf, -math.inf, math.nan])
def test_numbers_that_are_not_positive(value: float) -> None:
    with pytest.raises(ValueError, match=rf"^b: {value} must be above 0 and finite$"):
        check_positive(a=1, b=value, c=0)
    check_positive()
    check_positive(a=5e-324, b=1e308, c=10**400)


def test_a_choice_that_is_none() -> None:
    check_choice("kind", "b", ("a", "b"))
    with pytest.raises(
        ValueError, match=r"^kind: 'd' is not known; use 'a', 'b' or 'c'"
    ):
        check_choice("kind", "d", ("a", "b", "c"))
    with pytest.raises(ValueError, match=r"^kind: None is not known; use 'a' or 'b'$"):
        check_choice("kind", None, {"a": 1, "b": 2})


@settings(deadline=None)
@given(st.lists(st.integers(-3, 12), max_size=6), st.integers(1, 9))
def test_ids_in_a_tensor_and_in_a_list(ids: list[int], vocab_size: int) -> None:
    wrong = [i for i in ids if not 0 <= i < vocab_size]
    for given_ids in (ids, torch.tensor(ids, dtype=torch.long)):
        if not wrong:
            check_ids("tokens", given_ids, vocab_size)
            continue
        with pytest.raises(
            ValueError,
            match=rf"^tokens: {wrong[0]} is no token's id; ids run from 0 to {vocab_size - 1}, so",
        ):
            check_ids("tokens", given_ids, vocab_size, ", so")


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 3)])
def test_no_ids_are_no_error(shape: tuple[int, ...]) -> None:
    check_ids("tokens", torch.zeros(shape, dtype=torch.long), 1)


def test_ids_of_a_batch() -> None:
    with pytest.raises(ValueError, match="tokens: 7 is no token's id"):
        check_ids("tokens", torch.tensor([[0, 1], [7, -1]]), 4)


@pytest.mark.parametrize("dtype", DTYPES)
@settings(deadline=None)
@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_divisor_is_refused_exactly_where_dividing_goes_wrong(
    dtype: torch.dtype, value: float
) -> None:
    """0 must stay 0 and −∞ must stay −∞: neither may become NaN, or the other."""
    ends = torch.tensor([0.0, -math.inf], dtype=dtype)
    fine = value > 0 and (ends / value).tolist() == [0.0, -math.inf]
    if fine and value < math.inf:
        check_divisor("d", value, dtype, "hint")
    else:
        with pytest.raises(ValueError, match=r"^d: .*; hint$"):
            check_divisor("d", value, dtype, "hint")


@pytest.mark.parametrize(
    ("temperature", "dtype", "said"),
    [
        (0.0, torch.float32, "0.0 is not above 0 and finite"),
        (math.nan, torch.float64, "nan is not above 0 and finite"),
        (1e-50, torch.float32, "1e-50 is 0 or infinite as torch.float32"),
        (1e-50, torch.float16, "1e-50 is 0 or infinite as torch.float16"),
        (1e45, torch.bfloat16, r"1e\+45 is 0 or infinite as torch.bfloat16"),
    ],
)
def test_temperatures(temperature: float, dtype: torch.dtype, said: str) -> None:
    with pytest.raises(ValueError, match=rf"^temperature: {said}; .* argmax instead$"):
        check_temperature(temperature, dtype)
    check_temperature(1e-50, torch.float64)
    check_temperature(1e45, torch.float64)


@pytest.mark.parametrize(
    ("highest", "said"),
    [
        ([1.0, math.nan], "hold NaN"),
        ([math.inf, 1.0], r"hold \+inf"),
        ([math.inf, math.nan], "hold NaN"),
        ([1.0, -math.inf], "−inf everywhere"),
    ],
)
def test_highest_logits_that_tell_of_trouble(highest: list[float], said: str) -> None:
    with pytest.raises(ValueError, match=rf"^logits: {said}"):
        check_highest(torch.tensor(highest))
    check_highest(torch.tensor([-1e30, 0.0]))


@pytest.mark.parametrize(
    "probs", [[0.5, 0.4], [1.5, -0.5], [math.nan, 1.0], [0.0, 0.0]]
)
def test_what_is_no_distribution(probs: list[float]) -> None:
    with pytest.raises(ValueError, match=r"^probs: .*apply softmax to logits first$"):
        check_probs(torch.tensor(probs), 0)
    check_probs(torch.tensor([[0.5, 1.0], [0.5, 0.0]]), 0)


def test_compiled_code_does_not_stop_to_look_at_numbers(compiling: None) -> None:
    check_ids("tokens", torch.tensor([99]), 4)
    check_highest(torch.tensor([math.nan]))
