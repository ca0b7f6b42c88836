"""GPT and BERT: plain formulas give the same numbers, and nobody sees the future."""

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from support.models import kinds, shaken, small
from support.tensors import assert_close, ids
from torch import Tensor, nn

from lmlib.attention import causal_mask, scaled_dot_product_attention
from lmlib.blocks import Config
from lmlib.generation import generate
from lmlib.positions import rotate, sinusoids
from lmlib.transformer import BERT, GPT, count_parameters
from lmlib.translation import EncoderDecoder


@pytest.mark.parametrize("shape", [(0, 4), (2, 0)])
def test_no_texts_and_no_tokens_are_no_error(shape: tuple[int, int]) -> None:
    assert GPT(small())(torch.zeros(shape, dtype=torch.long)).shape == (*shape, 11)


def by_hand(model: Any, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """One text (T,) through a GPT with plain matrices: logits (T, V) and weights (L, H, T, T)."""
    c, net = model.config, model.decoder
    D, T = c.d_model // c.n_head, len(tokens)

    def norm(x: Tensor, layer: nn.LayerNorm) -> Tensor:
        spread = ((x - x.mean(-1, keepdim=True)) ** 2).mean(-1, keepdim=True)
        x = (x - x.mean(-1, keepdim=True)) / (spread + 1e-5).sqrt()
        return x * layer.weight + layer.bias

    x = net.embed.weight[tokens]
    if c.positions == "learned":
        x = x + net.position.weight[:T]
    if c.positions == "sinusoidal":
        x = x + (sinusoids(T, c.d_model) / math.sqrt(c.d_model)).double()
    seen = []
    for block in net.blocks:
        layer = block.attention
        q, k, v = (norm(x, block.norm_1) @ layer.qkv.weight.T + layer.qkv.bias).split(
            c.d_model, -1
        )
        heads = []
        for h in range(c.n_head):
            part = slice(h * D, (h + 1) * D)
            qh, kh = q[:, part], k[:, part]
            if c.positions == "rotary":
                qh, kh = rotate(qh), rotate(kh)
            heads.append(
                scaled_dot_product_attention(qh, kh, v[:, part], causal_mask(T))
            )
        x = (
            x
            + torch.cat([o for o, _ in heads], -1) @ layer.output.weight.T
            + layer.output.bias
        )
        up, down = block.feed_forward.up, block.feed_forward.down
        inside = F.gelu(
            norm(x, block.norm_2) @ up.weight.T + up.bias, approximate="tanh"
        )
        x = x + inside @ down.weight.T + down.bias
        seen.append(torch.stack([w for _, w in heads]))
    return norm(x, net.norm) @ net.embed.weight.T, torch.stack(seen)


@kinds
def test_gpt_is_its_formulas(positions: str) -> None:
    model, tokens = shaken(GPT(small(positions=positions))), ids(2, 7)
    logits, weights = model.with_weights(tokens)
    assert logits.shape == (2, 7, 11) and weights.shape == (2, 2, 2, 7, 7)
    torch.testing.assert_close(model(tokens), logits, rtol=0, atol=0)
    for b in range(2):
        expected, expected_weights = by_hand(model, tokens[b])
        assert_close(logits[b], expected)
        assert_close(weights[:, b], expected_weights)


@kinds
@settings(deadline=None, max_examples=30)
@given(st.integers(0, 8), st.integers(1, 10), st.integers(0, 1000))
def test_a_later_token_changes_no_earlier_logits(
    positions: str, changed: int, by: int, seed: int
) -> None:
    model, tokens = shaken(GPT(small(positions=positions)), seed), ids(1, 9, seed=seed)
    other = tokens.clone()
    other[0, changed] = (other[0, changed] + by) % 11
    before, after = model(tokens)[0], model(other)[0]
    assert torch.equal(before[:changed], after[:changed])
    assert not torch.isclose(before[changed:], after[changed:]).all(-1).any()


@kinds
def test_order_matters_to_every_model(positions: str) -> None:
    tokens, swapped = torch.tensor([[3, 5, 7, 2]]), torch.tensor([[5, 3, 7, 2]])
    for model in (GPT(small(positions=positions)), BERT(small(positions=positions))):
        model = shaken(model)
        assert not torch.allclose(model(tokens)[:, -1], model(swapped)[:, -1])


@kinds
@settings(deadline=None, max_examples=30)
@given(st.integers(0, 8), st.integers(0, 1000))
def test_bert_sees_both_sides(positions: str, changed: int, seed: int) -> None:
    model, tokens = shaken(BERT(small(positions=positions)), seed), ids(1, 9, seed=seed)
    other = tokens.clone()
    other[0, changed] = (other[0, changed] + 1) % 11
    assert model(tokens).shape == (1, 9, 11)
    assert not torch.isclose(model(tokens), model(other)).all(-1).any()


def test_a_patched_attention_changes_logits_and_weights_alike() -> None:
    model, tokens = shaken(GPT(small(n_layer=1))), ids(1, 6)
    before, weights = model.with_weights(tokens)
    layer = model.decoder.blocks[0].attention
    layer.qkv.weight.data[:8] = 0.0  # queries of zero: every score is equal
    layer.qkv.bias.data[:8] = 0.0
    after, uniform = model.with_weights(tokens)
    counts = torch.arange(1, 7, dtype=torch.float64)
    assert_close(uniform[0, 0, 0], causal_mask(6) / counts[:, None])
    assert not torch.allclose(weights, uniform)
    assert not torch.allclose(before[0, 1:], after[0, 1:])
    assert_close(before[0, 0], after[0, 0])  # the first token can only look at itself


def test_values_of_zero_make_the_weights_matter_to_nothing() -> None:
    model, tokens = shaken(GPT(small(n_layer=1))), ids(1, 6)
    layer = model.decoder.blocks[0].attention
    layer.qkv.weight.data[16:] = 0.0
    layer.qkv.bias.data[16:] = 0.0
    before = model(tokens)
    layer.qkv.weight.data[:8] *= 3.0
    assert_close(model(tokens), before)


@kinds
@settings(deadline=None, max_examples=30)
@given(st.integers(1, 9), st.integers(1, 4), st.integers(0, 1000))
def test_cache_equals_no_cache(
    positions: str, prompt: int, step: int, seed: int
) -> None:
    model, tokens = shaken(GPT(small(positions=positions)), seed), ids(2, 9, seed=seed)
    cache = model.new_cache()
    parts = [model(tokens[:, :prompt], cache)]
    parts += [model(tokens[:, t : t + step], cache) for t in range(prompt, 9, step)]
    assert_close(torch.cat(parts, dim=1), model(tokens))
    assert all(layer.length == 9 for layer in cache)


def test_a_full_cache_takes_no_more() -> None:
    model, cache = GPT(small()), GPT(small()).new_cache()
    model(ids(1, 9), cache)
    with pytest.raises(ValueError, match=r"tokens: 10 do not fit into block_size 9"):
        model(ids(1, 1), cache)


@pytest.mark.parametrize("kind", [GPT, BERT, EncoderDecoder])
def test_a_seed_decides_the_weights(kind: Any) -> None:
    torch.manual_seed(5)
    one, same, other = (
        dict(kind(small(), seed=seed).named_parameters()) for seed in (1, 1, 2)
    )
    torch.manual_seed(6)
    late = dict(kind(small(), seed=1).named_parameters())
    for name, p in one.items():
        assert torch.equal(p, same[name]) and torch.equal(p, late[name])
        if p.dim() == 2:
            assert not torch.equal(p, other[name])


def test_the_start_is_nearly_uniform() -> None:
    config = Config(vocab_size=304)
    tokens = ids(8, 100, vocab_size=304)
    loss = F.cross_entropy(
        GPT(config)(tokens)[:, :-1].flatten(0, 1), tokens[:, 1:].flatten()
    )
    assert math.log(304) < loss < math.log(304) + 1.0


def test_what_blocks_add_does_not_pile_up() -> None:
    for n_layer in (2, 32):
        model = GPT(small(n_layer=n_layer, d_model=64, n_head=4))
        x, spreads = (
            torch.randn(1, 9, 64, generator=torch.Generator().manual_seed(0)),
            [],
        )
        for block in model.decoder.blocks:
            x, _ = block(x)
            spreads.append(x.std().item())
        assert spreads[-1] < 2.5


def test_dropout_works_while_training_alone() -> None:
    model, tokens = GPT(small(dropout=0.5)), ids(1, 9)
    assert not torch.equal(model(tokens), model(tokens))
    model.eval()
    assert torch.equal(model(tokens), model(tokens))
    model.train()
    for block in model.decoder.blocks:
        block.dropout.p = 0.0
    assert not torch.equal(model(tokens), model(tokens))  # the embeddings drop as well
    model.eval()
    same = GPT(small(dropout=0.0))
    assert torch.equal(same(tokens), model(tokens))


def test_every_parameter_learns() -> None:
    source, target = ids(2, 9), ids(2, 9, seed=1)
    for model, inputs in (
        (GPT(small()), (target,)),
        (BERT(small()), (target,)),
        (EncoderDecoder(small()), (source, target)),
    ):
        model(*inputs).square().sum().backward()
        silent = [name for name, p in model.named_parameters() if p.grad is None]
        assert not silent


def formula(c: Config, cross: int = 0) -> int:
    """12 C² + 13 C a block, 4 C² + 6 C for a cross-attention, the last norm, and the tables."""
    C = c.d_model
    block = 12 * C * C + 13 * C + cross * (4 * C * C + 6 * C)
    learned = c.block_size * C if c.positions == "learned" else 0
    return c.vocab_size * C + learned + c.n_layer * block + 2 * C


@kinds
@given(
    st.integers(1, 20),
    st.integers(1, 20),
    st.integers(1, 3),
    st.sampled_from([2, 8, 12]),
)
@settings(deadline=None, max_examples=15)
def test_parameters_are_counted_by_a_formula(
    positions: str, vocab_size: int, block_size: int, n_layer: int, d_model: int
) -> None:
    config = Config(vocab_size, block_size, n_layer, 1, d_model, positions=positions)
    assert count_parameters(GPT(config)) == formula(config)
    assert count_parameters(BERT(config)) == formula(config)
    towers = formula(config) + formula(config, cross=1)
    assert count_parameters(EncoderDecoder(config)) == towers


@pytest.mark.parametrize(
    ("block_size", "n_layer", "n_head", "d_model", "expected"),
    [
        (1024, 12, 12, 768, 124_439_808),
        (1024, 48, 25, 1600, 1_557_611_200),  # GPT-2 XL
        (2048, 96, 96, 12288, 174_604_259_328),  # GPT-3
    ],
)
def test_parameters_of_gpt_2_and_gpt_3(
    block_size: int, n_layer: int, n_head: int, d_model: int, expected: int
) -> None:
    config = Config(50_257, block_size, n_layer, n_head, d_model)
    with torch.device("meta"):  # shapes without memory
        model = GPT(config)
    assert count_parameters(model) == formula(config) == expected


def test_frozen_parameters_can_be_left_out() -> None:
    model = GPT(small())
    model.decoder.embed.requires_grad_(False)
    assert count_parameters(model) - count_parameters(model, trainable=True) == 11 * 8


def test_gpt_is_a_language_model_that_writes() -> None:
    model = GPT(small()).eval()
    assert generate(model, torch.tensor([[0]]), 8, temperature=0).shape == (1, 9)


@pytest.mark.parametrize("kind", [GPT, BERT, EncoderDecoder])
def test_heads_that_do_not_divide(kind: Any) -> None:
    with pytest.raises(ValueError, match="n_head: 3 does not divide d_model 8"):
        kind(small(n_head=3))


def test_sizes_that_positions_cannot_have() -> None:
    with pytest.raises(ValueError, match="d_model: 9 is odd"):
        GPT(small(d_model=9, n_head=3, positions="sinusoidal"))
    odd = GPT(small(d_model=6, n_head=2, positions="rotary"))
    with pytest.raises(ValueError, match="3 is odd"):
        odd(ids(1, 4))


@kinds
def test_a_text_that_is_too_long(positions: str) -> None:
    config = small(positions=positions)
    long = ids(1, 10)
    message = r"tokens: 10 do not fit into block_size 9; cut the text"
    for model, inputs in (
        (GPT(config), (long,)),
        (BERT(config), (long,)),
        (EncoderDecoder(config), (long, long[:, :3])),
        (EncoderDecoder(config), (long[:, :3], long)),
    ):
        with pytest.raises(ValueError, match=message):
            model(*inputs)


@pytest.mark.parametrize("wrong", [-1, 11, 304])
def test_ids_that_are_no_tokens(wrong: int) -> None:
    tokens = torch.tensor([[0, wrong, 2]])
    with pytest.raises(
        ValueError, match=rf"tokens: {wrong} is no token's id; ids run from 0 to 10"
    ):
        GPT(small())(tokens)
    with pytest.raises(ValueError, match=rf"tokens: {wrong} is no token's id"):
        EncoderDecoder(small())(tokens, ids(1, 3))
