"""Byte-level BPE: merges and ids as from the plain layer and from Hugging Face, and every text comes back."""

from __future__ import annotations

import math
import pickle
from collections import Counter

import pytest
import tokenizers
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.byte_level import LEVELS, TRICKY, hugging_face, vocab_of

from lmlib import bpe, fast_bpe
from lmlib.bpe import BPETokenizer
from lmlib.pretokenizer import BYTES
from lmlib.prose import prose
from lmlib.tokens import END, Tokenizer, sequences

PROSE, PEER = BPETokenizer.train(prose(), 600), hugging_face(prose(), 600)


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


@pytest.mark.parametrize("end", [True, False])
def test_digits_alone_as_by_hugging_face(end: bool) -> None:
    text = TRICKY + "in 1999,  2000 and  12 345 and 1999 more\n\n7 " * 20
    ours = BPETokenizer.train(text, 600, end, pattern="smollm")
    peer = hugging_face(text, 600, end, pattern="smollm")
    assert ours.vocab == vocab_of(peer) != BPETokenizer.train(text, 600, end).vocab
    for other in (prose(), text, "Entirely  new: 42  人工智能 ² ½\n"):
        assert ours.encode(other) == peer.encode(other).ids
        assert ours.decode(ours.encode(other)) == other
        assert pickle.loads(pickle.dumps(ours)).encode(other) == ours.encode(other)
    assert ours.split("1  23") == ["1", "  ", "2", "3"]
    assert BPETokenizer.split("1  23") == PROSE.split("1  23") == ["1", " ", " 23"]


def test_an_unknown_pattern_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="pattern: 'llama-bpe' is not known; use 'gp"):
        BPETokenizer(PROSE.vocab, PROSE.merges, pattern="llama-bpe")
    with pytest.raises(ValueError, match="pattern: 'x' is not known"):
        BPETokenizer.train("a", 300, pattern="x")


def test_a_vocabulary_without_some_bytes() -> None:
    """They are left out of a word before it is merged, as Hugging Face does, and the tokenizer tells which."""
    gone = [BYTES[4], BYTES[0xF1]]
    vocab = [token for token in PROSE.vocab if token not in gone]
    with pytest.raises(ValueError, match=f"vocab: '{gone[1]}' is missing; give all by"):
        BPETokenizer(vocab, PROSE.merges, [END])
    ours = BPETokenizer(vocab, PROSE.merges, [END], all_bytes=False)
    model = tokenizers.models.BPE(ours.ids, [*ours.merges])
    peer = tokenizers.Tokenizer(model)
    peer.pre_tokenizer = LEVELS["gpt2"]
    for text in ("the\x04re", "\x04", "a \x04\x04 b", "!\x04!", "\U00040000", TRICKY):
        assert ours.encode(text) == peer.encode(text).ids
    assert ours.missing == b"\x04\xf1" and PROSE.missing == b""
    assert ours.decode(ours.encode("a\x04b")) == "ab"
    assert pickle.loads(pickle.dumps(ours)).encode("\x04") == []


WORDS = st.dictionaries(
    st.lists(st.integers(0, 3), min_size=1, max_size=12).map(tuple), st.integers(1, 9)
)


@given(WORDS, st.integers(0, 30), WORDS)
@settings(max_examples=500, deadline=None)
def test_the_fast_layer_does_what_the_plain_one_does(
    words: dict[bpe.Word, int], n_merges: int, others: dict[bpe.Word, int]
) -> None:
    merges = bpe.train(words, n_merges)
    assert [*fast_bpe.train(words, n_merges).items()] == [*merges.items()]
    encoder = fast_bpe.WordEncoder(range(256), merges)
    for word in [*words, *others]:
        assert tuple(encoder.encode(bytes(word).decode())) == bpe.encode(word, merges)


def counted(text: str) -> dict[bpe.Word, int]:
    words = Counter(BPETokenizer.split(text))
    return {tuple(word.encode()): n for word, n in words.items()}


@pytest.mark.parametrize("text", [prose()[:20_000], TRICKY])
def test_plain_and_fast_on_whole_texts(text: str) -> None:
    merges = bpe.train(counted(text), 120)
    assert [*fast_bpe.train(counted(text), 120).items()] == [*merges.items()]
    encoder = fast_bpe.WordEncoder(range(256), merges)
    for word in {*counted(TRICKY), *counted(prose())}:
        assert tuple(encoder.encode(bytes(word).decode())) == bpe.encode(word, merges)


