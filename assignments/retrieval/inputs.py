"""Hidden inputs of the chapter on retrieval: for each exercise, tuples of arguments, drawn by ``random``."""

from collections.abc import Iterator
from random import Random

LETTERS = ["ab", "abc", "b", "bc", "c", "ca", "cab", "d", "da", "dab"]


def guesses(random: Random) -> Iterator[tuple]:
    for n in range(1, 10):
        yield ([random.uniform(0.1, 5) for _ in range(n)],)
        yield ([random.randint(1, 9) for _ in range(n)],)
    yield ([1 / rank for rank in range(1, 13)],)


def weights(random: Random) -> Iterator[tuple]:
    def text(longest: int) -> str:
        return " ".join(random.choices(LETTERS, k=random.randint(1, longest)))

    for n in (1, 2, 3, 5, 8, 13):
        texts = [text(6) for _ in range(n)]
        yield text(8), texts
        yield f"{texts[0]} {texts[0]} nobody", texts
    yield "nobody here", ["somebody there"]


def pass_at_k(random: Random) -> Iterator[tuple]:
    for n in (1, 2, 5, 10, 20, 40):
        for _ in range(3):
            yield n, random.randint(0, n), random.randint(1, n)
    yield 200, random.randint(1, 9), 10
    yield 12, 12, 3
    yield 12, 0, 12


def break_even(random: Random) -> Iterator[tuple]:
    # Sixty-fourths, which a computer knows exactly: at the ends nothing depends on rounding.
    for _ in range(12):
        a0, guess, a1 = sorted(random.sample(range(1, 64), 3))
        yield a1 / 64, a0 / 64, guess / 64
    low, middle, high = sorted(random.sample(range(1, 64), 3))
    yield high / 64, middle / 64, low / 64
    yield middle / 64, low / 64, high / 64
    yield high / 64, low / 64, low / 64
    yield high / 64, low / 64, high / 64
