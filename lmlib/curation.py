"""What is thrown away before a model is trained: filters for pages, and copies found by their shingles.

Lee et al. (2022) on copies, Rae et al. (2021) on filters, Broder (1997) on shingles.

>>> jaccard(shingles("tom had a red ball", 2), shingles("tom had a blue ball", 2))
0.3333333333333333
>>> repeated_share("buy now buy now buy now", 2)
1.0
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Shingle = tuple[str, ...]


def windows(text: str, n: int) -> list[Shingle]:
    """All runs of ``n`` neighbouring words, in order. Raises ValueError for n below 1.

    >>> windows("a b c", 2)
    [('a', 'b'), ('b', 'c')]
    """
    if n < 1:
        raise ValueError(f"n: {n} words make no run; use 1 or more")
    words = text.split()
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def repeated_share(text: str, n: int) -> float:
    """The share of runs of ``n`` words that come more than once; 0 if there is none.

    Rae et al. (2021) drop pages in which such a share is large.
    """
    counts = Counter(windows(text, n))
    again = sum(count for count in counts.values() if count > 1)
    return again / max(1, counts.total())


def known_share(text: str, known: Container[Shingle], n: int) -> float:
    """The share of runs of ``n`` words that are ``known``; 0 if there is none.

    With single words it tells a language, with pairs it tells order from disorder.

    >>> known_share("a b x", {("a", "b")}, 2)
    0.5
    """
    runs = windows(text, n)
    return sum(run in known for run in runs) / max(1, len(runs))


def shingles(text: str, n: int = 5) -> frozenset[Shingle]:
    """The set of a text's runs of ``n`` words. Raises ValueError for n below 1."""
    return frozenset(windows(text, n))


def jaccard(a: frozenset[Shingle], b: frozenset[Shingle]) -> float:
    """How much two sets share: formula `eq:jaccard`; 1 for two empty ones."""
    return len(a & b) / len(a | b) if a or b else 1.0


def minhash(items: Iterable[Shingle], k: int = 64, seed: int = 0) -> NDArray[np.uint64]:
    """(k,) a set's signature: its smallest value under each of ``k`` functions.

    Two signatures agree at a place with the probability `eq:minhash`. The seed decides the
    functions. Raises ValueError for k below 1, and for an empty set, which has no smallest.
    """
    hashes = [_hash(item) for item in items]
    if not hashes or k < 1:
        raise ValueError(
            f"items, k: {len(hashes)} and {k}; both must be 1 or more (try a smaller n)"
        )
    random = np.random.default_rng(seed)
    # Multiply, add, take the upper half of what 64 bits keep (Dietzfelbinger et al. 1997).
    factors, shifts = random.integers(0, 2**64, size=(2, k, 1), dtype=np.uint64)
    values = (factors | np.uint64(1)) * np.array(hashes, dtype=np.uint64) + shifts
    return (values >> np.uint64(32)).min(1)


def agreement(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> float:
    """The share of places at which signatures agree: an estimate of :func:`jaccard`."""
    return float((a == b).mean())


def without_copies(
    texts: Sequence[str],
    threshold: float = 0.5,
    n: int = 5,
    bands: int = 16,
    k: int = 64,
) -> list[int]:
    """The places of the texts that are no copy of an earlier one that is kept, in order.

    A copy shares ``threshold`` of its shingles or more. Only texts whose signatures agree in a whole
    band of k / bands places are compared at all (Indyk and Motwani 1998). Texts shorter than ``n``
    words are kept. Raises ValueError where ``bands`` do not divide ``k``.
    """
    if bands < 1 or k % bands:
        raise ValueError(f"bands: {bands} do not divide {k} places; use a divisor")
    kept: list[int] = []
    buckets: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    sets = [shingles(text, n) for text in texts]
    for i, items in enumerate(sets):
        if items:
            parts = minhash(items, k).reshape(bands, -1)
            keys = [(place, part.tobytes()) for place, part in enumerate(parts)]
            near = {j for key in keys for j in buckets[key]}
            if any(jaccard(items, sets[j]) >= threshold for j in near):
                continue
            for key in keys:
                buckets[key].append(i)
        kept.append(i)
    return kept


def _hash(item: Shingle) -> int:
    """64 bits, the same on every machine and in every run."""
    return int.from_bytes(
        hashlib.blake2b(" ".join(item).encode(), digest_size=8).digest()
    )
