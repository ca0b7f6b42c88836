"""A mixture of experts: each token goes to its likeliest ones, and to no others."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from lmlib.experts import Experts, route
from lmlib.modern import SwiGLU


def mixture(n_expert: int = 4, n_active: int = 2, seed: int = 0) -> Experts:
    torch.manual_seed(seed)
    return Experts(8, [SwiGLU(8, 6) for _ in range(n_expert)], n_active)


def by_hand(layer: Experts, x: Tensor) -> Tensor:
    """One token after the other, and all experts for each of them."""
    out = torch.zeros_like(x)
    for place in range(len(x)):
        probs = (layer.router.weight @ x[place]).softmax(-1)
        chosen = sorted(range(len(probs)), key=lambda i: -probs[i])[: layer.n_active]
        total = sum(probs[i] for i in chosen) if layer.n_active > 1 else 1.0
        for i in chosen:
            out[place] += probs[i] / total * layer.experts[i](x[place])
    return out


@pytest.mark.parametrize("n_active", [1, 2, 4])
def test_a_mixture_is_what_a_loop_over_tokens_gives(n_active: int) -> None:
    layer, x = mixture(n_active=n_active), torch.randn(20, 8)
    with torch.no_grad():
        assert torch.allclose(layer(x), by_hand(layer, x), atol=1e-6)
        assert torch.equal(layer(x.view(4, 5, 8)), layer(x).view(4, 5, 8))


def test_all_experts_alike_are_one_network() -> None:
    layer, x = mixture(), torch.randn(2, 5, 8)
    for expert in layer.experts:
        expert.load_state_dict(layer.experts[0].state_dict())
    with torch.no_grad():
        assert torch.allclose(layer(x), layer.experts[0](x), atol=1e-6)


def test_weights_of_two_add_up_and_a_single_one_keeps_its_probability() -> None:
    logits = torch.randn(30, 5, generator=torch.Generator().manual_seed(1))
    weights, chosen = route(logits, 2)
    assert torch.allclose(weights.sum(-1), torch.ones(30))
    probs = logits.softmax(-1)
    ratio = probs.gather(-1, chosen)
    assert torch.allclose(weights[:, 0] / weights[:, 1], ratio[:, 0] / ratio[:, 1])
    one, first = route(logits, 1)
    assert torch.equal(one[:, 0], probs.max(-1).values)
    assert torch.equal(first[:, 0], chosen[:, 0])


@pytest.mark.parametrize("n_active", [1, 2])
def test_the_router_learns(n_active: int) -> None:
    layer, x = mixture(n_active=n_active), torch.randn(20, 8)
    layer(x).square().sum().backward()
    assert layer.router.weight.grad.abs().max() > 1e-3


def test_an_expert_without_tokens_computes_nothing() -> None:
    seen: list[int] = []

    class Counting(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            seen.append(len(x))
            return x

    layer = Experts(8, [Counting() for _ in range(4)], n_active=1)
    layer.router.weight.data.zero_()[2] = 1.0
    layer(torch.ones(3, 7, 8))
    assert seen == [0, 0, 21, 0]


def test_flops_are_those_of_the_active_ones() -> None:
    found = []
    for n_expert in (2, 16):
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            mixture(n_expert)(torch.randn(10, 8))
        found.append(counter.get_total_flops() - 2 * 10 * 8 * n_expert)  # the router's
    assert found == [2 * 10 * 2 * 3 * 8 * 6] * 2


def test_active_parameters_leave_the_idle_ones_out() -> None:
    layer = mixture()
    assert layer.active_parameters() == 4 * 8 + 2 * 3 * 8 * 6
    assert sum(p.numel() for p in layer.parameters()) == 4 * 8 + 4 * 3 * 8 * 6


@pytest.mark.parametrize("n_active", [0, 5, -1])
def test_more_than_there_are_is_refused(n_active: int) -> None:
    with pytest.raises(
        ValueError, match=rf"n_active: {n_active} of 4 experts; use 1 … 4"
    ):
        mixture(n_active=n_active)
