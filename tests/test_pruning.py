"""Weights that go: those of least size, as many as asked, and they stay away while the others learn."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from lmlib.batches import Batches
from lmlib.optimisation import Training
from lmlib.pretraining import fit
from lmlib.pruning import held, largest, magnitude_masks, matrices, pruned, random_masks
from lmlib.transformer import GPT, Config

TINY = Config(vocab_size=7, block_size=6, n_layer=2, n_head=2, d_model=8)


def tiny(seed: int = 0) -> GPT:
    return GPT(TINY, seed)


@pytest.mark.parametrize("keep", [0.0, 0.1, 0.5, 0.77, 1.0])
def test_pytorch_prunes_alike(keep: float) -> None:
    layer = nn.Linear(30, 20)
    ours = largest(layer.weight.detach().abs(), keep)
    away = layer.weight.numel() - round(keep * layer.weight.numel())
    prune.l1_unstructured(layer, "weight", amount=away)
    assert torch.equal(ours, layer.weight_mask.bool())


def test_of_equal_ones_the_earlier_stay() -> None:
    for keep in range(6):
        stays = largest(torch.tensor([2.0, 1.0, 2.0, 1.0, 1.0]), keep / 5)
        order = [0, 2, 1, 3, 4][:keep]
        assert stays.nonzero().flatten().tolist() == sorted(order)


@pytest.mark.parametrize("keep", [-0.1, 1.1, math.nan])
def test_a_share_is_a_share(keep: float) -> None:
    with pytest.raises(ValueError, match="keep: "):
        largest(torch.ones(3), keep)
    with pytest.raises(ValueError, match="NaN"):
        largest(torch.tensor([1.0, math.nan]), 0.5)


def test_one_threshold_for_all_or_one_each() -> None:
    model = tiny()
    with torch.no_grad():
        model.decoder.position.weight.mul_(100)
    count = sum(p.numel() for p in matrices(model).values())
    together, each = (magnitude_masks(model, 0.3, t) for t in (True, False))
    assert sum(int(m.sum()) for m in together.values()) == round(0.3 * count)
    for name, p in matrices(model).items():
        assert int(each[name].sum()) == round(0.3 * p.numel())
    kept = torch.cat([p.abs()[together[n]] for n, p in matrices(model).items()])
    gone = torch.cat([p.abs()[~together[n]] for n, p in matrices(model).items()])
    assert kept.min() >= gone.max()
    # They are a hundred times as large, and there are fewer of them than may stay.
    assert together["decoder.position.weight"].float().mean() > 0.9


def test_what_stays_is_what_was_there_and_the_model_itself_is_left_alone() -> None:
    model = tiny()
    before = {name: p.clone() for name, p in model.named_parameters()}
    masks = random_masks(model, 0.4, seed=1)
    small = pruned(model, masks)
    for name, p in small.named_parameters():
        assert torch.equal(dict(model.named_parameters())[name], before[name])
        expected = before[name] * masks[name] if name in masks else before[name]
        assert torch.equal(p, expected)
    again = random_masks(model, 0.4, seed=1)
    assert all(torch.equal(masks[name], again[name]) for name in masks)
    other = random_masks(model, 0.4, seed=2)
    assert any(not torch.equal(masks[name], other[name]) for name in masks)


def test_zeros_are_held_in_training_and_all_else_learns() -> None:
    model, sequences = tiny(), [torch.tensor([0, 1, 2, 3, 4, 0])] * 8
    masks = magnitude_masks(model, 0.5)
    before = pruned(model, masks)
    with held(model, masks):
        log = fit(
            model, Batches(sequences), Training(60, 0.03, warmup=5), progress=False
        )
    assert log[-1].loss < 1.2
    for name, p in matrices(model).items():
        assert not p[~masks[name]].any()
        assert not torch.equal(p, dict(before.named_parameters())[name])
    assert {*dict(model.named_parameters())} == {*dict(before.named_parameters())}
    assert type(model.decoder.blocks[0].feed_forward.up) is nn.Linear


def test_what_was_held_is_let_go_after_an_error() -> None:
    model = tiny()
    with pytest.raises(RuntimeError), held(model, magnitude_masks(model, 0.5)):
        raise RuntimeError
    assert type(model.decoder.embed) is nn.Embedding


def test_masks_of_another_model() -> None:
    other = GPT(Config(vocab_size=9, block_size=6, n_head=2, d_model=8))
    with pytest.raises(
        ValueError, match=r"masks: decoder.embed.weight of shape \(9, 8\)"
    ):
        pruned(tiny(), magnitude_masks(other, 0.5))
    with (
        pytest.raises(ValueError, match="masks: "),
        held(tiny(), {"no": torch.ones(1)}),
    ):
        pass
