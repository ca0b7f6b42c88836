"""Byte-level byte-pair encoding (BPE), as in GPT-2: it cuts any text, and no word is unknown.

A token is a run of bytes. In ``vocab`` every byte is written as one visible character:
most of ASCII as itself, a space as ``Ġ``, a line break as ``Ċ``.

>>> tokenizer = BPETokenizer.train("low low low low low lower lower", vocab_size=260)
>>> tokenizer.vocab[257:]
('lo', 'low', 'Ġlow')
>>> [tokenizer.vocab[i] for i in tokenizer.encode("slow lower")]
['s', 'low', 'Ġlow', 'e', 'r']
"""

from __future__ import annotations

import heapq
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import chain
from operator import add
from pathlib import Path
from typing import Self

from lmlib.interop import tokenizer_files as bpe_files
from lmlib.tokens import END, Tokenizer

_SHOWN = [*range(33, 127), *range(161, 173), *range(174, 256)]
_OTHERS = sorted({*range(256)} - {*_SHOWN})
BYTES = {b: chr(b) for b in _SHOWN} | {b: chr(256 + i) for i, b in enumerate(_OTHERS)}
"""The character that stands for each byte in a vocabulary, in the order of their ids."""
_BYTE = {char: byte for byte, char in BYTES.items()}


@cache
def _pattern() -> re.Pattern[str]:
    r"""GPT-2's ``'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+``.

    ``re`` has no ``\p``. Its ``\w`` is ``\p{L}``, ``\p{N}`` and ``_``; its ``\d`` lacks numbers
    such as ² and Ⅷ, which are listed here; its ``\s`` has four control characters too many.
    """
    chars = map(chr, range(0x110000))
    odd = [
        ord(c) for c in chars if c.isnumeric() and not (c.isalpha() or c.isdecimal())
    ]
    starts, ends = (
        sorted({*odd} - {i + 1 for i in odd}),
        sorted({*odd} - {i - 1 for i in odd}),
    )
    number = r"\d" + "".join(
        f"{chr(a)}-{chr(b)}" for a, b in zip(starts, ends, strict=True)
    )
    space, solid = r"[^\S\x1c-\x1f]", r"[\S\x1c-\x1f]"
    return re.compile(
        rf"'(?:s|t|re|ve|m|ll|d)| ?[^\W_{number}]+| ?[{number}]+| ?(?:[^\w\s]|[_\x1c-\x1f])+"
        rf"|{space}+(?!{solid})|{space}+"
    )


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"text: {text[error.start]!r} at position {error.start} is half a surrogate pair and no "
            "character; read the file as UTF-8, or give its bytes"
        ) from None


def _seams(parts: Sequence[str], left: str, right: str) -> Iterator[str]:
    """The pairs at the borders of ``parts``; what stands between two of them goes from ``left`` to ``right``.

    >>> list(_seams("a--ba--".split("--"), "<", ">")), list(_seams(["", "", "a"], "<", ">"))
    (['a<', '>b', 'a<'], ['><', '>a'])
    """
    last = len(parts) - 1
    for i, part in enumerate(parts):
        if not part and 0 < i < last:
            yield right + left
        if part and i > 0:
            yield right + part[0]
        if part and i < last:
            yield part[-1] + left


def _count_pairs(
    words: Sequence[str], times: Sequence[int]
) -> tuple[Counter[str], defaultdict[str, set[int]]]:
    """How often each pair of neighbours stands in the text, and which words hold it."""
    counts: Counter[str] = Counter()
    where: defaultdict[str, set[int]] = defaultdict(set)
    for i, word in enumerate(words):
        for pair in map(add, word, word[1:]):
            counts[pair] += times[i]
            where[pair].add(i)
    return counts, where