@given(st.text("ab '人-", max_size=80), st.integers(256, 300))
def test_the_tokenizer_is_the_plain_layer_on_words(text: str, vocab_size: int) -> None:
    tokenizer = BPETokenizer.train(text, vocab_size, end=False)
    byte_of = {tokenizer.ids[char]: byte for byte, char in BYTES.items()}
    id_of = {byte: i for i, byte in byte_of.items()}
    words = {tuple(id_of[b] for b in w): n for w, n in counted(text).items()}
    merges = bpe.train(words, vocab_size - 256)
    ids = tokenizer.ids
    assert [(ids[a], ids[b]) for a, b in tokenizer.merges] == [*merges]
    split = [tuple(id_of[b] for b in w.encode()) for w in BPETokenizer.split(text)]
    assert tokenizer.encode(text) == [i for w in split for i in bpe.encode(w, merges)]


def test_merging_goes_from_left_to_right() -> None:
    assert bpe.merge([5, 5, 5], (5, 5), 9) == (9, 5)
    assert bpe.merge([1, 2, 1, 1, 2], (1, 2), 9) == (9, 1, 9)
    assert bpe.merge([], (1, 2), 9) == ()
    assert bpe.count_pairs({(5, 5, 5): 2, (5,): 7}) == {(5, 5): 4}


def test_no_pair_reaches_across_two_words() -> None:
    assert bpe.train({(1,): 5, (2,): 5}, n_merges=3) == {}


@given(
    st.text("ab ", max_size=200), st.integers(257, 300), st.text("abc ", max_size=60)
)
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
    theirs = PEER.decode(ids, skip_special_tokens=False)
    assert PROSE.decode(torch.tensor(ids)) == theirs


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
    tokenizer = BPETokenizer(
        [*BYTES.values(), "<e", "<e>", "人"], [], ["<e", "<e>", "人"]
    )
    assert tokenizer.encode("<e><e人")[-3:] == [257, 256, 258]
    assert tokenizer.decode([257, 258]) == "<e>人"


@pytest.mark.parametrize(
    "text", ["人工智能" * 1000, "a" * 5001, " " * 3000 + "-" * 999]
)
def test_a_word_of_thousands_of_characters(text: str) -> None:
    ours, peer = BPETokenizer.train(text, 300), hugging_face(text, 300)
    assert ours.vocab == vocab_of(peer)
    assert ours.encode(text) == peer.encode(text).ids
    assert ours.decode(ours.encode(text)) == text


def test_a_tokenizer_can_be_pickled() -> None:
    again = pickle.loads(pickle.dumps(PROSE))
    assert again.vocab == PROSE.vocab
    assert again.encode(f"low{END}") == PROSE.encode(f"low{END}")


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


LOW = [*BYTES.values(), "lo", "low", "ow"]


@pytest.mark.parametrize(
    "merges, message",
    [
        (
            [("lo", "w"), ("l", "o")],
            r"merges: 'lo' in \('lo', 'w'\) is no byte, and no",
        ),
        ([("l", "o"), ("l", "o")], r"merges: \('l', 'o'\) makes 'lo', which is there"),
        ([("l", "o"), ("lo", "w"), ("o", "w"), ("l", "ow")], "makes 'low', which is"),
        ([("", "l")], "vocab: '' is missing"),
        ([("l", "o"), ("o", "n")], "vocab: 'n' is missing|vocab: 'on' is missing"),
    ],
)
def test_merges_that_no_training_makes(
    merges: list[tuple[str, str]], message: str
) -> None:
    """In such an order a merge would be due that has passed: other programs give other ids."""
    with pytest.raises(ValueError, match=message):
        BPETokenizer(LOW, merges)


@pytest.mark.parametrize(
    "special, message",
    [
        ("", "specials: '' is in every text; leave it out"),
        ("é", r"specials: 'é' stands for other bytes in vocab"),
        ("Ġlo", r"specials: 'Ġlo' stands for other bytes in vocab"),
        ("\ud83d", "half a surrogate pair"),
    ],
)
def test_special_tokens_that_cannot_be(special: str, message: str) -> None:
    vocab = dict.fromkeys([*LOW, "Ġlo", special])
    merges = [("l", "o"), ("Ġ", "lo")]
    for specials, added in ([special], []), ([], [special]):
        with pytest.raises(ValueError, match=message):
            BPETokenizer([*vocab], merges, specials, added)


def test_a_special_token_that_merges_make_too() -> None:
    tokenizer = BPETokenizer(LOW, [("l", "o"), ("lo", "w")], ["low"])
    assert tokenizer.encode("xlowlo") == [tokenizer.ids[t] for t in ("x", "low", "lo")]
    assert tokenizer.decode(tokenizer.encode("xlowlo")) == "xlowlo"


def test_prose_is_plain_english() -> None:
    lines = prose().splitlines()
    assert len(lines) > 300
    assert all(line == line.strip() != "" for line in lines)
    assert not set("{}$`*|\\") & set(prose())
    words = BPETokenizer.split(prose())
    assert math.isclose(words.count(" the") / len(words), 0.05, rel_tol=0.3)
