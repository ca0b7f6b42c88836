"""The real model's tokenizer: ids as from Transformers and from llama.cpp, of texts in any script."""

from __future__ import annotations

import importlib.util
import json
import pickle
import random
import time
import unicodedata
import urllib.request
from collections.abc import Callable
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import gguf
import llama_server
import numpy as np
import pytest
import tokenizers
import transformers
from support.byte_level import LEVELS, TRICKY
from support.modules import PACKAGE as LMLIB
from support.real_texts import (
    BETWEEN,
    CHATML,
    CHOSEN,
    END_OF_TURN,
    SPECIALS,
    START,
    any_text,
)

from lmlib.bpe import BPETokenizer
from lmlib.interop.gguf_head import field, read_gguf
from lmlib.interop.gguf_tokenizer import TextEnds, load_gguf_tokenizer, text_ends
from lmlib.interop.real import HOW, packaged
from lmlib.interop.tokenizer_files import load_tokenizer, save_tokenizer
from lmlib.prose import prose
from lmlib.streams import encode_stream


def gguf_file() -> Path:
    return packaged() or pytest.skip(HOW)


@cache
def reader() -> Any:
    return read_gguf(gguf_file())


@cache
def ours() -> BPETokenizer:
    return load_gguf_tokenizer(gguf_file(), reader())


@cache
def from_transformers() -> Any:
    path = gguf_file()
    return transformers.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)


@cache
def peer() -> tokenizers.Tokenizer:
    """Transformers' own, with the way of cutting that the file names: it takes GPT-2's for every GGUF."""
    found = tokenizers.Tokenizer.from_str(
        from_transformers().backend_tokenizer.to_str()
    )
    found.pre_tokenizer = LEVELS["smollm"]
    return found


def test_what_is_in_the_file() -> None:
    tokenizer = ours()
    assert repr(tokenizer) == "BPETokenizer(49152 tokens)"
    assert tokenizer.pattern == "smollm" and tokenizer.added == ()
    assert tokenizer.specials[:3] == ("<|endoftext|>", START, END_OF_TURN)
    assert {*SPECIALS} < {*tokenizer.specials}
    assert len(tokenizer.specials) == 17 and len(tokenizer.merges) == 48_900
    assert len(tokenizer.missing) == 21 and set(b"\x04\xc0\xf1") < {*tokenizer.missing}
    assert text_ends(gguf_file(), reader()) == TextEnds((), (2,))
    assert field(reader(), "tokenizer.chat_template") == CHATML


def test_it_is_made_in_less_than_a_second() -> None:
    ours()  # the pattern is compiled
    start = time.process_time()
    load_gguf_tokenizer(gguf_file(), reader())
    assert time.process_time() - start < 1


def test_ten_thousand_strings_of_any_script() -> None:
    texts = [any_text(seed) for seed in range(10_000)]
    assert len({*chain.from_iterable(texts)}) > 30_000
    theirs = [found.ids for found in peer().encode_batch(texts)]
    mine = [ours().encode(text) for text in texts]
    wrong = [t for t, a, b in zip(texts, mine, theirs, strict=True) if a != b]
    assert wrong == []
    lost = 0
    for text, ids in zip(texts, mine, strict=True):
        kept = bytes(byte for byte in text.encode() if byte not in ours().missing)
        assert ours().decode_bytes(ids) == kept
        lost += kept != text.encode()
    assert 0 < lost < 300
    assert ours().decode(chain.from_iterable(mine[:50])) == "".join(texts[:50])


def test_prose_and_code() -> None:
    sources = [path.read_text("utf-8") for path in sorted(LMLIB.rglob("*.py"))[:60]]
    for text in (prose(), TRICKY, *CHOSEN, *sources):
        ids = ours().encode(text)
        assert ids == peer().encode(text).ids
        known = [c for c in text if not {*c.encode()} & {*ours().missing}]
        assert ours().decode(ids) == "".join(known)


def test_transformers_itself_where_there_is_no_number() -> None:
    texts = [any_text(seed) for seed in range(2000)]
    plain = [t for t in texts if not any(unicodedata.category(c)[0] == "N" for c in t)]
    assert len(plain) > 300
    for text in plain:
        assert ours().encode(text) == from_transformers()(text)["input_ids"]


