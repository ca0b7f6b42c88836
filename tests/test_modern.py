"""The block of today's models: its parts against PyTorch's and against Transformers' Llama."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lmlib.grouped_query import grouped_attention
from lmlib.modern import ModernBlock, ModernConfig, RMSNorm, SwiGLU
from lmlib.positions import rotate, rotations, turn

transformers = pytest.importorskip("transformers")
from transformers.models.llama import modeling_llama  # noqa: E402


def drawn(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.double)


# RMSNorm


@pytest.mark.parametrize("eps", [1e-5, 1e-2])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_the_norm_is_that_of_others(eps: float, scale: float) -> None:
    ours = RMSNorm(8, eps).double()
    ours.weight.data = drawn(8, seed=1)
    x = scale * drawn(2, 3, 8)
    for theirs in (nn.RMSNorm(8, eps), modeling_llama.LlamaRMSNorm(8, eps)):
        theirs.double().load_state_dict(ours.state_dict())
        # Transformers' calculates in float32 whatever it is given.
        torch.testing.assert_close(ours(x), theirs(x), rtol=1e-5, atol=1e-5)


def test_the_size_is_set_and_the_mean_stays() -> None:
    x = 5 + drawn(4, 16)
    found = RMSNorm(16, eps=1e-12).double()(x)
    torch.testing.assert_close(found.square().mean(-1), torch.ones(4).double())
    torch.testing.assert_close(found / found[:, :1], x / x[:, :1])  # one direction


def test_zeros_stay_zeros() -> None:
    assert torch.equal(RMSNorm(4)(torch.zeros(2, 4)), torch.zeros(2, 4))


# SwiGLU


@pytest.mark.parametrize("bias", [False, True])
def test_the_gate_is_that_of_transformers(bias: bool) -> None:
    ours = SwiGLU(6, 10, bias).double()
    config = transformers.LlamaConfig(
        hidden_size=6,
        intermediate_size=10,
        num_attention_heads=1,
        mlp_bias=bias,
        hidden_act="silu",
    )
    theirs = modeling_llama.LlamaMLP(config).double()
    state = {
        name.replace(".", "_proj."): tensor for name, tensor in ours.named_parameters()
    }
    theirs.load_state_dict(state)
    x = drawn(2, 3, 6)
    torch.testing.assert_close(ours(x), theirs(x))


def test_a_closed_gate_lets_nothing_through() -> None:
    layer = SwiGLU(4, 3)
    layer.gate.weight.data.zero_()
    assert torch.equal(layer(torch.ones(2, 4)), torch.zeros(2, 4))


# Positions with a base


@pytest.mark.parametrize("base", [100.0, 10_000.0, 1e6])
def test_angles_are_those_of_transformers(base: float) -> None:
    """Their pairs are numbers i and i + D/2, ours are neighbours."""
    config = transformers.LlamaConfig(
        hidden_size=16,
        num_attention_heads=2,
        rope_parameters={"rope_type": "default", "rope_theta": base},
    )
    places = torch.arange(3, 9)
    x = drawn(1, 2, 6, 8)
    theirs = modeling_llama.LlamaRotaryEmbedding(config)(x.float(), places[None])
    halves = torch.cat([x[..., 0::2], x[..., 1::2]], dim=-1).float()
    turned, _ = modeling_llama.apply_rotary_pos_emb(halves, halves, *theirs)
    ours = rotate(x, start=3, base=base).float()
    expected = torch.stack(turned.chunk(2, dim=-1), dim=-1).flatten(-2)
    torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-5)


def test_scores_know_distances_alone_whatever_the_base() -> None:
    q, k = drawn(1, 8), drawn(1, 8, seed=1)
    for base in (10.0, 1e6):
        near = rotate(q, 7, base) @ rotate(k, 2, base).T
        far = rotate(q, 107, base) @ rotate(k, 102, base).T
        torch.testing.assert_close(near, far)


def test_a_larger_base_slows_all_pairs_but_the_first() -> None:
    one, two = (rotations(torch.arange(2), 8, base)[0][1] for base in (1e4, 1e6))
    assert one[0] == two[0] and (two[1:] > one[1:]).all()


# Grouped queries


@pytest.mark.parametrize("heads, groups", [(6, 3), (4, 1), (2, 2)])
def test_grouped_attention_is_pytorchs(heads: int, groups: int) -> None:
    q, k, v = drawn(2, heads, 5, 4), drawn(2, groups, 5, 4), drawn(2, groups, 5, 4)
    expected = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    torch.testing.assert_close(grouped_attention(q, k, v)[0], expected)


# The block


def test_the_block_is_two_lines() -> None:
    config = ModernConfig(vocab_size=9, d_model=8, n_head=2, n_kv_head=1, d_head=4)
    block, x = ModernBlock(config).double(), drawn(2, 5, 8)
    turns = rotations(torch.arange(5), 4, dtype=torch.double)
    attended, weights = block.attention(block.norm_1(x), turns)
    middle = x + attended
    found, seen = block(x, turns)
    torch.testing.assert_close(found, middle + block.feed_forward(block.norm_2(middle)))
    assert torch.equal(seen, weights)


def test_rotations_of_zero_turn_nothing() -> None:
    x = drawn(1, 2, 3, 4)
    turns = rotations(torch.zeros(3), 4, dtype=torch.double)
    assert torch.equal(turn(x, *turns), x)


def test_its_parameters_are_counted_by_the_formula() -> None:
    """`eq:count-llama`, without tables."""
    c = ModernConfig(vocab_size=9, d_model=24, n_head=6, n_kv_head=2, d_head=8, d_ff=40)
    C, H, G, D = c.d_model, c.n_head, c.n_kv_head, c.d_head
    expected = 2 * C * H * D + 2 * C * G * D + 3 * C * c.d_ff + 2 * C
    assert sum(p.numel() for p in ModernBlock(c).parameters()) == expected
