"""Byte-pair encoding as in :mod:`lmlib.bpe`, made fast: the same merges and the same ids.

Inside, a word is a string with one character ``chr(id)`` for each token, so that ``split`` and
``join`` merge. An index says which words hold a pair, and a merge touches only those. A heap has
the best pair ready in front, so that nobody has to search for it.

>>> train({tuple(b"low"): 5, tuple(b"lower"): 2}, n_merges=2)
{(108, 111): 256, (256, 119): 257}
>>> WordEncoder(range(256), {(108, 111): 256, (256, 119): 257}).encode("slow")
[115, 257]
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import add


def _string(ids: Iterable[int]) -> str:
    return "".join(map(chr, ids))


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


def _index(
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


def _merges(
    words: list[str], times: list[int], first: int, n_merges: int
) -> Iterator[str]:
    """Yield the pair to merge for each new id."""
    counts, where = _index(words, times)
    heap = [(-n, pair) for pair, n in counts.items()]
    heapq.heapify(heap)
    for new in map(chr, range(first, first + n_merges)):
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


def train(
    words: Mapping[tuple[int, ...], int], n_merges: int, first: int = 256
) -> dict[tuple[int, int], int]:
    """What :func:`lmlib.bpe.train` returns."""
    pairs = _merges([*map(_string, words)], [*words.values()], first, n_merges)
    return {(ord(pair[0]), ord(pair[1])): new for new, pair in enumerate(pairs, first)}


class WordEncoder:
    """Cuts words with ``merges``, which map pairs to their ids, earliest first, and remembers the words.

    ``byte_ids`` are the ids of the 256 bytes; one with None is left out of every word. No part of a
    merge may be made by a later one.
    """

    def __init__(
        self, byte_ids: Sequence[int | None], merges: Mapping[tuple[int, int], int]
    ) -> None:
        self._arguments = byte_ids, merges
        self._steps = [(_string(pair), chr(new)) for pair, new in merges.items()]
        self._ranks = {pair: rank for rank, (pair, _) in enumerate(self._steps)}
        self.encode = lru_cache(maxsize=2**16)(self._encode)

    def __reduce__(self) -> tuple:  # what is remembered cannot be pickled
        return type(self), self._arguments

    def _encode(self, word: str) -> list[int]:
        """What :func:`lmlib.bpe.encode` returns: a heap holds the ranks of all merges that fit."""
        data = word.encode("utf-8", "surrogateescape")
        tokens = data.decode("latin-1").translate(
            self._arguments[0]
        )  # chr(id) for each byte
        ranks = {self._ranks.get(pair) for pair in map(add, tokens, tokens[1:])}
        heap = [rank for rank in ranks if rank is not None]
        heapq.heapify(heap)
        while heap:
            pair, new = self._steps[heapq.heappop(heap)]
            parts = tokens.split(pair)
            tokens = new.join(parts)
            for now in {*_seams(parts, new, new)} & self._ranks.keys():
                heapq.heappush(heap, self._ranks[now])
        return [*map(ord, tokens)]
