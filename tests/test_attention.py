"""Attention: three nested loops, lmlib and PyTorch give the same numbers."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.loops import loop_attention
from support.tensors import assert_close, random
from torch import Tensor
from torch.nn import functional as F

from lmlib.attention import (
    SelfAttention,
    attention_scores,
    causal_mask,
    scaled_dot_product_attention,
)
from lmlib.multi_head import MultiHeadAttention

I_LOVE_AI = torch.tensor(
    [[1.0, 0, 0, 0, 1], [0, 1, 1, 0, 0], [0, 0, 1, 1, 0]], dtype=torch.float64
)


def qkv(
    queries: int = 4, keys: int = 6, d: int = 3, e: int = 5, seed: int = 0
) -> tuple[Tensor, Tensor, Tensor]:
    return (
        random(queries, d, seed=seed),
        random(keys, d, seed=seed + 1),
        random(keys, e, seed=seed + 2),
    )


@pytest.mark.parametrize("scale", [True, False])
def test_loop_library_and_torch(scale: bool) -> None:
    q, k, v = qkv()
    output, weights = scaled_dot_product_attention(q, k, v, scale=scale)
    loop_output, loop_weights = loop_attention(q, k, v, scale=scale)
    assert_close(output, loop_output)
    assert_close(weights, loop_weights)
    assert_close(
        output, F.scaled_dot_product_attention(q, k, v, scale=None if scale else 1.0)
    )


@pytest.mark.parametrize("scale", [True, False])
def test_loop_library_and_torch_with_causal_mask(scale: bool) -> None:
    q, k, v = qkv(queries=5, keys=5)
    output, weights = scaled_dot_product_attention(q, k, v, causal_mask(5), scale)
    loop_output, loop_weights = loop_attention(q, k, v, causal=True, scale=scale)
    assert_close(output, loop_output)
    assert_close(weights, loop_weights)
    assert_close(
        output,
        F.scaled_dot_product_attention(
            q, k, v, is_causal=True, scale=None if scale else 1.0
        ),
    )


def test_any_mask_agrees_with_torch() -> None:
    q, k, v = random(2, 3, 4, 8), random(2, 3, 6, 8, seed=1), random(2, 3, 6, 5, seed=2)
    mask = random(2, 1, 4, 6, seed=3) > 0
    mask[..., 0] = True
    output, weights = scaled_dot_product_attention(q, k, v, mask)
    assert_close(output, F.scaled_dot_product_attention(q, k, v, attn_mask=mask))
    assert not weights[~mask.expand_as(weights)].any()
    assert weights[mask.expand_as(weights)].all()


def test_shapes_of_scores_weights_and_output() -> None:
    q, k, v = random(2, 3, 4, 8), random(2, 3, 6, 8), random(2, 3, 6, 5)
    output, weights = scaled_dot_product_attention(q, k, v)
    assert (attention_scores(q, k).shape, weights.shape, output.shape) == (
        (2, 3, 4, 6),
        (2, 3, 4, 6),
        (2, 3, 4, 5),
    )


def test_scores_by_hand() -> None:
    q, k = torch.tensor([[1.0, 2, 3, 4]]), torch.tensor([[1.0, 0, 0, 0], [1, 1, 1, 1]])
    assert attention_scores(q, k).tolist() == [[0.5, 5.0]]
    assert attention_scores(q, k, scale=False).tolist() == [[1.0, 10.0]]
    assert attention_scores(q, k, torch.tensor([[False, True]])).tolist() == [
        [-math.inf, 5.0]
    ]


def test_scaling_keeps_the_spread_of_scores() -> None:
    for d in (4, 64, 1024):
        q, k = random(100, d), random(100, d, seed=1)
        assert attention_scores(q, k).std() == pytest.approx(1.0, abs=0.1)
        assert attention_scores(q, k, scale=False).std() == pytest.approx(
            math.sqrt(d), rel=0.1
        )


def test_i_love_ai_gives_thirds_and_the_mean() -> None:
    ones = torch.ones(3, 5).double()
    assert (
        attention_scores(ones, I_LOVE_AI, scale=False).tolist() == [[2, 2, 2]] * 3
    )  # two ones in every row: all equal
    output, weights = scaled_dot_product_attention(ones, I_LOVE_AI, I_LOVE_AI)
    torch.testing.assert_close(
        weights, torch.full((3, 3), 1 / 3, dtype=torch.float64), rtol=0, atol=1e-15
    )
    torch.testing.assert_close(
        output, I_LOVE_AI.mean(0).expand(3, 5), rtol=0, atol=1e-15
    )


def test_i_love_ai_is_uniform_because_its_keys_are_equally_long() -> None:
    ones, longer = torch.ones(3, 5).double(), I_LOVE_AI.clone()
    longer[1, 0] = 1.0  # "love" with three ones
    _, weights = scaled_dot_product_attention(ones, longer, longer)
    e = math.exp(1 / math.sqrt(5))
    torch.testing.assert_close(
        weights, torch.tensor([1, e, 1]).double().expand(3, 3) / (2 + e)
    )


def test_causal_mask() -> None:
    assert causal_mask(1).tolist() == [[True]]
    mask = causal_mask(4)
    assert mask.dtype == torch.bool
    assert all(mask[t, s].item() == (s <= t) for t in range(4) for s in range(4))


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 5), st.integers(0, 1000))
def test_rows_of_weights_sum_to_one(queries: int, keys: int, d: int, seed: int) -> None:
    output, weights = scaled_dot_product_attention(*qkv(queries, keys, d, seed=seed))
    assert_close(weights.sum(-1), torch.ones(queries).double())
    assert (weights >= 0).all()
    v = qkv(queries, keys, d, seed=seed)[2]
    assert (output <= v.amax(0) + 1e-12).all()  # a mean lies between the values
    assert (output >= v.amin(0) - 1e-12).all()


@given(st.permutations(range(6)), st.integers(0, 1000))
def test_order_of_keys_does_not_matter(order: list[int], seed: int) -> None:
    q, k, v = qkv(seed=seed)
    output, weights = scaled_dot_product_attention(q, k, v)
    shuffled, shuffled_weights = scaled_dot_product_attention(q, k[order], v[order])
    assert_close(shuffled, output)
    assert_close(shuffled_weights, weights[:, order])


@given(st.sampled_from(["one", "many"]), st.integers(0, 4), st.integers(0, 1000))
def test_a_later_token_changes_nothing_earlier(
    heads: str, changed: int, seed: int
) -> None:
    torch.manual_seed(seed)
    attention = (
        SelfAttention(8, 4) if heads == "one" else MultiHeadAttention(8, 2)
    ).double()
    x = random(1, 5, 8, seed=seed)
    y = x.clone()
    y[0, changed] += 1.0
    before, after = attention(x)[0], attention(y)[0]
    assert torch.equal(before[0, :changed], after[0, :changed])
    assert (
        not torch.isclose(before[0, changed:], after[0, changed:]).all(-1).any()
    )  # and everything from there on


def test_single_head_is_attention_of_three_projections() -> None:
    head, x = SelfAttention(6, 4).double(), random(5, 6)
    q, k, v = x @ head.query.weight.T, x @ head.key.weight.T, x @ head.value.weight.T
    output, weights = head(x[None])
    loop_output, loop_weights = loop_attention(q, k, v, causal=True)
    assert_close(output[0], loop_output)
    assert_close(weights[0], loop_weights)
    head.causal = False
    assert_close(head(x[None])[0][0], loop_attention(q, k, v)[0])


def test_gradients_agree_with_torch() -> None:
    ours, theirs = ([t.requires_grad_() for t in qkv(5, 5)] for _ in range(2))
    scaled_dot_product_attention(*ours, causal_mask(5))[0].square().sum().backward()
    F.scaled_dot_product_attention(*theirs, is_causal=True).square().sum().backward()
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine.grad, other.grad, rtol=0, atol=1e-12)


def test_shapes_that_do_not_fit() -> None:
    q, k, v = qkv()
    with pytest.raises(
        ValueError, match=r"k: keys of size 2 do not fit queries of size 3"
    ):
        scaled_dot_product_attention(q, k[:, :2], v)
    with pytest.raises(
        ValueError, match=r"v: 5 values for 6 keys; every key needs its value"
    ):
        scaled_dot_product_attention(q, k, v[:5])


@pytest.mark.parametrize(
    ("mask", "value"),
    [
        (causal_mask(4), r"\(4, 4\)"),
        (torch.ones(4, 6), r"torch\.float32"),
        (torch.ones(6).bool(), r"\(6,\)"),
    ],
)
def test_mask_that_does_not_fit(mask: Tensor, value: str) -> None:
    with pytest.raises(
        ValueError, match=rf"mask: .*{value}.*give booleans of shape \(4, 6\)"
    ):
        scaled_dot_product_attention(*qkv(), mask)


def test_mask_that_hides_everything_from_a_query() -> None:
    mask = torch.ones(4, 6, dtype=torch.bool)
    mask[2] = False
    with pytest.raises(
        ValueError, match=r"mask: a row is False everywhere.*leave it one key"
    ):
        scaled_dot_product_attention(*qkv(), mask)


def test_nan_shows_and_stays_with_its_query() -> None:
    q, k, v = qkv()
    q = q.clone()
    q[1] = math.nan
    output, weights = scaled_dot_product_attention(q, k, v)
    assert weights.isnan().any(-1).tolist() == [False, True, False, False]
    assert output.isnan().any(-1).tolist() == [False, True, False, False]


@pytest.mark.parametrize("scale", [True, False])
def test_queries_are_left_as_they_were(scale: bool) -> None:
    q, k, v = qkv(6, 6)
    before = q.clone()
    scaled_dot_product_attention(q, k, v, causal_mask(6), scale)
    assert torch.equal(q, before)


@pytest.mark.parametrize("length", [0, -1])
def test_mask_of_no_length(length: int) -> None:
    with pytest.raises(ValueError, match=rf"length: {length} leaves no token"):
        causal_mask(length)
