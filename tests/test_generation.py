"""Filters against brute force, and the loop that writes."""

import itertools
import math

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor

from lmlib.generation import generate, next_probs, top_k_filter, top_p_filter
from lmlib.grammar import END
from lmlib.ngrams import NGram
from lmlib.softmax import softmax
from lmlib.stories import STORIES
from lmlib.tokens import WordTokenizer, sequences

# Few different values, so that ties are common; −inf is an impossible token.
LOGITS = st.lists(
    st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0, 3.0, -math.inf]), min_size=1, max_size=9
).filter(lambda logits: max(logits) > -math.inf)


def tensor(values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def by_rank(logits: list[float]) -> list[int]:
    return sorted(range(len(logits)), key=lambda i: (-logits[i], i))


def kept(filtered: Tensor, logits: list[float]) -> set[int]:
    """Ids left possible; those keep their logits, bit for bit."""
    assert all(x == logits[i] or x == -math.inf for i, x in enumerate(filtered.tolist()))
    return {i for i, x in enumerate(filtered.tolist()) if x > -math.inf}


def possible(logits: list[float]) -> set[int]:
    return {i for i, x in enumerate(logits) if x > -math.inf}


@given(LOGITS, st.integers(1, 12))
def test_top_k_by_brute_force(logits: list[float], k: int) -> None:
    filtered = top_k_filter(tensor(logits), k)
    assert kept(filtered, logits) == set(by_rank(logits)[:k]) & possible(logits)


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


@given(LOGITS)
def test_temperature_zero_is_greedy(logits: list[float]) -> None:
    probs = next_probs(tensor(logits), temperature=0)
    assert probs.tolist() == [float(i == by_rank(logits)[0]) for i in range(len(logits))]
    assert torch.equal(probs, next_probs(tensor(logits), temperature=0, top_k=3, top_p=0.5))


def test_greedy_tells_close_logits_apart() -> None:
    assert next_probs(torch.tensor([1e-8, 2e-8]), temperature=0).tolist() == [0.0, 1.0]


def test_tiny_temperature_does_not_overflow() -> None:
    assert next_probs(torch.tensor([1000.0, 999.0]), temperature=1e-40).tolist() == [
        1.0,
        0.0,
    ]


def after(tokens: Tensor) -> Tensor:
    """A model of 5 tokens whose next token is the sum of all so far, or, less likely, one more."""
    total = tokens.cumsum(1)
    hot = torch.nn.functional.one_hot
    return (0.75 * hot(total % 5, 5) + 0.25 * hot((total + 1) % 5, 5)).log()


def test_greedy_generation_sees_all_tokens() -> None:
    out = generate(after, torch.tensor([[1, 2], [0, 1]]), max_new_tokens=4, temperature=0)
    assert out.tolist() == [[1, 2, 3, 1, 2, 4], [0, 1, 1, 2, 4, 3]]


def test_draws_follow_the_probabilities() -> None:
    n = 4000
    out = generate(
        after,
        torch.zeros(n, 1, dtype=torch.int64),
        1,
        generator=torch.Generator().manual_seed(0),
    )
    assert set(out[:, 1].tolist()) == {0, 1}
    assert out[:, 1].double().mean() == pytest.approx(
        0.25, abs=4 * math.sqrt(0.25 * 0.75 / n)
    )


def test_same_generator_same_text() -> None:
    def run(seed: int) -> Tensor:
        return generate(
            after, torch.tensor([[0]]), 30, generator=torch.Generator().manual_seed(seed)
        )

    assert torch.equal(run(1), run(1))
    assert not torch.equal(run(1), run(2))
    assert generate(after, torch.tensor([[0, 1]]), 0).tolist() == [[0, 1]]


def test_settings_reach_the_model() -> None:
    prompt, generator = (
        torch.zeros(500, 1, dtype=torch.int64),
        torch.Generator().manual_seed(0),
    )
    for settings in ({"top_k": 1}, {"top_p": 0.5}, {"temperature": 0.05}):
        assert (
            generate(after, prompt, 1, generator=generator, **settings)[:, 1] == 0
        ).all()
    hot = (
        generate(after, prompt, 1, temperature=100.0, generator=generator)[:, 1]
        .double()
        .mean()
    )
    assert hot == pytest.approx(0.5, abs=0.1)


def test_the_grammar_writes_its_own_stories() -> None:
    start = torch.tensor([[STORIES.ids[END]]])
    out = generate(STORIES, start, 150, generator=torch.Generator().manual_seed(0))[0]
    assert STORIES(out[None]).shape == (
        1,
        151,
        STORIES.vocab_size,
    )  # every word can stand where it stands
    assert [STORIES.vocab[i] for i in out[:4]] == [END, "once", "upon", "a"]


def test_an_n_gram_writes_with_the_same_loop() -> None:
    tokenizer = WordTokenizer(STORIES.vocab)
    model = NGram(3, len(tokenizer.vocab)).fit(
        sequences(STORIES.sample(50, seed=0), tokenizer)
    )
    out = generate(model, torch.tensor([[0]]), 5, temperature=0)
    assert tokenizer.decode(out[0]) == f"{END} once upon a time a"


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


@pytest.mark.parametrize("temperature", [-1.0, math.nan, math.inf])
def test_bad_temperature(temperature: float) -> None:
    with pytest.raises(ValueError, match=rf"temperature: {temperature} is not above 0"):
        generate(after, torch.tensor([[0]]), 1, temperature)


@pytest.mark.parametrize("settings", [{}, {"top_k": 1}, {"top_p": 0.5}, {"temperature": 0}])
def test_logits_that_hold_nan(settings: dict) -> None:
    with pytest.raises(ValueError, match="logits: hold NaN"):
        generate(
            lambda tokens: torch.full((*tokens.shape, 3), math.nan),
            torch.tensor([[0]]),
            1,
            **settings,
        )


@pytest.mark.parametrize("shape", [(1, 0), (3,)])
def test_empty_prompt(shape: tuple[int, ...]) -> None:
    with pytest.raises(
        ValueError,
        match=r"tokens: shape \(.*\); give \(B, T\) ids with at least one token, such as END",
    ):
        generate(after, torch.zeros(shape, dtype=torch.int64), 1)
