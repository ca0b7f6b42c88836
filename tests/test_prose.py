"""The book's own English: one paragraph a line, never changed, so that what is computed from it stays."""

import zlib

from lmlib.prose import prose


def test_the_corpus_is_the_one_that_stored_numbers_were_computed_from() -> None:
    text = prose()
    assert (len(text.encode()), zlib.crc32(text.encode())) == (55_414, 0x57FB0EBE)


def test_one_paragraph_a_line_without_markup() -> None:
    lines = prose().splitlines()
    assert len(lines) == 361 and all(line == line.strip() != "" for line in lines)
    assert not any(mark in prose() for mark in ("```", "{math}", "$", "](", "**"))
