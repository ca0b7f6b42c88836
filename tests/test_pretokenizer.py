"""Words and special tokens are found as by Hugging Face, and where a text may be cut is known."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.byte_level import LEVEL

from lmlib.pretokenizer import (
    BYTES,
    bytes_of,
    find_specials,
    is_word,
    last_border,
    split_parts,
    split_words,
)

# Characters that this Python knows: newer ones it takes for marks.
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cn"]))
CLOSE = st.text(
    st.sampled_from("ab '’stvelmd1²Ⅷ一人é_-🙂\n\t\x1c\x85\u00a0\u3000\u0301."),
    max_size=60,
)


@given(TEXT | CLOSE)
@settings(max_examples=500, deadline=None)
def test_words_are_cut_as_by_gpt2(text: str) -> None:
    words = [text[a:b] for _, (a, b) in LEVEL.pre_tokenize_str(text)]
    assert split_words(text) == words
    assert "".join(words) == text


def test_every_character_is_in_its_class() -> None:
    """Letter, number, space or none of them: it shows in what each character clings to."""
    known = [
        c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c) not in ("Cs", "Cn")
    ]  # fmt: skip
    for start in range(0, len(known), 1000):
        text = "".join(f"a{c}1{c}!{c} {c}{c}b" for c in known[start : start + 1000])
        words = [text[a:b] for _, (a, b) in LEVEL.pre_tokenize_str(text)]
        assert split_words(text) == words


@given(TEXT | CLOSE)
def test_a_part_of_a_word_is_a_word(text: str) -> None:
    """So what is none was never merged."""
    for word in split_words(text):
        data = word.encode()
        for end in range(1, len(data) + 1):
            assert is_word("".join(BYTES[byte] for byte in data[:end]))
            assert is_word("".join(BYTES[byte] for byte in data[end - 1 :]))


@pytest.mark.parametrize("token", ["<|endoftext|>", "[PAD]", "</s>", "a b", "<人>"])
def test_what_no_merge_makes(token: str) -> None:
    assert not is_word(token)


def test_bytes_that_are_written_otherwise() -> None:
    assert bytes_of("ÄłĠ") == b"\xc4\xa0 "
    with pytest.raises(ValueError, match=r"vocab: 'a b' is no run of bytes"):
        bytes_of("a b")


SPECIALS = ["<a b>", "<a", " x ", "  ", "ab", "<<", "é🙂", "b>", " ", "'r"]
# From few parts, so that special tokens come about, whole and in part.
MIXED = st.lists(
    st.sampled_from([*SPECIALS, *"ab<> x1'revé🙂\n\t\u3000"]), max_size=30
).map("".join)


def units(text: str, specials: list[str]) -> list[str]:
    parts = split_parts(text, find_specials(specials))
    return [unit for words, special in parts for unit in (*words, *special)]


@given(MIXED, MIXED, st.lists(st.sampled_from(SPECIALS), unique=True, max_size=4))
@example("a   ", "<a b>", ["<a b>"])  # the spaces before a special token are one word
@example("x x x'", "re", [])
@example("ab ab<a", " b>", ["<a b>", "<a"])
@settings(max_examples=1000, deadline=None)
def test_a_border_is_one_whatever_follows(
    begin: str, rest: str, specials: list[str]
) -> None:
    whole = units(begin + rest, specials)
    seen_behind = max([3, *(len(special) + 1 for special in specials)])
    first = whole[:2] if begin[:1].isspace() else whole[:1]
    if whole and len("".join(first)) <= len(begin) - seen_behind:
        cut = last_border(begin, specials)
        assert 0 < cut <= len(begin)
        parts = units(begin[:cut], specials), units(begin[cut:] + rest, specials)
        assert parts[0] + parts[1] == whole


@given(MIXED, MIXED, st.lists(st.sampled_from(SPECIALS), unique=True, min_size=1))
def test_no_special_token_is_cut(begin: str, rest: str, specials: list[str]) -> None:
    """Not even where one word fills the text."""
    if len(begin) > max(map(len, specials)):
        cut, at = last_border(begin, specials), 0
        for unit in units(begin + rest, specials):
            assert not (unit in specials and at < cut < at + len(unit))
            at += len(unit)
        assert cut > 0
