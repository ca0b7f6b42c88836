"""Cross-attention and the transformer of 2017: PyTorch's layers give the same numbers, and nobody sees the future."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.models import kinds, shaken, small
from support.peers import copy_attention, torch_layer
from support.tensors import assert_close, ids, random
from torch import nn

from lmlib.attention import causal_mask, scaled_dot_product_attention
from lmlib.translation import (
    CrossAttention,
    CrossBlock,
    EncoderDecoder,
    RecurrentTranslator,
)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("n_head", [1, 2, 4])
def test_cross_attention_agrees_with_torch(n_head: int, bias: bool) -> None:
    ours = CrossAttention(8, n_head, bias).double()
    if bias:
        ours = shaken(ours)  # biases of PyTorch's layer start at 0
    theirs = nn.MultiheadAttention(8, n_head, bias=bias, batch_first=True).double()
    copy_attention(ours, theirs)
    x, memory = random(2, 4, 8), random(2, 6, 8, seed=1)
    expected = theirs(x, memory, memory, average_attn_weights=False)
    output, weights = ours(x, memory)
    assert weights.shape == (2, n_head, 4, 6)
    assert_close(output, expected[0])
    assert_close(weights, expected[1])


def test_cross_attention_is_one_head_after_the_other() -> None:
    layer, x, memory = shaken(CrossAttention(6, 3)), random(4, 6), random(5, 6, seed=1)
    q = x @ layer.query.weight.T + layer.query.bias
    k, v = (memory @ layer.key_value.weight.T + layer.key_value.bias).chunk(2, -1)
    heads = [
        scaled_dot_product_attention(q[:, i : i + 2], k[:, i : i + 2], v[:, i : i + 2])
        for i in (0, 2, 4)
    ]
    output, weights = layer(x[None], memory[None])
    mixed = torch.cat([head for head, _ in heads], 1) @ layer.output.weight.T
    assert_close(output[0], mixed + layer.output.bias)
    assert_close(weights[0], torch.stack([w for _, w in heads]))


@pytest.mark.parametrize("n_head", [0, 3])
def test_cross_attention_with_heads_that_do_not_divide(n_head: int) -> None:
    with pytest.raises(
        ValueError, match=rf"n_head: {n_head} does not divide d_model 8"
    ):
        CrossAttention(8, n_head)


def test_block_with_cross_attention_agrees_with_torch() -> None:
    block = shaken(CrossBlock(small(), causal=True))
    x, memory = random(3, 5, 8), random(3, 7, 8, seed=1)
    theirs = torch_layer(block, nn.TransformerDecoderLayer)(
        x, memory, tgt_mask=~causal_mask(5)
    )
    output, weights = block(x, memory)
    assert_close(output, theirs)
    assert weights.shape == (3, 2, 5, 7)


@kinds
@settings(deadline=None, max_examples=30)
@given(st.integers(0, 5), st.integers(0, 1000))
def test_decoder_sees_all_of_the_source_and_its_own_past(
    positions: str, changed: int, seed: int
) -> None:
    model = shaken(EncoderDecoder(small(positions=positions)), seed)
    source, target = ids(1, 6, seed=seed), ids(1, 6, seed=seed + 1)
    logits, weights = model.with_weights(source, target[:, :5])
    assert logits.shape == (1, 5, 11)
    assert weights.shape == (
        2,
        1,
        2,
        5,
        6,
    )  # one row a target token, one column a source token
    assert_close(weights.sum(-1), torch.ones(2, 1, 2, 5, dtype=torch.float64))
    assert (weights > 0).all()  # no part of the source is hidden

    other = target.clone()
    other[0, changed] = (other[0, changed] + 1) % 11
    before, after = model(source, target)[0], model(source, other)[0]
    assert torch.equal(before[:changed], after[:changed])
    assert not torch.isclose(before[changed:], after[changed:]).all(-1).any()

    other = source.clone()
    other[0, changed] = (other[0, changed] + 1) % 11
    assert not torch.isclose(before, model(other, target)[0]).all(-1).any()


def test_the_encoder_of_a_translator_sees_both_sides() -> None:
    model, source = shaken(EncoderDecoder(small())), ids(1, 6)
    other = source.clone()
    other[0, -1] = (other[0, -1] + 1) % 11
    assert (
        not torch.isclose(model.encoder(source)[0], model.encoder(other)[0])
        .all(-1)
        .any()
    )


def test_encoder_decoder_is_an_encoder_and_a_decoder() -> None:
    model = shaken(EncoderDecoder(small()))
    source, target = ids(2, 6), ids(2, 4, seed=1)
    memory = model.encoder(source)[0]
    assert memory.shape == (2, 6, 8)  # one vector for each token, not one for the text
    expected = model.decoder.logits(model.decoder(target, memory)[0])
    assert torch.equal(model(source, target), expected)
    assert not torch.equal(model.encoder.embed.weight, model.decoder.embed.weight)


def test_the_two_towers_start_with_different_numbers() -> None:
    model = EncoderDecoder(small(), seed=3)
    towers = zip(model.encoder.blocks, model.decoder.blocks, strict=True)
    for one, other in towers:
        assert not torch.equal(one.attention.qkv.weight, other.attention.qkv.weight)


@pytest.mark.parametrize("looks", [False, True])
def test_a_recurrent_translator_sees_its_own_past_and_the_source(looks: bool) -> None:
    model = RecurrentTranslator(small(), looks).double()
    source, target = ids(2, 6), ids(2, 5, seed=1)
    logits = model(source, target)
    assert logits.shape == (2, 5, 11)
    other = target.clone()
    other[:, 3] = (other[:, 3] + 1) % 11
    assert torch.equal(logits[:, :3], model(source, other)[:, :3])
    assert not torch.isclose(logits[:, 3:], model(source, other)[:, 3:]).all(-1).any()
    other = source.clone()
    other[:, 0] = (other[:, 0] + 1) % 11
    assert not torch.isclose(logits, model(other, target)).all(-1).any()


def test_a_recurrent_translator_hands_over_its_last_state() -> None:
    model = RecurrentTranslator(small(), looks=False).double()
    source, target = ids(1, 6), ids(1, 4, seed=1)
    _, last = model.reader(model.source(source))
    x, _ = model.writer(model.target(target), last)
    assert torch.equal(model(source, target), model.output(x))


def test_a_look_adds_what_one_head_finds_in_all_states() -> None:
    model = RecurrentTranslator(small(), looks=True).double()
    source, target = ids(1, 6), ids(1, 4, seed=1)
    memory, last = model.reader(model.source(source))
    x, _ = model.writer(model.target(target), last)
    assert model.look is not None
    found, weights = model.look(x, memory)
    assert weights.shape == (1, 1, 4, 6)
    assert torch.equal(model(source, target), model.output(x + found))


def test_recurrent_translators_start_from_their_seed() -> None:
    source, target = ids(1, 6), ids(1, 4)
    one, two, other = (
        RecurrentTranslator(small(), True, seed).double() for seed in (0, 0, 1)
    )
    assert torch.equal(one(source, target), two(source, target))
    assert not torch.equal(one(source, target), other(source, target))
