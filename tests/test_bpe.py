"""Byte-level BPE: ids as from Hugging Face and from a plain loop, every text comes back, bad files are named."""

from __future__ import annotations

import json
import math
import pickle
import sys
import tempfile
import unicodedata
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import tokenizers
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import decoders, models, pre_tokenizers, trainers

from lmlib.bpe import BYTES, BPETokenizer
from lmlib.prose import prose
from lmlib.tokens import END, Tokenizer, sequences

TRICKY = (
    "It's I'll you've WE'LL don't 'twas it''s ’s 's's\n\n\n  two  spaces   three\t\ttabs \r\n"
    "def f(x):\n    return x_1 + 10**7  # 3.14, 1,000 and 2²\u00a0½ Ⅷ ④\u3000全角　空白\n"
    "人工智能是计算机科学的一个分支。大语言模型，一次一个词。👩\u200d👩\u200d👧 👍🏽 🇨🇳🙂🙂🙂 naïve e\u0301 \ufb01"
    " __init__ ---- ======== aaaa aaaaa aaaaaaa abababab \x00\x1c\x1d\x1e\x1f\x85 \u2028end <END> <en d>\n"
) * 3
LEVEL = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)


def hugging_face(text: str, vocab_size: int, end: bool = True) -> tokenizers.Tokenizer:
    peer = tokenizers.Tokenizer(models.BPE())
    peer.pre_tokenizer, peer.decoder = LEVEL, decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[END] if end else [],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    peer.train_from_iterator([text], trainer)
    return peer


def vocab_of(peer: tokenizers.Tokenizer) -> tuple[str, ...]:
    ids = peer.get_vocab()
    return tuple(sorted(ids, key=ids.__getitem__))


def reference(text: str, vocab_size: int) -> list[str]:
    """The plainest training there is: count all pairs anew before each merge."""
    vocab = [END, *BYTES.values()]
    words = [
        [vocab.index(BYTES[byte]) for byte in word.encode()]
        for word in BPETokenizer.split(text)
    ]
    while len(vocab) < vocab_size:
        counts = Counter(pair for word in words for pair in pairwise(word))
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        for word in words:
            i = 0
            while i < len(word) - 1:
                if (word[i], word[i + 1]) == best:
                    word[i : i + 2] = [len(vocab)]
                i += 1
        vocab.append(vocab[best[0]] + vocab[best[1]])
    return vocab


# Characters that this Python knows: newer ones it takes for marks.
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cn"]))
CLOSE = st.text(
    st.sampled_from("ab '’stvelmd1²Ⅷ一人é_-🙂\n\t\x1c\x85\u00a0\u3000\u0301."), max_size=60
)
PROSE = BPETokenizer.train(prose(), 600)
with tempfile.TemporaryDirectory() as folder:
    PROSE.save(Path(folder) / "tokenizer.json")
    SAVED = (Path(folder) / "tokenizer.json").read_text("utf-8")


@given(TEXT | CLOSE)
@settings(max_examples=500)
def test_words_are_cut_as_by_gpt2(text: str) -> None:
    pieces = [text[a:b] for _, (a, b) in LEVEL.pre_tokenize_str(text)]
    assert BPETokenizer.split(text) == pieces
    assert "".join(pieces) == text


def test_every_character_is_in_its_class() -> None:
    """Letter, number, space or none of them: it shows in what each character clings to."""
    known = [
        c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c) not in ("Cs", "Cn")
    ]  # fmt: skip
    for start in range(0, len(known), 1000):
        text = "".join(f"a{c}1{c}!{c} {c}{c}b" for c in known[start : start + 1000])
        pieces = [text[a:b] for _, (a, b) in LEVEL.pre_tokenize_str(text)]
        assert BPETokenizer.split(text) == pieces


@pytest.mark.parametrize("end", [True, False])
@pytest.mark.parametrize("text, vocab_size", [(prose(), 1500), (TRICKY, 700)])
def test_ids_are_those_of_hugging_face(text: str, vocab_size: int, end: bool) -> None:
    ours, peer = (
        BPETokenizer.train(text, vocab_size, end),
        hugging_face(text, vocab_size, end),
    )
    assert ours.vocab == vocab_of(peer)
    for other in (prose(), TRICKY, "Entirely new wörds: 42 人工智能 🤖\n"):
        assert ours.encode(other) == peer.encode(other).ids
        assert ours.decode(peer.encode(other).ids) == other