def _pop_best(heap: list[tuple[int, str]], counts: Mapping[str, int]) -> str | None:
    """Take the most frequent pair off ``heap``, whose counts may be older and higher than ``counts``."""
    while heap:
        negative, pair = heapq.heappop(
            heap
        )  # equal counts: the lower string, that is, ids
        if -negative == counts[pair]:
            return pair
        if counts[pair]:
            heapq.heappush(heap, (-counts[pair], pair))
    return None


def _merges(words: list[str], times: list[int], first: int, stop: int) -> Iterator[str]:
    """Yield the pair to merge for each new id; a word is a string of ``chr(id)``."""
    counts, where = _count_pairs(words, times)
    heap = [(-n, pair) for pair, n in counts.items()]
    heapq.heapify(heap)
    for new in map(chr, range(first, stop)):
        pair = _pop_best(heap, counts)
        if pair is None:
            return
        yield pair
        made = set()
        for i in where.pop(pair):  # a word may have lost the pair; then nothing happens
            parts = words[i].split(pair)
            words[i] = new.join(parts)
            for old, now in zip(
                _seams(parts, *pair), _seams(parts, new, new), strict=True
            ):
                counts[old] -= times[i]
                counts[now] += times[i]
                where[now].add(i)
                made.add(now)
        for now in made:
            heapq.heappush(heap, (-counts[now], now))


