"""Heads side by side: a loop over heads and PyTorch's layer give the same numbers."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.loops import loop_attention
from support.tensors import assert_close, random
from torch import nn

from lmlib.attention import causal_mask
from lmlib.multi_head import MultiHeadAttention, merge_heads, split_heads


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


@pytest.mark.parametrize("n_head", [0, -2, 3, 16])
def test_heads_that_do_not_divide(n_head: int) -> None:
    with pytest.raises(
        ValueError,
        match=rf"n_head: {n_head} does not divide d_model 8; choose a divisor",
    ):
        MultiHeadAttention(8, n_head)


def test_heads_are_split_as_they_were_merged() -> None:
    x = random(2, 5, 12)
    q, k = split_heads(x, 2, n_head=3)
    assert q.shape == k.shape == (2, 3, 5, 2)  # (B, H, T, D)
    for h in range(3):  # head after head, in the columns of its matrix
        assert torch.equal(q[:, h], x[..., 2 * h : 2 * h + 2])
        assert torch.equal(k[:, h], x[..., 6 + 2 * h : 6 + 2 * h + 2])
    assert torch.equal(torch.cat([merge_heads(q), merge_heads(k)], -1), x)
