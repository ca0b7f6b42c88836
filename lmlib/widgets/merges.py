"""Merges of byte-pair encoding for the page, how often each pair stood in the training text, and GPT-2's own."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from reprlib import repr as short
from typing import Any

import numpy as np

from lmlib.bpe import BPETokenizer
from lmlib.files import DATA
from lmlib.pretokenizer import BYTES, split_words
from lmlib.widgets.checks import BadValue, one_of, string

GPT2 = DATA / "gpt2_merges.bin"
END = "<|endoftext|>"
ROOM = 2**16


def pairs_of(tokenizer: BPETokenizer) -> dict[tuple[int, int], int]:
    """The ids of each merged pair, earliest first, and the id of what they became."""
    ids = tokenizer.ids
    return {(ids[a], ids[b]): ids[a + b] for a, b in tokenizer.merges}


def named(
    vocabularies: Mapping[str, BPETokenizer], taken: str | None
) -> dict[str, BPETokenizer]:
    """The tokenizers by name. Raises ValueError for none, for what is no tokenizer, and for GPT-2's own name."""
    if not isinstance(vocabularies, Mapping) or not vocabularies:
        raise BadValue(
            f"vocabularies: {vocabularies!r} names no tokenizer; give {{'prose': BPETokenizer.train(…)}}"
        )
    for name, one in vocabularies.items():
        if not isinstance(name, str) or not isinstance(one, BPETokenizer):
            raise BadValue(
                f"vocabularies: {name!r} is {type(one).__name__}; give a BPETokenizer"
            )
        if name == taken:
            raise BadValue(
                f"vocabularies: {name!r} is the name of GPT-2's; use another, or gpt2=False"
            )
    return {**vocabularies}


def pack_merges(tokenizer: BPETokenizer, counts: Sequence[int] = ()) -> dict[str, Any]:
    """What ``lens.js`` cuts with: ids of the 256 ``bytes``, ``merges`` as 16-bit pairs of ids in base64, the id of the
    ``first``, the ids of ``specials``, and for each merge how often its pair stood in the training text, if known.

    Raises ValueError for a tokenizer that cuts words in another way than GPT-2's, that lacks bytes, that has more
    than 65,536 tokens, or whose merges are not numbered one after the other.
    """
    pairs = pairs_of(tokenizer)
    first = next(iter(pairs.values()), 0)
    in_order = [*pairs.values()] == [*range(first, first + len(pairs))]
    if tokenizer.pattern != "gpt2" or tokenizer.missing or not in_order or len(tokenizer.vocab) > ROOM:  # fmt: skip
        raise BadValue(
            f"vocabularies: pattern {tokenizer.pattern!r}, {len(tokenizer.missing)} bytes missing, "
            f"{len(tokenizer.vocab)} tokens; give one as BPETokenizer.train makes it, with pattern 'gpt2'"
        )
    flat = np.array([*pairs], dtype="<u2").tobytes()
    specials = tokenizer.specials + tokenizer.added
    return {
        "bytes": [tokenizer.ids[BYTES[byte]] for byte in range(256)],
        "first": first,
        "merges": base64.b64encode(flat).decode("ascii"),
        "specials": {token: tokenizer.ids[token] for token in specials},
        "counts": [*counts],
    }


def pack_all(
    vocabularies: Mapping[str, BPETokenizer],
    learned_from: Mapping[str, str | Iterable[str]],
) -> dict[str, dict[str, Any]]:
    """Each packed, with its counts where there is its training text. Raises ValueError for the text of none."""
    texts, packed = _learned(learned_from, vocabularies), {}
    for name, one in vocabularies.items():
        counts = times_merged(one, texts[name]) if name in texts else ()
        packed[name] = pack_merges(one, counts)
    return packed


def _learned(given: Any, known: Mapping[str, BPETokenizer]) -> dict[str, list[str]]:
    """The training texts by name. Raises ValueError for names of no tokenizer, and for what is no text."""
    if not isinstance(given, Mapping):
        raise BadValue(
            f"learned_from: {short(given)} is no mapping; give {{'prose': its training text}}"
        )
    found = {}
    for name, one in given.items():
        one_of("learned_from", name, known)
        where = f"learned_from[{name!r}]"
        if not isinstance(one, Iterable):
            raise BadValue(f"{where}: {one!r} is no text; give a string or several")
        texts = [one] if isinstance(one, str) else one
        found[name] = [string(where, text) for text in texts]
    return found


def times_merged(tokenizer: BPETokenizer, texts: str | Iterable[str]) -> list[int]:
    """How often the pair of each merge stood in ``texts`` when it was merged, `eq:bpe`; the training played again.

    >>> tokenizer = BPETokenizer.train("low low low lower lower", vocab_size=259)
    >>> tokenizer.merges, times_merged(tokenizer, "low low low lower lower")
    ((('l', 'o'), ('lo', 'w')), [5, 5])
    """
    texts = [texts] if isinstance(texts, str) else texts
    found = Counter(word for text in texts for word in split_words(text))
    ids = [chr(tokenizer.ids[BYTES[byte]]) for byte in range(256)]
    # One character for each token, so that str.replace merges.
    words = ["".join(ids[byte] for byte in word.encode()) for word in found]
    times, counts = [*found.values()], []
    for (a, b), new in pairs_of(tokenizer).items():
        pair, one, n = chr(a) + chr(b), chr(new), 0
        for i, word in enumerate(words):
            if pair in word:
                n += times[i] * sum(two == (pair[0], pair[1]) for two in pairwise(word))
                words[i] = word.replace(pair, one)
        counts.append(n)
    return counts


def pack_gpt2() -> dict[str, Any]:
    """GPT-2's 50,000 merges and its special token, packed. Its counts were not published."""
    return {
        "bytes": [[*BYTES].index(byte) for byte in range(256)],
        "first": 256,
        "merges": base64.b64encode(GPT2.read_bytes()).decode("ascii"),
        "specials": {END: 50_256},
        "counts": [],
    }


@cache
def gpt2_tokenizer() -> BPETokenizer:
    """GPT-2's own tokenizer, 50,257 tokens (benchmarks/gpt2_merges.py). Radford et al. (2019)."""
    vocab, merges = [*BYTES.values()], []
    for a, b in np.fromfile(GPT2, "<u2").reshape(-1, 2).tolist():
        merges.append((vocab[a], vocab[b]))
        vocab.append(vocab[a] + vocab[b])
    return BPETokenizer([*vocab, END], merges, [END])
