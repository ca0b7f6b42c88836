"""Folders of Transformers: a model goes there and back, and what computes otherwise is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from test_llama import BIASES, random_model, some_tokens

from lmlib.checkpoints import load_tensors
from lmlib.interop.llama_files import load_llama, save_llama
from lmlib.interop.llama_layout import to_halves, to_pairs


@pytest.mark.parametrize("biases", BIASES)
@pytest.mark.parametrize("tied", [True, False])
def test_there_and_back(biases: str, tied: bool, tmp_path: Path) -> None:
    model = random_model(tied=tied, rope_base=500.0, norm_eps=1e-6, **BIASES[biases])
    save_llama(model, tmp_path)
    again = load_llama(tmp_path)
    assert again.config == model.config and not again.training
    tokens = some_tokens(model)
    torch.testing.assert_close(again(tokens), model(tokens))
    pairs = zip(again.parameters(), model.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert all(p.requires_grad for p in again.parameters())


def test_heads_turn_in_pairs_here_and_in_halves_there() -> None:
    rows = torch.arange(24).view(12, 2)
    assert torch.equal(to_halves(to_pairs(rows, n_head=2), n_head=2), rows)
    assert to_pairs(rows, n_head=2)[:, 0].tolist() == [
        *(0, 6, 2, 8, 4, 10),
        *(12, 18, 14, 20, 16, 22),
    ]


def test_a_model_that_learns_leaves_its_file_alone(tmp_path: Path) -> None:
    save_llama(random_model(), tmp_path)
    before, _ = load_tensors(tmp_path / "model.safetensors")
    model = load_llama(tmp_path)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1.0)
    after, _ = load_tensors(tmp_path / "model.safetensors")
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    assert not torch.equal(model.embed.weight, load_llama(tmp_path).embed.weight)


def test_a_model_in_several_files(tmp_path: Path) -> None:
    model = random_model()
    save_llama(model, tmp_path)
    tensors, _ = load_tensors(tmp_path / "model.safetensors")
    (tmp_path / "model.safetensors").unlink()
    for i, part in enumerate([list(tensors)[:5], list(tensors)[5:]], 1):
        whole = {name: tensors[name].contiguous() for name in part}
        save_file(whole, tmp_path / f"model-0000{i}-of-00002.safetensors")
    tokens = some_tokens(model)
    torch.testing.assert_close(load_llama(tmp_path)(tokens), model(tokens))


def changed(**new: Any) -> Callable[[Path], object]:
    """A configuration that says something else; None takes a line out."""

    def change(folder: Path) -> object:
        path = folder / "config.json"
        content = {**json.loads(path.read_text()), **new}
        kept = {name: value for name, value in content.items() if value is not None}
        return path.write_text(json.dumps(kept))

    return change


def cut(folder: Path) -> object:
    path = folder / "model.safetensors"
    return path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (changed(model_type="gpt2"), "has model_type 'gpt2', and lmlib has 'llama'"),
        (changed(hidden_act="gelu"), "has hidden_act 'gelu', and lmlib has 'silu'"),
        (
            changed(rope_scaling={"rope_type": "llama3", "factor": 8.0}),
            "has rope_type 'llama3'",
        ),
        (changed(rope_scaling={"type": "linear", "factor": 2.0}), "rope_type 'linear'"),
        (changed(use_sliding_window=True), "has use_sliding_window True"),
        (
            changed(quantization_config={"bits": 4}),
            "has quantization_config {'bits': 4}",
        ),
        (changed(num_attention_heads=0), "does not say what a model is made of"),
        (changed(vocab_size="40"), "does not say what a model is made of"),
        (changed(vocab_size=None), "lacks 'vocab_size'"),
        (changed(vocab_size=41), r"model.embed_tokens.weight is \(40, 120\)"),
        (changed(num_hidden_layers=3), "lacks model.layers.2.input_layernorm.weight"),
        (changed(num_key_value_heads=4), "n_kv_head: 4 does not divide n_head 6"),
        (cut, "is no whole safetensors file"),
        (lambda folder: (folder / "model.safetensors").unlink(), "holds no model.safe"),
        (lambda folder: (folder / "config.json").unlink(), "cannot read"),
        (lambda folder: (folder / "config.json").write_text("{"), "is not JSON"),
        (lambda folder: (folder / "config.json").write_text("[]"), "no JSON object"),
    ],
)
def test_what_is_no_such_model_is_refused(
    break_it: Callable[[Path], object], words: str, tmp_path: Path
) -> None:
    save_llama(random_model(), tmp_path)
    break_it(tmp_path)
    with pytest.raises(ValueError, match=words):
        load_llama(tmp_path)


def test_biases_of_no_model_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Llama has both or neither"):
        save_llama(random_model(output_bias=True), tmp_path)
    assert not list(tmp_path.iterdir())
