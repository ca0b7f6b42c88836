"""LoRA starts as its base and merges into it; frozen parameters stay."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tensors import ids, random
from support.tuning import SMALL, texts, trained
from torch import nn

from lmlib.batches import Batches
from lmlib.blocks import Config
from lmlib.finetuning import Classifier, read_out
from lmlib.lora import LoRALinear, add_lora, merge_lora
from lmlib.optimisation import Training
from lmlib.pretraining import fit
from lmlib.transformer import GPT, count_parameters


def shaken_lora(rank: int = 2, alpha: float = 3.0, bias: bool = True) -> LoRALinear:
    """In double precision, with no number left at 0."""
    layer = LoRALinear(nn.Linear(5, 7, bias=bias).double(), rank, alpha)
    layer.up.data = random(7, rank, seed=1)
    return layer


@pytest.mark.parametrize("bias", [True, False])
def test_lora_starts_exactly_as_its_base(bias: bool) -> None:
    base, x = nn.Linear(5, 7, bias=bias), ids(3, 5).float()
    expected = base(x)
    assert torch.equal(LoRALinear(base, rank=3)(x), expected)


def test_a_model_with_lora_starts_exactly_as_it_was() -> None:
    tokens = ids(3, 9)
    expected = GPT(SMALL)(tokens)
    assert torch.equal(add_lora(GPT(SMALL), rank=2)(tokens), expected)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 5), st.floats(0.1, 30.0), st.booleans())
def test_lora_is_the_formula_number_by_number(
    rank: int, alpha: float, bias: bool
) -> None:
    layer, x = shaken_lora(rank, alpha, bias), random(5, seed=2)
    y = layer(x).tolist()
    W, A, B = (m.tolist() for m in (layer.base.weight, layer.down, layer.up))
    for o in range(7):
        inside = [sum(A[r][i] * float(x[i]) for i in range(5)) for r in range(rank)]
        expected = sum(W[o][i] * float(x[i]) for i in range(5))
        expected += alpha / rank * sum(B[o][r] * inside[r] for r in range(rank))
        expected += layer.base.bias[o].item() if bias else 0.0
        assert y[o] == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("bias", [True, False])
def test_merged_does_the_same_and_leaves_the_base(bias: bool) -> None:
    layer, x = shaken_lora(bias=bias), random(4, 5, seed=3)
    before = layer.base.weight.clone()
    merged = layer.merged()
    torch.testing.assert_close(merged(x), layer(x), rtol=0, atol=1e-12)
    assert type(merged) is nn.Linear and (merged.bias is not None) == bias
    assert torch.equal(layer.base.weight, before)
    assert not torch.allclose(merged.weight, before)


def test_the_correction_has_the_stated_rank() -> None:
    layer = shaken_lora(rank=2)
    change = layer.merged().weight - layer.base.weight
    assert torch.linalg.matrix_rank(change, tol=1e-9) == 2


def test_gradients_are_those_of_the_full_matrix_projected() -> None:
    layer, x = shaken_lora(), random(4, 5, seed=3)
    full = layer.merged().weight.detach().requires_grad_(True)
    F.linear(x, full, layer.base.bias).pow(3).sum().backward()
    layer(x).pow(3).sum().backward()
    assert full.grad is not None
    scale = 3.0 / 2
    torch.testing.assert_close(layer.up.grad, scale * full.grad @ layer.down.T)
    torch.testing.assert_close(layer.down.grad, scale * layer.up.T @ full.grad)
    assert layer.base.weight.grad is None


def test_seeds_decide_the_start() -> None:
    downs = [LoRALinear(nn.Linear(5, 7), 2, seed=seed).down for seed in (0, 0, 1)]
    assert torch.equal(downs[0], downs[1]) and not torch.equal(downs[0], downs[2])
    first, second = (
        block.attention.qkv.down for block in add_lora(GPT(SMALL), 2).decoder.blocks
    )
    assert not torch.equal(first, second)


@pytest.mark.parametrize("rank", [1, 4, 16])
@pytest.mark.parametrize(
    "names, sides",
    [
        (("qkv",), 64 + 192),
        (("qkv", "output"), 64 + 192 + 64 + 64),
        (("up", "down"), 2 * (64 + 256)),
    ],
)
def test_trainable_numbers_by_formula(
    rank: int, names: tuple[str, ...], sides: int
) -> None:
    model = add_lora(GPT(Config(vocab_size=304)), rank, names=names)
    assert count_parameters(model, trainable=True) == 2 * rank * sides
    assert count_parameters(model) == 125_952 + 2 * rank * sides


def test_only_the_corrections_and_the_head_change() -> None:
    changed = trained(Classifier(add_lora(GPT(SMALL), rank=2), 2))
    for name, moved in changed.items():
        assert moved == (name.endswith((".down", ".up")) or name.startswith("head")), (
            name
        )
    assert sum(changed.values()) == 2 * 2 + 2


def test_merging_a_trained_model_changes_no_answer() -> None:
    model = Classifier(add_lora(GPT(SMALL), rank=2), 2)
    trained(model)
    prompts, _ = texts()
    before = read_out(model, prompts)
    assert merge_lora(model) is model
    torch.testing.assert_close(read_out(model, prompts), before, rtol=0, atol=1e-5)
    assert not any(isinstance(part, LoRALinear) for part in model.modules())
    assert count_parameters(model, trainable=True) == 0


def test_without_its_correction_a_trained_model_is_the_old_one_again() -> None:
    model, tokens = add_lora(GPT(SMALL), rank=2), ids(3, 9)
    expected = GPT(SMALL)(tokens)
    fit(model, Batches([ids(9)] * 4, 4), Training(steps=3, warmup=0), progress=False)
    assert not torch.allclose(model(tokens), expected)
    for block in model.decoder.blocks:
        block.attention.qkv = block.attention.qkv.base
    assert torch.equal(model(tokens), expected)


def test_the_same_run_gives_the_same_numbers() -> None:
    runs = []
    for _ in range(2):
        model = Classifier(add_lora(GPT(SMALL), rank=2), 2)
        trained(model)
        runs.append(model.state_dict())
    assert all(torch.equal(runs[0][name], runs[1][name]) for name in runs[0])


@pytest.mark.parametrize("rank", [0, -1, 6])
def test_a_rank_that_fits_no_matrix(rank: int) -> None:
    with pytest.raises(ValueError, match=rf"rank: {rank} .* use 1 … 5"):
        LoRALinear(nn.Linear(5, 7), rank)


@pytest.mark.parametrize("alpha", [0.0, -1.0, math.inf, math.nan])
def test_an_alpha_that_makes_no_sense(alpha: float) -> None:
    with pytest.raises(ValueError, match=r"alpha: .* is not above 0 and finite"):
        LoRALinear(nn.Linear(5, 7), 2, alpha)


def test_no_layer_of_that_name() -> None:
    with pytest.raises(
        ValueError, match=r"called c_attn; it has down, output, qkv, up"
    ):
        add_lora(GPT(SMALL), 2, names=("c_attn",))


def test_nothing_to_merge() -> None:
    with pytest.raises(ValueError, match="no LoRALinear in it; call add_lora first"):
        merge_lora(GPT(SMALL))


def test_a_refused_model_is_left_as_it_was() -> None:
    model = GPT(SMALL)
    with pytest.raises(ValueError, match="names: "):
        add_lora(model, 2, names=("c_attn",))
    assert count_parameters(model, trainable=True) == count_parameters(model)
    with pytest.raises(ValueError, match=r"names: .* it has base, down, output, up"):
        add_lora(add_lora(model, 2), 2)
