"""What is done to a text before anything is merged: special tokens are found, words cut, bytes written.

>>> split_words("It's 1999,  I said")  # as GPT-2 does
['It', "'s", ' 1999', ',', ' ', ' I', ' said']
>>> split_words("in 1999", "smollm")  # as SmolLM2 does
['in', ' ', '1', '9', '9', '9']
>>> "".join(BYTES[byte] for byte in " é".encode())
'ĠÃ©'
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache

from lmlib.validation import check_choice, check_text

_SHOWN = [*range(33, 127), *range(161, 173), *range(174, 256)]
_OTHERS = sorted({*range(256)} - {*_SHOWN})
BYTES = {b: chr(b) for b in _SHOWN} | {b: chr(256 + i) for i, b in enumerate(_OTHERS)}
"""The character that stands for each byte in a vocabulary, in the order of their ids."""
_BYTE = {char: byte for byte, char in BYTES.items()}
PATTERNS = ("gpt2", "smollm")
"""The ways of cutting a text into words, by name."""


@cache
def word_pattern(pattern: str = "gpt2") -> re.Pattern[str]:
    r"""GPT-2's ``'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+``.

    "smollm" first takes out every ``\p{N}`` alone, and cuts what is left between them so: spaces
    before a number are one word. Raises ValueError for another ``pattern``.

    ``re`` has no ``\p``. Its ``\w`` is ``\p{L}``, ``\p{N}`` and ``_``; its ``\d`` lacks numbers
    such as ² and Ⅷ, which are listed here; its ``\s`` has four control characters too many.
    """
    check_choice("pattern", pattern, PATTERNS)
    chars = map(chr, range(0x110000))
    odd = [
        ord(c) for c in chars if c.isnumeric() and not (c.isalpha() or c.isdecimal())
    ]
    starts = sorted({*odd} - {i + 1 for i in odd})
    ends = sorted({*odd} - {i - 1 for i in odd})
    ranges = (f"{chr(a)}-{chr(b)}" for a, b in zip(starts, ends, strict=True))
    number = r"\d" + "".join(ranges)
    space, solid, numbers = r"[^\S\x1c-\x1f]", r"[\S\x1c-\x1f]", f" ?[{number}]+"
    if pattern == "smollm":
        solid, numbers = f"(?![{number}]){solid}", f"[{number}]"
    return re.compile(
        rf"'(?:s|t|re|ve|m|ll|d)| ?[^\W_{number}]+|{numbers}| ?(?:[^\w\s]|[_\x1c-\x1f])+"
        rf"|{space}+(?!{solid})|{space}+"
    )


def find_specials(specials: Collection[str]) -> re.Pattern[str]:
    """Finds special tokens; of two that begin at the same place, the longer one.

    >>> find_specials(["<e", "<e>"]).split("a<e>b")
    ['a', '<e>', 'b']
    """
    longest_first = sorted(specials, key=len, reverse=True)
    return re.compile(f"({'|'.join(map(re.escape, longest_first)) or '(?!)'})")


def split_words(text: str, pattern: str = "gpt2") -> list[str]:
    """Cut ``text`` into words as GPT-2 does: a space goes with the word behind it.

    Raises ValueError at half a surrogate pair, and for a ``pattern`` that is none of `PATTERNS`.
    """
    check_text(text)
    return word_pattern(pattern).findall(text)


def split_parts(
    text: str | bytes, specials: re.Pattern[str], pattern: str = "gpt2"
) -> Iterator[tuple[list[str], list[str]]]:
    """The words up to each special token of ``text``, with the token, and those behind the last one, with none.

    >>> list(split_parts("a b<end>c", find_specials(["<end>"])))
    [(['a', ' b'], ['<end>']), (['c'], [])]
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    else:
        check_text(text)
    find, parts = word_pattern(pattern).findall, specials.split(text)
    for i in range(0, len(parts), 2):
        yield find(parts[i]), parts[i + 1 : i + 2]


def bytes_of(token: str) -> bytes:
    """The bytes of a token that is written with `BYTES`. Raises ValueError where it is not.

    >>> bytes_of("Ġlow")
    b' low'
    """
    try:
        return bytes(_BYTE[char] for char in token)
    except KeyError as error:
        raise ValueError(
            f"vocab: {token!r} is no run of bytes ({error} stands for none); write it with BYTES, "
            "or name it in specials"
        ) from None


def is_word(token: str) -> bool:
    """Whether merging could make ``token``: it is written with `BYTES`, and within one word.

    >>> is_word("Ġthe"), is_word("<|endoftext|>")
    (True, False)
    """
    if not all(char in _BYTE for char in token):
        return False
    try:
        return len(split_words(bytes_of(token).decode())) == 1
    except UnicodeDecodeError:  # a part of a character
        return True
