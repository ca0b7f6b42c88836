"""Where a text may be cut is known before the rest of it is there, and its pieces have the ids of the whole."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.byte_level import TRICKY

from lmlib.bpe import BPETokenizer
from lmlib.pretokenizer import PATTERNS, find_specials, split_parts
from lmlib.prose import prose
from lmlib.streams import cut_stream, encode_stream, last_border

SPECIALS = ["<a b>", "<a", " x ", "  ", "ab", "<<", "é🙂", "b>", " ", "'r"]
# From few parts, so that special tokens come about, whole and in part.
MIXED = st.lists(
    st.sampled_from([*SPECIALS, *"ab<> x1'revé🙂\n\t\u3000"]), max_size=30
).map("".join)


def units(text: str, specials: list[str], pattern: str = "gpt2") -> list[str]:
    parts = split_parts(text, find_specials(specials), pattern)
    return [unit for words, special in parts for unit in (*words, *special)]


@pytest.mark.parametrize("pattern", PATTERNS)
@given(MIXED, MIXED, st.lists(st.sampled_from(SPECIALS), unique=True, max_size=4))
@example("a   ", "<a b>", ["<a b>"])  # the spaces before a special token are one word
@example("x x x'", "re", [])
@example("x \n ", "1", [])
@example("ab ab<a", " b>", ["<a b>", "<a"])
@settings(max_examples=1000, deadline=None)
def test_a_border_is_one_whatever_follows(
    pattern: str, begin: str, rest: str, specials: list[str]
) -> None:
    whole = units(begin + rest, specials, pattern)
    seen_behind = max([3, *(len(special) + 1 for special in specials)])
    first = whole[:2] if begin[:1].isspace() else whole[:1]
    if whole and len("".join(first)) <= len(begin) - seen_behind:
        cut = last_border(begin, specials, pattern)
        assert 0 < cut <= len(begin)
        parts = [begin[:cut], begin[cut:] + rest]
        assert [u for part in parts for u in units(part, specials, pattern)] == whole


@given(MIXED, MIXED, st.lists(st.sampled_from(SPECIALS), unique=True, min_size=1))
def test_no_special_token_is_cut(begin: str, rest: str, specials: list[str]) -> None:
    """Not even where one word fills the text."""
    if len(begin) > max(map(len, specials)):
        cut, at = last_border(begin, specials), 0
        for unit in units(begin + rest, specials):
            assert not (unit in specials and at < cut < at + len(unit))
            at += len(unit)
        assert cut > 0


# Streams

PROSE = BPETokenizer.train(prose(), 600)


def with_specials(pattern: str, specials: list[str]) -> BPETokenizer:
    trained = BPETokenizer.train(prose(), 600, pattern=pattern)
    vocab = [*dict.fromkeys([*trained.vocab, *specials])]
    return BPETokenizer(vocab, trained.merges, specials[::2], specials[1::2], pattern)


TOKENIZERS = {pattern: with_specials(pattern, SPECIALS) for pattern in PATTERNS}


def broken(text: str, seed: int, longest: int) -> Iterator[str]:
    """``text`` in chunks of any length, some of them empty."""
    chance, start = random.Random(seed), 0
    while start < len(text):
        length = chance.randrange(longest)
        yield text[start : start + length]
        start += length


@pytest.mark.parametrize("longest", [2, 9, 500, 100_000])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_stream_has_the_ids_of_the_whole(pattern: str, longest: int) -> None:
    tokenizer = TOKENIZERS[pattern]
    text = f"{TRICKY}{prose()[:20_000]}<a b>12 345  6<a <a b{TRICKY}"
    chunks = broken(text, longest, longest)
    assert [*encode_stream(chunks, tokenizer, size=400)] == tokenizer.encode(text)


@pytest.mark.parametrize("pattern", PATTERNS)
@given(st.lists(MIXED), st.integers(1, 60))
@settings(max_examples=300, deadline=None)
def test_special_tokens_over_the_borders_of_chunks(
    pattern: str, chunks: list[str], size: int
) -> None:
    tokenizer, text = TOKENIZERS[pattern], "".join(chunks)
    ids = [*encode_stream(chunks, tokenizer, size)]
    assert tokenizer.decode(ids) == text
    words = units(text, SPECIALS, pattern)
    if max((len(word.encode()) for word in words), default=0) <= size:
        assert ids == tokenizer.encode(text)


@pytest.mark.parametrize("text", ["1234the9", "ab!!!!", "\n\n" + "1" * 100, "a\n\n1b"])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_word_of_that_size_is_cut(pattern: str, text: str) -> None:
    """Where it ends shows only in what comes behind it."""
    words = units(text, [], pattern)
    for size in range(max(len(word) for word in words), 110):
        pieces = cut_stream(text, size, pattern=pattern)
        assert [u for piece in pieces for u in units(piece, [], pattern)] == words


def test_a_file_is_a_stream_of_lines() -> None:
    lines = prose()[:5000].splitlines(keepends=True)
    assert [*encode_stream(lines, PROSE)] == PROSE.encode(prose()[:5000])
    assert [*encode_stream([], PROSE)] == []


def test_pieces_are_about_as_long_as_asked_for() -> None:
    text = prose()[:50_000]
    sizes = [len(p.encode()) for p in cut_stream(broken(text, 0, 20), 1000)]
    assert sum(sizes) == len(text.encode())
    assert all(900 < size < 1100 for size in sizes[:-1])


def test_a_long_text_takes_little_memory() -> None:
    """10 MB through pieces of 10 kB, words and a text without spaces."""
    chunks = (("to be or not " if i < 5000 else "漢字") * 80 for i in range(20_000))
    tracemalloc.start()
    count = sum(1 for _ in cut_stream(chunks, 10_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count > 500 and peak < 2_000_000


@pytest.mark.parametrize("chunk", ["x", "x y "])
def test_tiny_chunks_take_no_longer_than_large_ones(chunk: str) -> None:
    """Each character is looked at a few times, not once for each chunk."""
    pieces = [*cut_stream((chunk for _ in range(200_000)), 50_000)]
    assert "".join(pieces) == chunk * 200_000


def test_no_size() -> None:
    with pytest.raises(ValueError, match="size: 0 must be above 0"):
        next(encode_stream(["a"], PROSE, size=0))
