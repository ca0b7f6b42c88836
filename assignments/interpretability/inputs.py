"""Hidden inputs of the chapter on what parts do: for each exercise, tuples of arguments, drawn by ``random``."""

from collections.abc import Iterator
from random import Random


def quarters(random: Random, n: int, size: int = 20) -> list[float]:
    """``n`` numbers whose sums and differences are exact."""
    return [random.randrange(-4 * size, 4 * size) / 4 for _ in range(n)]


def effect(random: Random) -> Iterator[tuple]:
    for n in (2, 2, 3, 4, 6, 9):
        here, there = random.sample(range(n), 2)
        before, patched, other = (quarters(random, n) for _ in range(3))
        other[there] = before[there] + other[here] - before[here] + 1 + random.randrange(8)
        yield before, patched, other, here, there
    yield [9.0, 1.0], [9.0, 1.0], [0.0, 3.0], 0, 1
    yield [0.0, 3.0, 1.0], [5.0, -3.0, 1.0], [1.0, 2.0, 1.0], 1, 0


def selectivity(random: Random) -> Iterator[tuple]:
    for n, k, kinds in ((4, 4, 2), (8, 5, 2), (10, 20, 3), (16, 4, 4), (5, 25, 2), (40, 8, 2)):
        lists = [[random.randrange(kinds) for _ in range(size)] for size in (n, n, k, k)]
        yield tuple(lists)
    words = ["good", "bad"]
    yield tuple([random.choice(words) for _ in range(size)] for size in (5, 5, 8, 8))
    yield [1, 0, 1], [1, 0, 1], [0, 1], [0, 1]


def take_away(random: Random) -> Iterator[tuple]:
    for heads, answers, stories in ((2, 2, 0), (3, 2, 2), (4, 3, 4), (2, 5, 1), (8, 4, 5), (1, 3, 2), (5, 1, 0)):
        added = [quarters(random, answers) for _ in range(heads)]
        seen = [quarters(random, answers) for _ in range(stories)]
        yield added, random.randrange(heads), seen


def erase(random: Random) -> Iterator[tuple]:
    for n, good, bad in ((2, 1, 1), (3, 2, 2), (4, 3, 1), (2, 1, 4), (5, 5, 3), (1, 2, 2)):
        kinds = [[quarters(random, n, 6) for _ in range(size)] for size in (good, bad)]
        kinds[0][0][0] += 40  # so that the means are apart
        yield quarters(random, n, 6), *kinds
    same = quarters(random, 3, 6)
    yield quarters(random, 3, 6), [same], [same]
