"""A GPT made smaller: what files hold is what the model in memory says, and their bytes are few."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lmlib.compression import (
    load_pruned,
    load_quantised,
    quantised,
    save_pruned,
    save_quantised,
    without_neurons,
)
from lmlib.modules import named_tensors
from lmlib.pretrained import load_book_gpt, save_model
from lmlib.pruning import magnitude_masks, matrices, pruned
from lmlib.quantisation import Shared, quantise
from lmlib.transformer import BERT, GPT, Config, count_parameters

TOKENS = torch.tensor([[0, 191, 284, 2, 17]])


def odd() -> GPT:
    """Sizes that fill no byte: rows of 6 and of 24, 5 words."""
    return GPT(
        Config(vocab_size=5, block_size=3, n_head=3, d_model=6, positions="rotary")
    )


def same(a: GPT, b: GPT) -> bool:
    pairs = zip(named_tensors(a).items(), named_tensors(b).items(), strict=True)
    return all(n == m and torch.equal(x, y) for (n, x), (m, y) in pairs)


@pytest.mark.parametrize("bits", [2, 3, 4, 5, 8])
@pytest.mark.parametrize("shared", ["tensor", "row", 2])
@pytest.mark.parametrize("lowest", [False, True])
def test_a_file_in_few_bits_holds_the_model_of_few_bits(
    tmp_path: Path, bits: int, shared: Shared, lowest: bool
) -> None:
    model = odd()
    save_quantised(model, tmp_path / "small", bits, shared, lowest)
    read = load_quantised(tmp_path / "small")
    assert read.config == model.config and not read.training
    assert same(read, quantised(model, bits, shared, lowest))


def test_matrices_alone_lose_bits_and_the_model_itself_stays() -> None:
    model = load_book_gpt()
    small = quantised(model, 4)
    assert same(model, load_book_gpt())
    for name, tensor in named_tensors(small).items():
        before = named_tensors(model)[name]
        expected = quantise(before, 4, 32).numbers() if tensor.dim() == 2 else before
        assert torch.equal(tensor, expected)
    assert torch.allclose(quantised(model, 8)(TOKENS), model(TOKENS), atol=0.5)


@pytest.mark.parametrize("keep", [0.0, 0.3, 1.0])
def test_a_file_without_zeros_holds_them_again(tmp_path: Path, keep: float) -> None:
    for model in (odd(), load_book_gpt()):
        small = pruned(model, magnitude_masks(model, keep))
        save_pruned(small, tmp_path / "small")
        assert same(load_pruned(tmp_path / "small"), small)


def test_bytes_on_disk(tmp_path: Path) -> None:
    model = load_book_gpt()
    half = pruned(model, magnitude_masks(model, 0.5))
    save_model(model, tmp_path / "whole")
    save_model(half, tmp_path / "zeros")
    save_pruned(half, tmp_path / "half")
    save_quantised(model, tmp_path / "4 bits", 4, lowest=True)
    sizes = {f.name: f.stat().st_size for f in tmp_path.iterdir()}
    assert sizes["whole"] == sizes["zeros"] > 4 * 125_952
    weights = sum(p.numel() for p in matrices(model).values())
    rest = 4 * (125_952 - weights)
    names = 6_000  # of tensors, and their shapes
    assert 0 < sizes["half"] - rest - weights * (2 + 1 / 8) < names
    assert 0 < sizes["4 bits"] - rest - weights * 5 / 8 < names


def test_what_is_no_gpt_and_files_of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="model: is a BERT, not a GPT"):
        save_quantised(BERT(Config(vocab_size=5)), tmp_path / "x", 4)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="shared: 7"):
        save_quantised(odd(), tmp_path / "x", 4, shared=7)
    assert not [*tmp_path.iterdir()]
    save_model(odd(), tmp_path / "whole")
    for load in (load_quantised, load_pruned):
        with pytest.raises(ValueError, match="holds no smaller GPT"):
            load(tmp_path / "whole")
    save_pruned(odd(), tmp_path / "pruned")
    with pytest.raises(ValueError, match="path: "):
        load_quantised(tmp_path / "pruned")


def test_neurons_that_do_nothing_go_first_and_nothing_changes() -> None:
    model = GPT(Config(vocab_size=7, block_size=6, n_head=2, d_model=8))
    with torch.no_grad():
        for block in model.decoder.blocks:
            block.feed_forward.up.weight[::2] = 0  # of 32, every other one
            block.feed_forward.up.bias[::2] = 0  # GELU(0) is 0
    small, tokens = without_neurons(model, 0.5), torch.tensor([[0, 3, 5, 1]])
    assert torch.allclose(small(tokens), model(tokens), atol=1e-6)
    assert small.decoder.blocks[0].feed_forward.up.weight.shape == (16, 8)
    assert count_parameters(model) - count_parameters(small) == 2 * 16 * (8 + 1 + 8)
    lots = without_neurons(model, 0.5, by_lot=0)
    assert not torch.allclose(lots(tokens), model(tokens), atol=1e-3)