class BPETokenizer(Tokenizer):
    """Tokens are the 256 bytes, and what ``merges`` made of them, one pair after the other.

    ``vocab`` holds them as written with :data:`BYTES`; ``specials``, those of them that are cut out
    of a text whole, stand there as they are. Raises ValueError where ``vocab`` lacks one of these.
    """

    def __init__(
        self,
        vocab: Sequence[str],
        merges: Iterable[tuple[str, str]],
        specials: Iterable[str] = (),
    ) -> None:
        super().__init__(vocab)
        self.merges, self.specials = tuple(merges), tuple(specials)
        made = chain.from_iterable((a, b, a + b) for a, b in self.merges)
        for token in chain(BYTES.values(), self.specials, made):
            if token not in self.ids:
                raise ValueError(
                    f"vocab: {token!r} is missing; give all bytes, special tokens, and the parts and wholes of merges"
                )
        self._id_of_byte = [self.ids[BYTES[byte]] for byte in range(256)]
        pairs = [chr(self.ids[a]) + chr(self.ids[b]) for a, b in self.merges]
        self._ranks = {pair: rank for rank, pair in enumerate(pairs)}
        wholes = [chr(self.ids[a + b]) for a, b in self.merges]
        self._by_rank = [*zip(pairs, wholes, strict=True)]
        self._bytes = {i: self._spell(token) for i, token in enumerate(self.vocab)}
        longest_first = sorted(self.specials, key=len, reverse=True)
        self._cut = re.compile(f"({'|'.join(map(re.escape, longest_first)) or '(?!)'})")
        self._word = lru_cache(maxsize=2**16)(self._encode_word)

    def __reduce__(self) -> tuple:  # what is remembered in _word cannot be pickled
        return type(self), (self.vocab, self.merges, self.specials)

    def _spell(self, token: str) -> bytes:
        if token in self.specials:
            return token.encode()
        try:
            return bytes(_BYTE[char] for char in token)
        except KeyError as error:
            raise ValueError(
                f"vocab: {token!r} is no run of bytes ({error} stands for none); write it with BYTES, "
                "or name it in specials"
            ) from None

    @classmethod
    def train(
        cls, texts: str | Iterable[str], vocab_size: int = 1024, end: bool = True
    ) -> Self:
        """Merge the most frequent pair of neighbours, again and again, until there are ``vocab_size`` tokens.

        Formula `eq:bpe`. Of equally frequent pairs, the one with the lower ids is merged (first
        that of the first token counts), as Hugging Face does. No pair reaches across two words of
        :meth:`split`. Stops early where no pair is left. ``END`` gets id 0 unless ``end=False``.
        Raises ValueError for a ``vocab_size`` too small for the bytes. Sennrich et al. (2016).
        """
        specials = [END] if end else []
        vocab = [*specials, *BYTES.values()]
        if vocab_size < len(vocab):
            raise ValueError(
                f"vocab_size: {vocab_size} is too small for 256 bytes and {len(specials)} special tokens; "
                f"use {len(vocab)} or more"
            )
        counts: Counter[str] = Counter()
        for text in [texts] if isinstance(texts, str) else texts:
            counts.update(cls.split(text))
        start = cls(vocab, [], specials)
        words = ["".join(map(chr, start._encode_word(word))) for word in counts]
        merges = []
        for pair in _merges(words, [*counts.values()], len(vocab), vocab_size):
            merges.append((vocab[ord(pair[0])], vocab[ord(pair[1])]))
            vocab.append("".join(merges[-1]))
        return cls(vocab, merges, specials)

    @staticmethod
    def split(text: str) -> list[str]:
        """Cut ``text`` into words as GPT-2 does: a space goes with the word behind it.

        >>> BPETokenizer.split("It's 1999,  I said")
        ['It', "'s", ' 1999', ',', ' ', ' I', ' said']
        """
        _check_text(text)
        return _pattern().findall(text)

    def encode(self, text: str | bytes) -> list[int]:
        """Ids of the tokens of ``text``, which may be any text, or any bytes; special tokens are found in it.

        Raises ValueError at half a surrogate pair, which has no bytes.
        """
        if isinstance(text, bytes):
            text = text.decode("utf-8", "surrogateescape")
        else:
            _check_text(text)
        ids: list[int] = []
        for i, part in enumerate(
            self._cut.split(text)
        ):  # in turn text and special token
            if i % 2:
                ids.append(self.ids[part])
            else:
                ids.extend(
                    chain.from_iterable(map(self._word, _pattern().findall(part)))
                )
        return ids

    def forget(self) -> None:
        """Forget the words seen so far, which are remembered so that each is cut once; for very long texts."""
        self._word.cache_clear()

    def _encode_word(self, word: str) -> list[int]:
        """From the bytes on, apply the earliest merge that can be applied, until none can."""
        data = word.encode("utf-8", "surrogateescape")
        tokens = data.decode("latin-1").translate(
            self._id_of_byte
        )  # chr(id) for each byte
        ranks = {self._ranks.get(pair) for pair in map(add, tokens, tokens[1:])}
        heap = [rank for rank in ranks if rank is not None]
        heapq.heapify(heap)
        while heap:
            pair, new = self._by_rank[heapq.heappop(heap)]
            parts = tokens.split(pair)
            tokens = new.join(parts)
            for now in {*_seams(parts, new, new)} & self._ranks.keys():
                heapq.heappush(heap, self._ranks[now])
        return [*map(ord, tokens)]

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """The bytes of ``ids``. Raises ValueError at an id outside 0 … V − 1."""
        try:
            return b"".join([self._bytes[int(i)] for i in ids])
        except KeyError as error:
            raise ValueError(
                f"ids: {error} is no token's id; ids run from 0 to {len(self.vocab) - 1}"
            ) from None

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ``ids``, with � for bytes that are no UTF-8, as in a cut character; else as `decode_bytes`."""
        return self.decode_bytes(ids).decode("utf-8", errors="replace")

    def save(self, path: str | Path) -> None:
        """Write a ``tokenizer.json``, which `load` and Hugging Face's ``Tokenizer.from_file`` read."""
        bpe_files.write_json(path, self.ids, self.merges, self.specials)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a ``tokenizer.json``. Raises ValueError where that is no byte-level BPE as GPT-2's."""
        return cls(*bpe_files.read_json(path))

    @classmethod
    def from_gpt2_files(cls, vocab_json: str | Path, merges_txt: str | Path) -> Self:
        """Read ``vocab.json`` and ``merges.txt``, GPT-2's own two files. Raises ValueError where they are not such."""
        return cls(*bpe_files.read_gpt2(vocab_json, merges_txt))