@given(st.text("ab '人-", max_size=80), st.integers(257, 300))
def test_training_is_what_the_plain_loop_does(text: str, vocab_size: int) -> None:
    assert [*BPETokenizer.train(text, vocab_size).vocab] == reference(text, vocab_size)


@given(st.text("ab ", max_size=200), st.integers(257, 300), st.text("abc ", max_size=60))
def test_small_texts_train_as_with_hugging_face(
    text: str, vocab_size: int, other: str
) -> None:
    ours, peer = BPETokenizer.train(text, vocab_size), hugging_face(text, vocab_size)
    assert ours.vocab == vocab_of(peer)
    assert ours.encode(other) == peer.encode(other).ids


def test_ties_go_to_the_lower_ids() -> None:
    """In "ba ab" all pairs stand once; the space has a higher id than the letters."""
    assert BPETokenizer.train("ba ab ca", 260).vocab[257:] == ("ab", "ba", "ca")


def test_several_texts_and_no_pair_left() -> None:
    assert (
        BPETokenizer.train(["low", "low"], 300).vocab
        == BPETokenizer.train("low\nlow\n").vocab
    )
    tokenizer = BPETokenizer.train("low low", 1000)
    assert tokenizer.vocab[257:] == ("lo", "low", "Ġlow")
    assert repr(tokenizer) == "BPETokenizer(260 tokens)"
    assert isinstance(tokenizer, Tokenizer)


@given(st.text())
def test_every_text_comes_back(text: str) -> None:
    assert PROSE.decode(PROSE.encode(text)) == text


@given(st.binary() | st.text(st.characters(exclude_categories=["Cs"])).map(str.encode))
def test_all_bytes_come_back(data: bytes) -> None:
    assert PROSE.decode_bytes(PROSE.encode(data)) == data


@given(st.text())
def test_bytes_of_a_text_have_its_ids(text: str) -> None:
    assert PROSE.encode(text.encode()) == PROSE.encode(text)


@given(st.lists(st.integers(0, 599)))
def test_all_ids_are_decoded_as_by_hugging_face(ids: list[int]) -> None:
    peer = tokenizers.Tokenizer.from_str(SAVED)
    assert PROSE.decode(torch.tensor(ids)) == peer.decode(ids, skip_special_tokens=False)


def test_a_cut_character() -> None:
    tokenizer = BPETokenizer.train("", 257)
    ids = tokenizer.encode("人")
    assert len(ids) == 3
    assert tokenizer.decode(ids[:2]) == "�"
    assert tokenizer.decode_bytes(ids[:2]) == "人".encode()[:2]


def test_end_is_one_token() -> None:
    assert PROSE.encode(f"a{END}b {END}{END}") == [
        *PROSE.encode("a"), 0, *PROSE.encode("b "), 0, 0
    ]  # fmt: skip
    assert PROSE.decode([0, 0]) == END * 2
    (sequence,) = sequences(["I love AI"], PROSE)
    assert sequence.tolist() == [0, *PROSE.encode("I love AI"), 0]
    without = BPETokenizer.train(prose(), 300, end=False)
    assert without.decode(without.encode(END)) == END
    assert without.ids["!"] == 0
    with pytest.raises(ValueError, match=rf"BPETokenizer\(300 tokens\) has no '{END}'"):
        sequences(["a"], without)


def test_the_longer_special_token_first() -> None:
    tokenizer = BPETokenizer([*BYTES.values(), "<e", "<e>", "人"], [], ["<e", "<e>", "人"])
    assert tokenizer.encode("<e><e人")[-3:] == [257, 256, 258]
    assert tokenizer.decode([257, 258]) == "<e>人"


@pytest.mark.parametrize("text", ["人工智能" * 1000, "a" * 5001, " " * 3000 + "-" * 999])
def test_a_word_of_thousands_of_characters(text: str) -> None:
    ours, peer = BPETokenizer.train(text, 300), hugging_face(text, 300)
    assert ours.vocab == vocab_of(peer)
    assert ours.encode(text) == peer.encode(text).ids
    assert ours.decode(ours.encode(text)) == text


@pytest.mark.parametrize("end", [True, False])
def test_hugging_face_reads_our_file(tmp_path: Path, end: bool) -> None:
    ours = BPETokenizer.train(TRICKY, 500, end)
    ours.save(tmp_path / "tokenizer.json")
    peer = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    text = f"{TRICKY}{END}{prose()} {END} <end"
    assert peer.encode(text).ids == ours.encode(text)
    assert peer.decode(ours.encode(text), skip_special_tokens=False) == text
    again = BPETokenizer.load(tmp_path / "tokenizer.json")
    assert (again.vocab, again.merges, again.specials) == (
        ours.vocab,
        ours.merges,
        ours.specials,
    )


