"""Words are cut as by Hugging Face, in both ways that the book knows."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.byte_level import LEVELS

from lmlib.pretokenizer import BYTES, bytes_of, is_word, split_words

# Characters that this Python knows: newer ones it takes for marks.
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cn"]))
CLOSE = st.text(
    st.sampled_from("ab '’stvelmd1²Ⅷ一人é_-🙂\n\t\x1c\x85\u00a0\u3000\u0301."),
    max_size=60,
)


@given(TEXT | CLOSE)
@settings(max_examples=500, deadline=None)
@pytest.mark.parametrize("pattern", LEVELS)
def test_words_are_cut_as_by_hugging_face(pattern: str, text: str) -> None:
    words = [text[a:b] for _, (a, b) in LEVELS[pattern].pre_tokenize_str(text)]
    assert split_words(text, pattern) == words
    assert "".join(words) == text


@pytest.mark.parametrize("pattern", LEVELS)
def test_every_character_is_in_its_class(pattern: str) -> None:
    """Letter, number, space or none of them: it shows in what each character clings to."""
    known = [
        c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c) not in ("Cs", "Cn")
    ]  # fmt: skip
    for start in range(0, len(known), 1000):
        text = "".join(f"a{c}1{c}!{c} {c}{c}b" for c in known[start : start + 1000])
        words = [text[a:b] for _, (a, b) in LEVELS[pattern].pre_tokenize_str(text)]
        assert split_words(text, pattern) == words


@pytest.mark.parametrize(
    "text, words",
    [
        ("in 1999,  2000", ["in", " ", "1", "9", "9", "9", ",", "  ", "2", "0", "0", "0"]),
        ("  two\n\n3 ", [" ", " two", "\n\n", "3", " "]),
        ("x² ½ Ⅷ ④", ["x", "²", " ", "½", " ", "Ⅷ", " ", "④"]),
        ("'1s 's1's", ["'", "1", "s", " '", "s", "1", "'s"]),
        ("三 ٣٤", ["三", " ", "٣", "٤"]),
    ],
)  # fmt: skip
def test_numbers_stand_alone_in_smollm2(text: str, words: list[str]) -> None:
    """三 is a letter to all of them."""
    assert split_words(text, "smollm") == words


def test_another_way_of_cutting() -> None:
    with pytest.raises(
        ValueError, match="pattern: 'qwen2' is not known; use 'gpt2' or 'smollm'"
    ):
        split_words("a", "qwen2")


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
