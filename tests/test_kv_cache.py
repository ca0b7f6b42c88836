"""A cache: what attention reads from it is what it would compute again."""

import pytest
import torch
from support.tensors import assert_close, random

from lmlib.kv_cache import KVCache
from lmlib.multi_head import MultiHeadAttention


@pytest.mark.parametrize("rotary", [False, True])
@pytest.mark.parametrize("pieces", [(5,), (1, 1, 1, 1, 1), (3, 1, 1), (2, 3)])
def test_a_cache_changes_nothing(pieces: tuple[int, ...], rotary: bool) -> None:
    attention = MultiHeadAttention(8, 2, bias=True, rotary=rotary).double()
    x, cache = random(2, 5, 8), KVCache(max_length=7)
    expected, expected_weights = attention(x)
    parts = [attention(part, cache=cache) for part in x.split(list(pieces), dim=1)]
    assert_close(torch.cat([output for output, _ in parts], dim=1), expected)
    for (_, weights), end in zip(parts, torch.tensor(pieces).cumsum(0), strict=True):
        assert_close(
            weights, expected_weights[:, :, end - weights.shape[2] : end, :end]
        )


def test_a_cache_that_is_full() -> None:
    cache = KVCache(max_length=2)
    with pytest.raises(
        ValueError, match=r"tokens: 3 do not fit into a cache made for 2"
    ):
        cache.append(torch.zeros(1, 1, 3, 4), torch.zeros(1, 1, 3, 4))


def test_what_is_put_in_comes_out_behind_what_was_there() -> None:
    k, v = random(2, 3, 6, 4), random(2, 3, 6, 4, seed=1)
    cache = KVCache(max_length=6)
    for start, end in ((0, 3), (3, 4), (4, 6)):
        keys, values = cache.append(k[:, :, start:end], v[:, :, start:end])
        assert torch.equal(keys, k[:, :, :end]) and torch.equal(values, v[:, :, :end])
        assert cache.length == end
    with pytest.raises(ValueError, match="tokens: 7 do not fit"):
        cache.append(k[:, :, :1], v[:, :, :1])
    assert cache.length == 6  # as it was


def test_rows_that_are_selected_go_on() -> None:
    k, v, rows = (
        random(3, 2, 4, 4),
        random(3, 2, 4, 4, seed=1),
        torch.tensor([2, 0, 2, 2]),
    )
    cache = KVCache(max_length=4)
    cache.append(k[..., :3, :], v[..., :3, :])
    cache.select(rows)
    keys, values = cache.append(k[rows][..., 3:, :], v[rows][..., 3:, :])
    assert torch.equal(keys, k[rows]) and torch.equal(values, v[rows])
