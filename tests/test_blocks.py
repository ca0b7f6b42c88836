"""The block: plain formulas and PyTorch's own layers give the same numbers."""

import math

import pytest
from support.models import shaken, small
from support.peers import torch_layer
from support.tensors import assert_close, random
from torch import nn

from lmlib.attention import causal_mask
from lmlib.blocks import Block, FeedForward


def test_feed_forward_is_the_formula_token_by_token() -> None:
    layer, x = shaken(FeedForward(4)), random(2, 3, 4)
    output = layer(x).detach()
    layer.requires_grad_(False)
    for b in range(2):
        for t in range(3):
            inside = [
                float(layer.up.bias[i] + sum(layer.up.weight[i] * x[b, t]))
                for i in range(16)
            ]
            bent = [  # GELU with the tanh of Hendrycks and Gimpel
                z / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))
                for z in inside
            ]
            for c in range(4):
                expected = layer.down.bias[c] + sum(
                    layer.down.weight[c, i] * bent[i] for i in range(16)
                )
                assert output[b, t, c].item() == pytest.approx(
                    expected.item(), abs=1e-12
                )
    assert (output < 0).any()  # so nothing bends the numbers after the second layer


def test_feed_forward_agrees_with_sequential() -> None:
    ours, x = shaken(FeedForward(6)), random(2, 3, 6)
    theirs = nn.Sequential(nn.Linear(6, 24), nn.GELU("tanh"), nn.Linear(24, 6)).double()
    theirs.load_state_dict(
        dict(zip(theirs.state_dict(), ours.state_dict().values(), strict=True))
    )
    assert_close(ours(x), theirs(x))


@pytest.mark.parametrize("causal", [True, False])
def test_block_agrees_with_torch(causal: bool) -> None:
    block, x = shaken(Block(small(), causal)), random(3, 5, 8)
    hidden = ~causal_mask(5) if causal else None  # True means "may not look" there
    theirs = torch_layer(block, nn.TransformerEncoderLayer)(x, src_mask=hidden)
    assert_close(block(x)[0], theirs)


@pytest.mark.parametrize(
    "name", ["vocab_size", "block_size", "n_layer", "n_head", "d_model"]
)
@pytest.mark.parametrize("value", [0, -3])
def test_sizes_below_one(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=rf"{name}: {value} is below 1; use 1 or more"):
        small(**{name: value})


@pytest.mark.parametrize("dropout", [-0.1, 1.0, math.nan])
def test_dropout_that_is_no_share(dropout: float) -> None:
    with pytest.raises(ValueError, match=r"dropout: .* is outside \[0, 1\)"):
        small(dropout=dropout)


def test_positions_that_nobody_knows() -> None:
    with pytest.raises(
        ValueError, match="positions: 'alibi' is not known; use 'learned'"
    ):
        small(positions="alibi")
