"""Hidden inputs of the pre-training chapter: for each exercise, tuples of arguments, drawn by ``random``."""

from collections.abc import Iterator
from random import Random


def all_pairs_shown(random: Random) -> Iterator[tuple]:
    for n in (1, 2, 3, 5, 9):
        yield ([random.choice("abcd") for _ in range(n)],)
    yield (["a", "b", "a", "a"],)
    yield ([random.choice("ab")] * 3,)
    yield ([],)


def masked_pairs(random: Random) -> Iterator[tuple]:
    for n in (1, 3, 5, 8, 12):
        tokens = [random.randrange(4, 9) for _ in range(n)]
        yield tokens, set(random.sample(range(n), random.randint(1, n))), 3
    yield [7, 7, 7, 5], {1}, 2
    yield [7, 6, 5], set(), 2
    yield [4, 3, 6, 3, 5], {0, 4}, 3  # a token that is the mask is not asked for that
    yield [random.randint(4, 9), 3, 6, 3], {0, 3}, 3  # and is asked where it is hidden
    yield [random.randint(4, 9), 0, 5, 0], {1, 2}, 3  # 0 is an id
    yield [5, random.randint(6, 9), 5], {0, 1, 2}, 3


def schedule(random: Random) -> Iterator[tuple]:
    for warmup in (0, 1, 4, 30):
        steps, highest = warmup + random.randint(20, 200), random.uniform(1e-4, 1e-2)
        for t in {
            0,
            1,
            warmup - 1,
            warmup,
            warmup + 1,
            (warmup + steps) // 2,
            steps - 1,
            steps,
        }:
            if t >= 0:
                yield t, highest, warmup, steps


def read_the_log(random: Random) -> Iterator[tuple]:
    for n in (1, 2, 4, 8):
        for low in (0.45, 0.52, 0.6):
            log = [
                (50 * (i + 1), random.uniform(0.1, 2), low * random.uniform(1, 1.1))
                for i in range(n)
            ]
            yield log, 0.55
    a, b, c = sorted(random.sample(range(1, 99), 3))
    yield [(a, 2.0, 2.1), (b, 0.9, 1.2), (c, 0.3, 1.6)], 0.55
    yield [(a, 0.6, 0.4), (b, 0.6, 0.7)], 0.55
    yield [(a, 0.9, 0.8), (b, 0.6, 0.53), (c, 0.6, 0.55)], 0.55
    yield [(a, 0.9, 0.8), (b, 0.8, 0.75)], 0.55
    yield [(a, 0.7, 0.6), (b, 0.2, 0.61)], 0.55
    yield [(a, 0.9, 0.6), (b, 0.8, 0.6)], 0.55
    yield [(a, 0.9, 0.6), (b, 0.5, 0.62), (c, 0.3, 0.64)], 0.55
    scale = 2.0 ** random.randint(-2, 2)  # by which no number is rounded
    yield [(a, 3 * scale, 2 * scale), (b, scale, 0.9 * scale)], scale  # on the edge
    yield [(a, 3 * scale, 2 * scale), (b, scale, 2.1 * scale)], scale
    yield [(a, 0.9, 0.6), (b, 0.8, 0.45), (c, 0.7, 0.46)], 0.55  # leaks in the end
    yield [(a, 0.9, 0.48), (b, 0.8, 0.45), (c, 0.7, 0.8)], 0.55  # and at all times
    yield [(a, 0.9, 0.6), (b, 0.8, 1.1), (c, 0.7, 1.12)], 0.55
    yield [(a, 0.9, 0.6), (b, 0.8, 0.9), (c, 0.7, 0.58)], 0.55  # rises and falls
    yield [(a, 0.9, 0.6)], 0.55
