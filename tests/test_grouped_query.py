"""Heads that share their keys and values, against the same with the keys repeated."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from lmlib.grouped_query import GroupedQueryAttention, grouped_attention
from lmlib.multi_head import MultiHeadAttention
from lmlib.positions import rotations


@pytest.mark.parametrize(("heads", "groups"), [(6, 2), (4, 4), (5, 1)])
@pytest.mark.parametrize(("new", "all_keys"), [(7, 7), (1, 7), (3, 7)])
def test_it_is_attention_with_repeated_keys(
    heads: int, groups: int, new: int, all_keys: int
) -> None:
    generator = torch.Generator().manual_seed(0)
    q = torch.randn(2, heads, new, 8, generator=generator, dtype=torch.double)
    k, v = torch.randn(2, 2, groups, all_keys, 8, generator=generator).double()
    found, weights = grouped_attention(q, k, v)
    mask = torch.ones(all_keys, all_keys, dtype=torch.bool).tril()[-new:]
    again = [x.repeat_interleave(heads // groups, dim=1) for x in (k, v)]
    expected = F.scaled_dot_product_attention(q, *again, attn_mask=mask)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(weights @ again[1], expected)


def test_with_a_group_for_each_head_it_is_what_the_gpt_has() -> None:
    ours = GroupedQueryAttention(d_model=16, n_head=4, n_kv_head=4, d_head=4)
    gpts = MultiHeadAttention(d_model=16, n_head=4, rotary=True)
    parts = (ours.query, ours.key, ours.value)
    with torch.no_grad():
        gpts.qkv.weight.copy_(torch.cat([part.weight for part in parts]))
        gpts.output.weight.copy_(ours.output.weight)
    x = torch.randn(2, 5, 16, generator=torch.Generator().manual_seed(0))
    one = ours(x, rotations(torch.arange(5), size=4))
    for a, b in zip(one, gpts(x), strict=True):
        torch.testing.assert_close(a, b)


def test_groups_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ValueError, match="n_kv_head: 4 does not divide n_head 6"):
        GroupedQueryAttention(d_model=12, n_head=6, n_kv_head=4, d_head=2)
