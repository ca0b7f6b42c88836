"""Hidden inputs of the chapter on evaluation: for each exercise, tuples of arguments, drawn by ``random``."""

import math
from collections.abc import Iterator
from random import Random


def line(random: Random, n: int, words: str = "abc") -> list[str]:
    """Few different words, so that many runs match."""
    return random.choices([*words], k=n)


def matches(random: Random) -> Iterator[tuple]:
    for n in (1, 2, 3, 4):
        for longest in (6, 12):
            yield line(random, longest, "ab"), line(random, longest + 3), n
            yield line(random, longest + 2), line(random, longest, "ab"), n
    yield ["a"] * random.randrange(3, 9), ["a", "b"] * 2, 1
    yield line(random, 2), line(random, 5), 3
    yield ["ab", "c"], ["a", "bc"], 2


def calibration(random: Random) -> Iterator[tuple]:
    # In sixteenths, so that an edge is an edge in every way of computing it.
    for bins in (1, 2, 4, 8):
        for n in (5, 20):
            said = [random.randrange(17) / 16 for _ in range(n)]
            yield said, [int(random.random() < p**2) for p in said], bins
    yield [1.0, 0.0, 1.0], [1, 0, 0], 8
    yield [0.3, 0.3, 0.7], [1, 0, random.randrange(2)], 4


def overlap(random: Random) -> Iterator[tuple]:
    for n in (1, 2, 3):
        for texts in (1, 2, 4):
            training = [line(random, random.randrange(1, 7)) for _ in range(texts)]
            yield line(random, 8, "abcd"), training, n
    yield line(random, 2), [line(random, 6)], 4
    yield line(random, 5), [], 2
    yield ["a", "b", "a", "b", "c"], [["a", "b"], ["b", "a"], ["c"]], 2


def stories_needed(random: Random) -> Iterator[tuple]:
    # In eighths, of which float64 has every sum; and never near a whole number of stories.
    made = 0
    while made < 10:
        n = random.choice([2, 4, 8])
        a = [random.randrange(8, 40) / 8 for _ in range(n)]
        b = [x + random.randrange(-4, 9) / 8 for x in a]
        paired = made % 2 == 0
        d = sum(b) / n - sum(a) / n
        if d and 0.01 < needed(a, b, paired, d) % 1 < 0.99:
            made += 1
            yield a, b, paired
    for paired in (True, False):
        yield [1.0, 2.0, 4.0, 5.0], [2.0, 1.0, 5.0, 4.0], paired


def needed(a: list[float], b: list[float], paired: bool, d: float) -> float:
    """Before it is rounded up."""

    def variance(x: list[float]) -> float:
        mean = sum(x) / len(x)
        return math.fsum((value - mean) ** 2 for value in x) / len(x)

    differences = [y - x for x, y in zip(a, b, strict=True)]
    s2 = variance(differences) if paired else variance(a) + variance(b)
    return 1.96**2 * s2 / d**2