@pytest.mark.parametrize("end", [True, False])
def test_we_read_the_files_of_hugging_face(tmp_path: Path, end: bool) -> None:
    peer = hugging_face(TRICKY, 500, end)
    peer.add_special_tokens(["<|endoftext|>"])
    peer.save(str(tmp_path / "tokenizer.json"))
    ours = BPETokenizer.load(str(tmp_path / "tokenizer.json"))
    text = f"{TRICKY}<|endoftext|>{prose()}{END} x"
    assert ours.encode(text) == peer.encode(text).ids
    assert ours.specials == ((END, "<|endoftext|>") if end else ("<|endoftext|>",))


@pytest.mark.parametrize("end", [True, False])
def test_we_read_files_in_the_form_of_gpt2(tmp_path: Path, end: bool) -> None:
    peer = hugging_face(TRICKY, 500, end)
    vocab, merges = peer.model.save(str(tmp_path))
    ours = BPETokenizer.from_gpt2_files(vocab, Path(merges))
    assert ours.vocab == vocab_of(peer)
    assert ours.specials == ((END,) if end else ())
    assert ours.encode(TRICKY + prose()) == peer.encode(TRICKY + prose()).ids


@pytest.mark.parametrize(
    "post", [{"type": "TemplateProcessing", "special_tokens": {}}, {"type": "ByteLevel"}]
)
def test_a_post_processor_that_adds_nothing(tmp_path: Path, post: dict[str, Any]) -> None:
    """As Transformers writes for GPT-2."""
    (tmp_path / "gpt2.json").write_text(json.dumps(changed(post_processor=post)))
    assert BPETokenizer.load(tmp_path / "gpt2.json").vocab == PROSE.vocab


def test_a_tokenizer_can_be_pickled() -> None:
    again = pickle.loads(pickle.dumps(PROSE))
    assert again.vocab == PROSE.vocab
    assert again.encode(f"low{END}") == PROSE.encode(f"low{END}")


def test_merges_in_the_older_spelling(tmp_path: Path) -> None:
    content = json.loads(SAVED)
    content["model"]["merges"] = [f"{a} {b}" for a, b in content["model"]["merges"]]
    del content["model"]["type"]
    (tmp_path / "old.json").write_text(json.dumps(content))
    assert BPETokenizer.load(tmp_path / "old.json").merges == PROSE.merges


def test_half_a_surrogate_pair() -> None:
    for work in (PROSE.encode, PROSE.split, BPETokenizer.train):
        with pytest.raises(
            ValueError,
            match=r"text: '\\ud83d' at position 2 is half a surrogate pair .* give its bytes",
        ):
            work("ab\ud83d")


@pytest.mark.parametrize("end, least", [(True, 257), (False, 256)])
def test_too_small_a_vocabulary(end: bool, least: int) -> None:
    assert len(BPETokenizer.train("aa", least, end).vocab) == least
    with pytest.raises(
        ValueError,
        match=rf"vocab_size: {least - 1} is too small for 256 bytes.*use {least} or",
    ):
        BPETokenizer.train("aa", least - 1, end)


@pytest.mark.parametrize("token", [-1, 600])
def test_unknown_id(token: int) -> None:
    for decode in (PROSE.decode, PROSE.decode_bytes):
        with pytest.raises(
            ValueError, match=rf"ids: {token} is no token's id; ids run from 0 to 599"
        ):
            decode(torch.tensor([0, token]))


