"""Where a text may be cut before all of it is there, so that its pieces have the tokens of the whole.

>>> [*cut_stream(["to b", "e, or not t", "o be, that is", " the question"], size=4)]
['to be, or not to be, that', ' is the question']

"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from lmlib.bpe import BPETokenizer
from lmlib.pretokenizer import find_specials, word_pattern
from lmlib.validation import check_positive

FORGET = 8
"""Pieces after which a tokenizer forgets the words it has seen, which are long in a text without spaces."""
# No word goes from what is no space to a space, so a text may be cut there.
_BEFORE_SPACE = re.compile(r"(?s:.*)[\S\x1c-\x1f](?=[^\S\x1c-\x1f])")
_AFTER_SPACE = re.compile(r"[^\S\x1c-\x1f][\S\x1c-\x1f]")


def last_border(
    text: str, specials: Collection[str] = (), pattern: str = "gpt2"
) -> int:
    """The last known border of two tokens in ``text``, whatever follows it; ``text`` ends anywhere.

    Where one word fills the text, a place that is in no special token.

    >>> last_border("to be or n"), last_border("to <a b> <a ", ["<a b>"]), last_border("<<<>><", ["<>"])
    (8, 8, 4)
    """
    longest = max(map(len, specials), default=1)
    # A special token that is not all there begins here or later.
    open_end = len(text) - longest + 1
    start = 0
    for match in find_specials(specials).finditer(text):
        if match.start() < open_end:
            start = match.end()
    if border := _BEFORE_SPACE.match(text, start, open_end + 1):
        return border.end()
    if start:
        return start
    # What is a word shows in the two characters behind it, and before a special token.
    known = len(text) - max(longest + 1, 3)
    ends = (word.end() for word in word_pattern(pattern).finditer(text))
    # Spaces at the end of a text are one word, those before a letter are two.
    sure = (e for e in ends if e <= known and not _AFTER_SPACE.match(text, e - 1))
    return max(sure, default=open_end)


def cut_stream(
    chunks: Iterable[str],
    size: int,
    specials: Collection[str] = (),
    pattern: str = "gpt2",
) -> Iterator[str]:
    """The text of ``chunks``, which may end anywhere, in pieces of about ``size`` bytes that end at borders.

    A word that is longer than ``size`` may be cut; no special token is. Keeps ``size`` bytes and
    one chunk at a time. Raises ValueError where ``size`` is not above 0.
    """
    check_positive(size=size)
    # Whether a piece may end somewhere shows behind it, as far as a special token goes.
    least = size + 4 * (max(map(len, specials), default=0) + 4)
    held: list[str] = []
    count = 0
    for chunk in chunks:
        held.append(chunk)
        count += _bytes(chunk)
        if count >= least:
            text = "".join(held)
            cut = last_border(text, specials, pattern)
            yield text[:cut]
            held = [text[cut:]]
            count = _bytes(held[0])
    if rest := "".join(held):
        yield rest


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def encode_stream(
    chunks: Iterable[str], tokenizer: BPETokenizer, size: int = 2**20
) -> Iterator[int]:
    """Ids of a text that comes in ``chunks``, as the lines of an open file: those of the whole, in little memory.

    Only a word of more than ``size`` bytes may be cut. Raises ValueError as `encode` does.

    >>> tokenizer = BPETokenizer.train("low low low", vocab_size=260)
    >>> tokenizer.decode(encode_stream(["lo", "w ", "l", "ow"], tokenizer))
    'low low'
    """
    whole = tokenizer.specials + tokenizer.added
    pieces = cut_stream(chunks, size, whole, tokenizer.pattern)
    for i, piece in enumerate(pieces):
        if i % FORGET == 0:
            tokenizer.forget()
        yield from tokenizer.encode(piece)