def test_llama_cpp_cuts_so_too(monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("xllamacpp is not installed: there are no wheels for this machine")
    monkeypatch.setenv("NO_PROXY", "*")
    chance = random.Random(0)
    mixed = ["".join(chance.choices(BETWEEN, k=12)) for _ in range(300)]
    texts = [t for t in [*CHOSEN, *mixed] if not {*t.encode()} & {*ours().missing}]
    with llama_server.server_of(gguf_file()) as address:
        for text in texts:
            asked = {"content": text, "add_special": False, "parse_special": True}
            request = urllib.request.Request(
                f"{address.removesuffix('/v1')}/tokenize", json.dumps(asked).encode()
            )
            with urllib.request.urlopen(request) as answer:
                assert ours().encode(text) == json.load(answer)["tokens"]


def test_it_travels(tmp_path: Path) -> None:
    """As a tokenizer.json, which others read, and to another process."""
    save_tokenizer(ours(), path := tmp_path / "tokenizer.json")
    again, theirs = load_tokenizer(path), tokenizers.Tokenizer.from_file(str(path))
    sent = pickle.loads(pickle.dumps(ours()))
    assert again.missing == sent.missing == ours().missing
    for text in CHOSEN:
        ids = ours().encode(text)
        assert again.encode(text) == sent.encode(text) == theirs.encode(text).ids == ids
        assert [*encode_stream(text, again, size=8)] == ids  # a word of them is shorter


# Other files


def write(path: Path, **changes: Any) -> Path:
    """A GGUF file with a tokenizer of the prose and nothing else; what is None is left out."""
    small = prose_tokenizer()
    values = {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": [*small.vocab],
        "tokenizer.ggml.token_type": [3] + [1] * (len(small.vocab) - 1),
        "tokenizer.ggml.merges": [" ".join(pair) for pair in small.merges],
        "tokenizer.ggml.eos_token_id": 0,
        **{f"tokenizer.ggml.{name}": value for name, value in changes.items()},
    }
    writer = gguf.GGUFWriter(path, "llama")
    kinds: dict[type, Callable[[str, Any], None]] = {
        str: writer.add_string,
        bool: writer.add_bool,
        int: writer.add_uint32,
        list: writer.add_array,
    }
    for name, value in values.items():
        if value is not None:
            kinds[type(value)](name, value)
    writer.add_tensor("one", np.ones(4, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@cache
def prose_tokenizer() -> BPETokenizer:
    return BPETokenizer.train(prose(), 400)


@pytest.mark.parametrize("pre, pattern", [("gpt-2", "gpt2"), ("smollm", "smollm")])
def test_a_file_of_our_own(tmp_path: Path, pre: str, pattern: str) -> None:
    small = prose_tokenizer()
    again = load_gguf_tokenizer(write(tmp_path / "a.gguf", pre=pre))
    assert (again.vocab, again.merges) == (small.vocab, small.merges)
    assert (again.specials, again.pattern) == (small.specials, pattern)
    assert (again.encode("a  12 <end>") == small.encode("a  12 <end>")) == (
        pre == "gpt-2"
    )


def test_tokens_that_users_added(tmp_path: Path) -> None:
    vocab = [*prose_tokenizer().vocab, "<tool>", "[unused]"]
    kinds = [3, *[1] * 399, 4, 5]
    path = write(tmp_path / "a.gguf", tokens=vocab, token_type=kinds)
    found = load_gguf_tokenizer(path)
    assert found.added == ("<tool>",) and found.specials == ("<end>",)
    assert found.encode("a<tool>") == [*found.encode("a"), 400]
    assert 401 not in found.encode("[unused]")


@pytest.mark.parametrize(
    "changes, ends",
    [
        ({}, TextEnds((), (0,))),
        ({"eos_token_id": None}, TextEnds((), ())),
        ({"bos_token_id": 7}, TextEnds((), (0,))),
        ({"bos_token_id": 7, "add_bos_token": True}, TextEnds((7,), (0,))),
        ({"eot_token_id": 9, "eom_token_id": 0}, TextEnds((), (0, 9))),
    ],
)
def test_what_stands_around_a_text(
    tmp_path: Path, changes: dict[str, Any], ends: TextEnds
) -> None:
    assert text_ends(write(tmp_path / "a.gguf", **changes)) == ends


VOCAB = [*BPETokenizer.train(prose(), 400).vocab]
MERGES = [" ".join(pair) for pair in BPETokenizer.train(prose(), 400).merges]


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"model": "llama"}, r"of the kind 'llama' \(tokenizer.ggml.model\), and the book reads 'gpt2'"),
        ({"model": None}, "a tokenizer of the kind None"),
        ({"pre": "llama-bpe"}, r"cuts words by 'llama-bpe' \(tokenizer.ggml.pre\), and the book knows 'gpt-2' and 's"),
        ({"pre": None}, "cuts words by None"),
        ({"tokens": None}, "has no list of str called tokenizer.ggml.tokens"),
        ({"tokens": "abc"}, "has no list of str called tokenizer.ggml.tokens"),
        ({"token_type": None}, "has no list of int called tokenizer.ggml.token_type"),
        ({"merges": [1, 2]}, "has no list of str called tokenizer.ggml.merges"),
        ({"token_type": [1, 3]}, "has 400 tokens and kinds of 2"),
        ({"tokens": [*VOCAB[:-1], "a"]}, r"vocab: 'a' stands in it more than once; .* \(path: '.*a.gguf'\)"),
        ({"tokens": [*VOCAB[:-1], "a b"]}, r"vocab: .* is missing.*\(tokenizer.ggml.merges\[142\] of "),
        ({"merges": ["t h e"]}, r"the merge 't h e' \(tokenizer.ggml.merges\[0\]\), which is no two"),
        ({"merges": MERGES[::-1]}, r"no earlier merge.*\(tokenizer.ggml.merges\[0\] of '.*a.gguf'\)"),
        ({"merges": [*MERGES, MERGES[0]]}, r"is there already.*merges\[143\] of"),
    ],
)  # fmt: skip
def test_tokenizers_that_are_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    path = write(tmp_path / "a.gguf", **changes)
    with pytest.raises(ValueError, match=message):
        load_gguf_tokenizer(path)


def test_an_id_that_is_no_token(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gguf", eos_token_id=400)
    with pytest.raises(
        ValueError,
        match=r"tokenizer.ggml.eos_token_id: 400 is no token's id; .* 0 to 399",
    ):
        text_ends(path)


def test_files_that_are_none(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.gguf").read_bytes()
    (tmp_path / "cut.gguf").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.gguf").write_text("to be or not to be")
    for name in ("cut.gguf", "text.gguf"):
        with pytest.raises(
            ValueError, match=rf"path: '.*{name}' is no whole GGUF file"
        ):
            load_gguf_tokenizer(tmp_path / name)
    with pytest.raises(ValueError, match=r"path: there is no file '.*nowhere'"):
        load_gguf_tokenizer(tmp_path / "nowhere")
