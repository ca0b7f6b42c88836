"""A text cut into tokens: each state that merges leave it in, and its tokens as they are printed."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from lmlib.bpe import BPETokenizer, Word, merge
from lmlib.pretokenizer import BYTES, find_specials, split_parts
from lmlib.widgets.merges import pairs_of

State = tuple[int, Word]
"""The id that a merge makes, -1 before the first, and the ids of a word behind it."""


def played(tokenizer: BPETokenizer, text: str) -> list[list[State]]:
    """Each word or special token of ``text``: the ids it begins as, and after each merge; with the id of that merge.

    >>> tokenizer = BPETokenizer.train("low low low lower lower", vocab_size=259)
    >>> [[(new, len(ids)) for new, ids in word] for word in played(tokenizer, "low we")]
    [[(-1, 3), (257, 2), (258, 1)], [(-1, 3)]]
    """
    pairs, states = pairs_of(tokenizer), []
    whole = find_specials(tokenizer.specials + tokenizer.added)
    for words, specials in split_parts(text, whole):
        for word in words:
            ids = tuple(tokenizer.ids[BYTES[byte]] for byte in word.encode())
            states.append([(-1, ids)])
            while fitting := pairs.keys() & pairwise(ids):
                pair = min(fitting, key=pairs.__getitem__)
                ids = merge(ids, pair, pairs[pair])
                states[-1].append((pairs[pair], ids))
        states += [[(-1, (tokenizer.ids[token],))] for token in specials]
    return states


def made(states: Sequence[Sequence[State]]) -> list[int]:
    """The ids that merges make in any word, in the order in which they are played."""
    return sorted({new for word in states for new, _ in word if new >= 0})


def after(states: Sequence[Sequence[State]], step: int | None) -> list[int]:
    """The ids of all words after ``step`` merges, or after all of them."""
    new = made(states)[:step]
    last = new[-1] if new else -1
    reached = ([ids for new, ids in word if new <= last] for word in states)
    return [i for word in reached for i in word[-1]]


def shown(data: bytes) -> str:
    """A token as it is printed: ␣ for a space, ⏎ for a line end, and bytes that are no characters in hexadecimal.

    >>> [shown(data) for data in (b" low", b"\\xe4\\xba", "人".encode(), b"\\x00")]
    ['␣low', 'e4 ba', '人', '00']
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return data.hex(" ")
    # What would be invisible, or turn the words around it.
    if any(unicodedata.category(char)[0] in "ZC" and char not in " \n\t" for char in text):  # fmt: skip
        return data.hex(" ")
    return text.replace(" ", "␣").replace("\n", "⏎").replace("\t", "⇥")


def drawn(data: bytes) -> str:
    """`shown`, but in hexadecimal where the letters of a drawing have no picture of it."""
    text = shown(data)
    return text if all(ord(char) < 0x2500 for char in text) else data.hex(" ")
