"""GGUF: a model goes there and back, the library's quantisations are read, and what is damaged is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from test_llama import BIASES, random_model, some_tokens

from lmlib.interop.gguf_files import load_gguf, save_gguf
from lmlib.llama import Llama
from lmlib.modern import ModernConfig

gguf = pytest.importorskip("gguf")


@pytest.mark.parametrize("biases", BIASES)
@pytest.mark.parametrize("tied", [True, False])
def test_there_and_back(biases: str, tied: bool, tmp_path: Path) -> None:
    model = random_model(tied=tied, rope_base=500.0, **BIASES[biases]).float()
    save_gguf(model, tmp_path / "model.gguf")
    again = load_gguf(tmp_path / "model.gguf")
    assert again.config == model.config and not again.training
    tokens = some_tokens(model)
    torch.testing.assert_close(again(tokens), model(tokens), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("kind", "error"), [("Q8_0", 0.03), ("Q4_1", 0.5), ("F16", 0.003)]
)
def test_fewer_bits_are_read(kind: str, error: float, tmp_path: Path) -> None:
    """Each number within a step of its block, whose size is known from the block's range."""
    model = Llama(ModernConfig(vocab_size=40, d_model=64, d_head=16, d_ff=96))
    save_gguf(model, tmp_path / "whole.gguf")
    quantise(tmp_path / "whole.gguf", tmp_path / "small.gguf", kind)
    small = load_gguf(tmp_path / "small.gguf")
    one, two = model.embed.weight, small.embed.weight
    assert not torch.equal(one, two)
    scale = one.abs().amax()
    assert (one - two).abs().max() < error * scale


def quantise(whole: Path, small: Path, kind: str) -> None:
    """Its matrices in another form, through the library."""
    reader = gguf.GGUFReader(whole)
    writer = gguf.GGUFWriter(small, "llama")
    for field in reader.fields.values():
        if not field.name.startswith(("GGUF.", "general.architecture")):
            writer.add_key_value(field.name, field.contents(), field.types[0])
    form = gguf.GGMLQuantizationType[kind]
    for tensor in reader.tensors:
        data = gguf.dequantize(tensor.data, tensor.tensor_type)
        if data.ndim == 2:
            writer.add_tensor(tensor.name, gguf.quantize(data, form), raw_dtype=form)
        else:
            writer.add_tensor(tensor.name, data.copy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write(path: Path, architecture: str = "llama", **fields: object) -> None:
    """A file whose head says this, with one tensor."""
    writer = gguf.GGUFWriter(path, architecture)
    for name, value in fields.items():
        add = writer.add_string if isinstance(value, str) else writer.add_uint32
        add(name.replace("__", "."), value)
    writer.add_tensor("token_embd.weight", torch.zeros(40, 24).numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def cut(path: Path) -> None:
    save_gguf(random_model().float(), path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "there is no file"),
        (lambda path: path.write_bytes(b"no model at all"), "no whole GGUF file"),
        (cut, "no whole GGUF file"),
        (lambda path: write(path, "gemma"), "architecture 'gemma'; give one of llama"),
        (lambda path: write(path), "does not say what a model of 'llama' is made of"),
        (
            lambda path: write(path, llama__rope__scaling__type="yarn"),
            "stretches its positions .'yarn'",
        ),
    ],
)
def test_what_is_no_such_file_is_refused(
    make: Callable[[Path], object], words: str, tmp_path: Path
) -> None:
    make(tmp_path / "model.gguf")
    with pytest.raises(ValueError, match=words):
        load_gguf(tmp_path / "model.gguf")


HEAD = {
    "context_length": 9,
    "block_count": 1,
    "embedding_length": 24,
    "feed_forward_length": 8,
    "attention__head_count": 2,
    "attention__layer_norm_rms_epsilon": 1,
}


@pytest.mark.parametrize("lacking", HEAD)
def test_a_size_that_is_not_said_is_not_guessed(lacking: str, tmp_path: Path) -> None:
    said = {f"llama__{name}": n for name, n in HEAD.items() if name != lacking}
    write(tmp_path / "model.gguf", **said)
    with pytest.raises(ValueError, match="does not say what a model of 'llama' is"):
        load_gguf(tmp_path / "model.gguf")


def test_a_base_that_is_written_without_a_point(tmp_path: Path) -> None:
    """As in many a config.json; llama.cpp refuses a whole number there."""
    model = Llama(ModernConfig(vocab_size=40, rope_base=500))
    save_gguf(model, tmp_path / "model.gguf")
    found = gguf.GGUFReader(tmp_path / "model.gguf").get_field("llama.rope.freq_base")
    assert found.types == [gguf.GGUFValueType.FLOAT32] and found.contents() == 500


def test_numbers_that_the_library_cannot_read_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(data: object, kind: object) -> None:
        raise NotImplementedError("Dequantization for IQ9 is not yet implemented")

    save_gguf(random_model().float(), tmp_path / "model.gguf")
    monkeypatch.setattr(gguf, "dequantize", refuse)
    with pytest.raises(ValueError, match=r"stores token_embd\.weight as F32.*Q8_0"):
        load_gguf(tmp_path / "model.gguf")
