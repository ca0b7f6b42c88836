"""Hidden inputs of the tokens chapter: for each exercise, tuples of arguments, drawn by ``random``."""

import math
from collections.abc import Iterator
from random import Random

TEXTS = ["low", "人工智能", "a🙂b", "naïve café", "Ελλάδα", "low love lower", "low\n"]


def letters(random: Random, n: int, of: str = "abc") -> str:
    return "".join(random.choice(of) for _ in range(n))


def next_merge(random: Random) -> Iterator[tuple]:
    for n in (1, 2, 4, 8, 12):
        for _ in range(2):
            words = {
                tuple(letters(random, random.randint(1, 6))): random.randint(1, 9)
                for _ in range(n)
            }
            yield (words,)
    a, b, c, d = random.sample("abcdefgh", 4)
    yield ({(c, a): 2, (a, d): 2},)  # equally frequent
    yield ({(b, a): 2, (a, b): 2},)
    yield ({(a, b): 1, (c, d): 3},)  # often in the text, not often in the list
    yield ({(a, b, a, b): 1, (c, d): 1},)  # twice in one word
    yield ({(c, a, b): 1, (a, d): 1, (a, b): 1},)
    yield ({(a + b, c): 2, (a, b + c): 1},)
    yield ({(a,): 5, (b + c,): 2},)
    yield ({("b", "b", "b"): 1, ("a", "c"): 1},)  # places that overlap
    yield ({("a", "c"): 2, ("a", "b"): 2},)
    yield ({("aa", "b"): 1, ("a", "z"): 1},)
    yield ({("ab", "c"): 1, ("b", "c"): 1},)  # the longer one is smaller
    yield ({("a", "b"): 1, ("c", "d"): 1},)
    yield ({("d", "x", "e"): 1, ("d", "y", "e"): 1},)  # d and e are no neighbours


def merge_pair(random: Random) -> Iterator[tuple]:
    for n in (1, 2, 4, 8, 16, 32):
        tokens = [random.randrange(3) for _ in range(n)]
        yield tokens, (0, 1), 99
        yield tokens, (1, 1), 99
    yield [5, 6, 7, 5, 6], (5, 6), 9
    yield [6, 5, 7], (5, 6), 9
    yield [5, 5, 5, 5, 5], (5, 5), 9
    yield [1, 2, 3], (1, 2), 9
    yield [11, 2, 1, 23], (1, 2), 99
    yield [1, 2, 1, 2], (1, 2), 300
    yield [4, 6, 6, 4, 6], (4, 6), 9
    yield [4, 4, 6, 6], (4, 6), 9
    yield ["e", "s", "t", "es", "e", "s"], ("e", "s"), "es"
    yield [], (1, 2), 9


def encode_word(random: Random) -> Iterator[tuple]:
    for n in (1, 3, 6, 10, 15):
        for _ in range(3):
            pieces, merges = list("abc"), []
            for _ in range(6):
                pair = (random.choice(pieces), random.choice(pieces))
                if pair not in merges:
                    merges.append(pair)
                    pieces.append("".join(pair))
            yield letters(random, n), merges
    yield "abcd", [("b", "c"), ("a", "b"), ("bc", "d")]
    yield "abxcd", [("c", "d"), ("a", "b"), ("cd", "e"), ("cde", "f")]
    yield "ababab", [("a", "b"), ("ab", "ab")]
    yield "abc", [("b", "c"), ("a", "b"), ("ab", "c")]
    yield "abc", [("a", "b"), ("b", "c")]
    yield "banana", [("a", "n"), ("an", "a")]
    yield "aaaaaaa", [("a", "a"), ("aa", "aa")]
    yield "hände", [("ä", "n"), ("h", "än")]
    yield "", [("a", "b")]


def showable(random: Random) -> Iterator[tuple]:
    for text in TEXTS:
        data = text.encode()
        for end in {0, len(data), *random.sample(range(len(data) + 1), 3)}:
            yield (data[:end],)
    for end in (1, 2, 3):
        yield ("x🙂".encode()[: 1 + end],)
        yield ("🙂".encode()[:end],)
    for text in (" low ", "\n人\n", "\ufeffnaïve"):  # white space and a byte order mark
        yield (text.encode(),)


def bits_per_byte(random: Random) -> Iterator[tuple]:
    for text in TEXTS:
        yield [random.uniform(0.1, 6) for _ in range(random.randint(1, 9))], text
    yield [math.log(2)] * 6, "abc"
