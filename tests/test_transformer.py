"""The transformer: plain formulas and PyTorch's layers give the same numbers, and nobody sees the future."""

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from lmlib.attention import causal_mask, scaled_dot_product_attention
from lmlib.blocks import Block, Config, FeedForward
from lmlib.generation import generate
from lmlib.multi_head import MultiHeadAttention
from lmlib.positions import rotate, sinusoids
from lmlib.transformer import BERT, GPT, count_parameters
from lmlib.translation import CrossBlock, EncoderDecoder

POSITIONS = ["learned", "sinusoidal", "rotary"]
kinds = pytest.mark.parametrize("positions", POSITIONS)


def small(**changes: Any) -> Config:
    return Config(
        **{
            "vocab_size": 11,
            "block_size": 9,
            "n_layer": 2,
            "n_head": 2,
            "d_model": 8,
            **changes,
        }
    )


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(
        *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def ids(*shape: int, seed: int = 0, vocab_size: int = 11) -> Tensor:
    return torch.randint(vocab_size, shape, generator=torch.Generator().manual_seed(seed))


def shaken(model: nn.Module, seed: int = 0) -> Any:
    """The model in double precision, with no bias at 0 and no gain at 1: as after training."""
    generator = torch.Generator().manual_seed(seed)
    for p in model.double().parameters():
        p.data += 0.3 * torch.randn(p.shape, generator=generator, dtype=torch.float64)
    return model.eval()


@pytest.mark.parametrize("shape", [(0, 4), (2, 0)])
def test_no_texts_and_no_tokens_are_no_error(shape: tuple[int, int]) -> None:
    assert GPT(small())(torch.zeros(shape, dtype=torch.long)).shape == (*shape, 11)


def assert_close(ours: Tensor, other: Tensor) -> None:
    torch.testing.assert_close(ours, other, rtol=0, atol=1e-9)


# The parts


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
                assert output[b, t, c].item() == pytest.approx(expected.item(), abs=1e-12)
    assert (output < 0).any()  # so nothing bends the numbers after the second layer


def test_feed_forward_agrees_with_sequential() -> None:
    ours, x = shaken(FeedForward(6)), random(2, 3, 6)
    theirs = nn.Sequential(nn.Linear(6, 24), nn.GELU("tanh"), nn.Linear(24, 6)).double()
    theirs.load_state_dict(
        dict(zip(theirs.state_dict(), ours.state_dict().values(), strict=True))
    )
    assert_close(ours(x), theirs(x))


def copy_attention(ours: MultiHeadAttention, theirs: nn.MultiheadAttention) -> None:
    theirs.in_proj_weight.data = ours.qkv.weight.data
    theirs.in_proj_bias.data = ours.qkv.bias.data
    theirs.out_proj.load_state_dict(ours.output.state_dict())


def torch_layer(block: Block, kind: type[nn.Module]) -> Any:
    """PyTorch's own encoder or decoder layer with the weights of a block."""
    C, H = block.norm_1.weight.numel(), block.attention.n_head
    theirs: Any = kind(
        C,
        H,
        4 * C,
        dropout=0.0,
        activation=lambda z: F.gelu(z, approximate="tanh"),
        batch_first=True,
        norm_first=True,
    ).double()
    copy_attention(block.attention, theirs.self_attn)
    theirs.norm1.load_state_dict(block.norm_1.state_dict())
    theirs.linear1.load_state_dict(block.feed_forward.up.state_dict())
    theirs.linear2.load_state_dict(block.feed_forward.down.state_dict())
    last = theirs.norm2
    if kind is nn.TransformerDecoderLayer:
        copy_attention(block.cross_attention, theirs.multihead_attn)
        theirs.norm2.load_state_dict(block.norm_cross.state_dict())
        last = theirs.norm3
    last.load_state_dict(block.norm_2.state_dict())
    return theirs.eval()


@pytest.mark.parametrize("causal", [True, False])
def test_block_agrees_with_torch(causal: bool) -> None:
    block, x = shaken(Block(small(), causal)), random(3, 5, 8)
    hidden = ~causal_mask(5) if causal else None  # True means "may not look" there
    theirs = torch_layer(block, nn.TransformerEncoderLayer)(x, src_mask=hidden)
    assert_close(block(x)[0], theirs)


def test_block_with_cross_attention_agrees_with_torch() -> None:
    block = shaken(CrossBlock(small(), causal=True))
    x, memory = random(3, 5, 8), random(3, 7, 8, seed=1)
    theirs = torch_layer(block, nn.TransformerDecoderLayer)(
        x, memory, tgt_mask=~causal_mask(5)
    )
    output, weights = block(x, memory)
    assert_close(output, theirs)
    assert weights.shape == (3, 2, 5, 7)


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
            heads.append(scaled_dot_product_attention(qh, kh, v[:, part], causal_mask(T)))
        x = (
            x
            + torch.cat([o for o, _ in heads], -1) @ layer.output.weight.T
            + layer.output.bias
        )
        up, down = block.feed_forward.up, block.feed_forward.down
        inside = F.gelu(norm(x, block.norm_2) @ up.weight.T + up.bias, approximate="tanh")
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


# Who sees what


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
        not torch.isclose(model.encoder(source)[0], model.encoder(other)[0]).all(-1).any()
    )


def test_encoder_decoder_is_an_encoder_and_a_decoder() -> None:
    model = shaken(EncoderDecoder(small()))
    source, target = ids(2, 6), ids(2, 4, seed=1)
    memory = model.encoder(source)[0]
    assert memory.shape == (2, 6, 8)  # one vector for each token, not one for the text
    expected = model.decoder.logits(model.decoder(target, memory)[0])
    assert torch.equal(model(source, target), expected)
    assert not torch.equal(model.encoder.embed.weight, model.decoder.embed.weight)


# The weights that are shown are those that were used


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


# The cache


@kinds
@settings(deadline=None, max_examples=30)
@given(st.integers(1, 9), st.integers(1, 4), st.integers(0, 1000))
def test_cache_equals_no_cache(positions: str, prompt: int, step: int, seed: int) -> None:
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


# Seeds, dropout, numbers


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


def test_the_two_towers_start_with_different_numbers() -> None:
    model = EncoderDecoder(small(), seed=3)
    towers = zip(model.encoder.blocks, model.decoder.blocks, strict=True)
    for one, other in towers:
        assert not torch.equal(one.attention.qkv.weight, other.attention.qkv.weight)


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
        x, spreads = torch.randn(1, 9, 64, generator=torch.Generator().manual_seed(0)), []
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
    st.integers(1, 20), st.integers(1, 20), st.integers(1, 3), st.sampled_from([2, 8, 12])
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


# What does not fit


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
    with pytest.raises(ValueError, match="positions: 'alibi' is not known; use 'learned'"):
        small(positions="alibi")


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
    with pytest.raises(ValueError, match=rf"tokens: {wrong} is no token's id; ids run from 0 to 10"):
        GPT(small())(tokens)
    with pytest.raises(ValueError, match=r"tokens: ids must lie in 0 … 10"):
        EncoderDecoder(small())(tokens, ids(1, 3))
