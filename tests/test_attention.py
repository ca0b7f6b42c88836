"""Attention: three nested loops, lmlib and PyTorch give the same numbers."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.tensors import assert_close, random
from torch import Tensor, nn
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


def loop_attention(
    q: Tensor, k: Tensor, v: Tensor, causal: bool = False, scale: bool = True
) -> tuple[Tensor, Tensor]:
    """(T, D), (S, D), (S, E) → (T, E) and (T, S), one number at a time."""
    q, k, v = q.detach(), k.detach(), v.detach()
    output, weights = (
        torch.zeros(len(q), v.shape[1]).double(),
        torch.zeros(len(q), len(k)).double(),
    )
    for t in range(len(q)):
        visible = range(t + 1) if causal else range(len(k))
        powers = {}
        for s in visible:
            score = sum(float(q[t, i] * k[s, i]) for i in range(q.shape[1]))
            powers[s] = math.exp(score / (math.sqrt(q.shape[1]) if scale else 1.0))
        for s in visible:
            weights[t, s] = powers[s] / sum(powers.values())
            for i in range(v.shape[1]):
                output[t, i] += weights[t, s] * v[s, i]
    return output, weights


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


@given(st.permutations(range(5)), st.integers(0, 1000))
def test_self_attention_without_mask_is_permutation_equivariant(
    order: list[int], seed: int
) -> None:
    torch.manual_seed(seed)
    attention, x = (
        MultiHeadAttention(8, 2, causal=False).double(),
        random(1, 5, 8, seed=seed),
    )
    assert_close(attention(x[:, order])[0], attention(x)[0][:, order])


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


def same_weights(
    ours: MultiHeadAttention, d_model: int, n_head: int
) -> nn.MultiheadAttention:
    theirs = nn.MultiheadAttention(
        d_model, n_head, bias=False, batch_first=True
    ).double()
    theirs.in_proj_weight.data = ours.qkv.weight.detach()
    theirs.out_proj.weight.data = ours.output.weight.detach()
    return theirs


@pytest.mark.parametrize("n_head", [1, 2, 4])
@pytest.mark.parametrize("causal", [True, False])
def test_multi_head_agrees_with_torch(n_head: int, causal: bool) -> None:
    ours, x = MultiHeadAttention(8, n_head, causal).double(), random(2, 5, 8)
    theirs = same_weights(ours, 8, n_head)
    hidden = (
        ~causal_mask(5) if causal else None
    )  # PyTorch's layer takes True for "may not look"
    expected, expected_weights = theirs(
        x, x, x, attn_mask=hidden, average_attn_weights=False
    )
    output, weights = ours(x)
    assert_close(output, expected)
    assert_close(weights, expected_weights)


def test_multi_head_loop_over_heads() -> None:
    attention, x = MultiHeadAttention(6, 3).double(), random(4, 6)
    q, k, v = (x @ weight.T for weight in attention.qkv.weight.chunk(3))
    heads = [
        loop_attention(q[:, i : i + 2], k[:, i : i + 2], v[:, i : i + 2], causal=True)
        for i in (0, 2, 4)
    ]
    output, weights = attention(x[None])
    assert_close(
        output[0],
        torch.cat([head for head, _ in heads], dim=1) @ attention.output.weight.T,
    )
    assert_close(weights[0], torch.stack([w for _, w in heads]))


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


@pytest.mark.parametrize("n_head", [0, -2, 3, 16])
def test_heads_that_do_not_divide(n_head: int) -> None:
    with pytest.raises(
        ValueError,
        match=rf"n_head: {n_head} does not divide d_model 8; choose a divisor",
    ):
        MultiHeadAttention(8, n_head)


@pytest.mark.parametrize("length", [0, -1])
def test_mask_of_no_length(length: int) -> None:
    with pytest.raises(ValueError, match=rf"length: {length} leaves no token"):
        causal_mask(length)
