"""Byte-pair encoding (BPE): `train` and `encode` as short as can be, and the tokenizer of GPT-2, made fast.

>>> merges = train({tuple(b"low"): 5, tuple(b"lower"): 2}, n_merges=2)
>>> merges, encode(b"slow", merges)
({(108, 111): 256, (256, 119): 257}, (115, 257))
>>> tokenizer = BPETokenizer.train("low low low low low lower lower", vocab_size=260)
>>> [tokenizer.vocab[i] for i in tokenizer.encode("slow lower")]  # Ġ stands for a space
['s', 'low', 'Ġlow', 'e', 'r']
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import chain, pairwise
from typing import Self

from lmlib import fast_bpe
from lmlib.bpe_checks import check_tokens, check_vocab_size
from lmlib.pretokenizer import BYTES, bytes_of, find_specials, split_parts, split_words
from lmlib.tokens import END, Tokenizer
from lmlib.validation import check_ids

Word = tuple[int, ...]
Words = Mapping[Word, int]  # how often each word stands in a text
Pair = tuple[int, int]


def count_pairs(words: Words) -> Counter[Pair]:
    """How often each pair of neighbours stands in the text whose words are counted."""
    counts: Counter[Pair] = Counter()
    for word, n in words.items():
        for pair in pairwise(word):
            counts[pair] += n
    return counts


def merge(ids: Sequence[int], pair: Pair, new: int) -> Word:
    """``ids`` with ``new`` in place of every ``pair`` of neighbours, from left to right."""
    merged: list[int] = []
    for i in ids:
        if merged and (merged[-1], i) == pair:
            merged[-1] = new
        else:
            merged.append(i)
    return tuple(merged)


def train(words: Words, n_merges: int, first: int = 256) -> dict[Pair, int]:
    """Merge the most frequent pair, `eq:bpe`, again and again; each gets the next id."""
    merges: dict[Pair, int] = {}
    while len(merges) < n_merges and (counts := count_pairs(words)):
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        merges[best] = first + len(merges)
        words = {merge(word, best, merges[best]): n for word, n in words.items()}
    return merges


def encode(word: Sequence[int], merges: Mapping[Pair, int]) -> Word:
    """Apply the earliest merge that fits, which has the lowest id, until none fits."""
    while fitting := merges.keys() & pairwise(word):
        pair = min(fitting, key=merges.__getitem__)
        word = merge(word, pair, merges[pair])
    return tuple(word)


class BPETokenizer(Tokenizer):
    """Tokens are the 256 bytes, and what ``merges`` made of them, one pair after the other.

    ``vocab`` holds them as written with :data:`BYTES`; ``specials`` and ``added`` stand there as
    they are, and are cut out of a text whole. Only ``added`` are text. ``pattern`` cuts words. Raises
    ValueError where ``vocab`` lacks one of these, and at merges that no training makes. If not
    ``all_bytes``, bytes may lack, as in SmolLM2's: `encode` leaves these, ``missing``, out.
    """

    def __init__(
        self,
        vocab: Sequence[str],
        merges: Iterable[tuple[str, str]],
        specials: Iterable[str] = (),
        added: Iterable[str] = (),
        pattern: str = "gpt2",
        all_bytes: bool = True,
    ) -> None:
        super().__init__(vocab)
        self.merges, self.specials = tuple(merges), tuple(specials)
        self.added, self.pattern = tuple(added), pattern
        self.split = partial(split_words, pattern=pattern)
        self.split("")  # an unknown pattern is refused now
        whole = dict.fromkeys(self.specials + self.added)
        needed = [c for c in BYTES.values() if all_bytes or c in self.ids]
        check_tokens(self.ids, needed, self.merges, whole)
        self._whole = find_specials(whole)
        self._bytes = [t.encode() if t in whole else bytes_of(t) for t in self.vocab]
        byte_ids = [self.ids.get(char) for _, char in sorted(BYTES.items())]
        self.missing = bytes(byte for byte, i in enumerate(byte_ids) if i is None)
        pairs = {(self.ids[a], self.ids[b]): self.ids[a + b] for a, b in self.merges}
        self._words = fast_bpe.WordEncoder(byte_ids, pairs)

    @classmethod
    def train(
        cls,
        texts: str | Iterable[str],
        vocab_size: int = 1024,
        end: bool = True,
        pattern: str = "gpt2",
    ) -> Self:
        """Merge the most frequent pair of neighbours, again and again, until there are ``vocab_size`` tokens.

        Of equally frequent pairs, the one with the lower ids is merged (the first of the two counts first),
        as Hugging Face does. No pair reaches across two words. Stops early where no pair is left. ``END`` is
        id 0 unless ``end=False``. Raises ValueError at a too small ``vocab_size``. Sennrich et al. (2016).
        """
        specials = [END] if end else []
        vocab = [*specials, *BYTES.values()]
        check_vocab_size(vocab_size, least=len(vocab))
        texts = [texts] if isinstance(texts, str) else texts
        counts = Counter(word for t in texts for word in split_words(t, pattern))
        ids = [vocab.index(BYTES[byte]) for byte in range(256)]
        words = {tuple(ids[b] for b in word.encode()): n for word, n in counts.items()}
        merges = []
        for a, b in fast_bpe.train(words, vocab_size - len(vocab), len(vocab)):
            merges.append((vocab[a], vocab[b]))
            vocab.append(vocab[a] + vocab[b])
        return cls(vocab, merges, specials, pattern=pattern)

    split = staticmethod(split_words)

    def encode(self, text: str | bytes) -> list[int]:
        """Ids of any text or bytes, special tokens found in it. Raises ValueError at half a surrogate pair."""
        ids: list[int] = []
        for words, specials in split_parts(text, self._whole, self.pattern):
            ids.extend(chain.from_iterable(map(self._words.encode, words)))
            ids.extend(self.ids[token] for token in specials)
        return ids

    def forget(self) -> None:
        """Forget the words seen so far, which are remembered so that each is cut once; for very long texts."""
        self._words.encode.cache_clear()

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """The bytes of ``ids``. Raises ValueError at an id outside 0 … V − 1."""
        numbers = [int(i) for i in ids]
        check_ids("ids", numbers, len(self.vocab))
        return b"".join([self._bytes[i] for i in numbers])

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ``ids``, with � for bytes that are no UTF-8, as in a cut character; else as `decode_bytes`."""
        return self.decode_bytes(ids).decode("utf-8", errors="replace")