@pytest.mark.parametrize(
    "vocab, merges, message",
    [
        ([*BYTES.values()][1:], [], "vocab: '!' is missing; give all bytes"),
        ([*BYTES.values()], [("a", "b")], "vocab: 'ab' is missing"),
        ([*BYTES.values(), "abc"], [("ab", "c")], "vocab: 'ab' is missing"),
        ([*BYTES.values(), "a b"], [], "vocab: 'a b' is no run of bytes .' ' stands for none"),
        ([*BYTES.values(), "a"], [], "vocab: 'a' stands in it more than once"),
    ],
)  # fmt: skip
def test_vocabulary_that_does_not_fit(
    vocab: list[str], merges: list[tuple[str, str]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        BPETokenizer(vocab, merges)


def changed(**changes: Any) -> dict[str, Any]:
    content = json.loads(SAVED)
    for name, value in changes.items():
        *path, last = name.split("__")
        part = content
        for key in path:
            part = part[key]
        part[last] = value
    return content


@pytest.mark.parametrize(
    "changes, odd",
    [
        ({"model__type": "WordPiece"}, "model"),
        ({"model": {"type": "BPE", "vocab": {}}}, "model"),
        ({"model": None}, "model"),
        ({"model__dropout": 0.1}, "model.dropout"),
        ({"model__ignore_merges": True}, "model.ignore_merges"),
        ({"model__end_of_word_suffix": "</w>"}, "model.end_of_word_suffix"),
        ({"normalizer": {"type": "NFC"}}, "normalizer"),
        ({"pre_tokenizer": None}, "pre_tokenizer"),
        ({"pre_tokenizer": {"type": "Whitespace"}}, "pre_tokenizer"),
        ({"pre_tokenizer__use_regex": False}, "pre_tokenizer"),
        ({"pre_tokenizer__add_prefix_space": True}, "pre_tokenizer.add_prefix_space"),
        ({"post_processor": {"type": "BertProcessing"}}, "post_processor"),
        (
            {"post_processor": {"type": "TemplateProcessing", "special_tokens": {END: {}}}},
            "post_processor",
        ),
        ({"truncation": {"max_length": 8}}, "truncation"),
        ({"padding": {"pad_id": 0}}, "padding"),
        ({"added_tokens": [{"id": 0, "content": END, "lstrip": True}]}, "added_tokens"),
    ],
)
def test_file_of_another_kind_of_tokenizer(
    tmp_path: Path, changes: dict[str, Any], odd: str
) -> None:
    path = tmp_path / "other.json"
    path.write_text(json.dumps(changed(**changes)))
    with pytest.raises(
        ValueError,
        match=rf"path: '.*other\.json' is not a byte-level BPE as GPT-2's \(see {odd} in it\)",
    ):
        BPETokenizer.load(path)


def test_real_files_of_other_kinds(tmp_path: Path) -> None:
    path = str(tmp_path / "words.json")
    tokenizers.Tokenizer(models.WordLevel({"a": 0}, unk_token="a")).save(path)
    with pytest.raises(ValueError, match="is not a byte-level BPE"):
        BPETokenizer.load(path)
    peer = hugging_face("low low", 260)
    peer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(r"\d", "isolated"), pre_tokenizers.ByteLevel(use_regex=False)]
    )
    peer.save(path)
    with pytest.raises(ValueError, match="see pre_tokenizer in it"):
        BPETokenizer.load(path)


@pytest.mark.parametrize(
    "text, message",
    [
        ("not json", r"path: '.*bad' is not JSON \(Expecting value"),
        ("[1, 2]", "path: '.*bad' holds no JSON object"),
        (" ", "path: '.*bad' is empty"),
        (json.dumps({"a": 0, "b": 2}), "path: '.*bad' has 2 tokens, but not each id from 0 to 1"),
        (json.dumps({"a": 0}), "vocab: '!' is missing"),
    ],
)  # fmt: skip
def test_bad_vocabulary_file(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad").write_text(text)
    (tmp_path / "merges.txt").write_text("#version: 0.2\n")
    with pytest.raises(ValueError, match=message):
        BPETokenizer.from_gpt2_files(tmp_path / "bad", tmp_path / "merges.txt")


def test_bad_merges_file(tmp_path: Path) -> None:
    hugging_face("low low", 260).model.save(str(tmp_path))
    (tmp_path / "merges.txt").write_text("#version: 0.2\nl o\nlo w s\n")
    with pytest.raises(
        ValueError,
        match=r"path: '.*merges\.txt' has the merge \('lo', 'w', 's'\); give two",
    ):
        BPETokenizer.from_gpt2_files(tmp_path / "vocab.json", tmp_path / "merges.txt")
    with pytest.raises(ValueError, match=r"path: cannot read '.*none'"):
        BPETokenizer.from_gpt2_files(tmp_path / "vocab.json", tmp_path / "none")


def test_prose_is_plain_english() -> None:
    lines = prose().splitlines()
    assert len(lines) > 300
    assert all(line == line.strip() != "" for line in lines)
    assert not set("{}$`*|\\") & set(prose())
    words = BPETokenizer.split(prose())
    assert math.isclose(words.count(" the") / len(words), 0.05, rel_tol=0.3)
