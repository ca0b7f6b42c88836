"""Hidden inputs of the embeddings chapter: for each exercise, tuples of arguments, drawn by ``random``."""

from collections.abc import Iterator
from random import Random


def cosine(random: Random) -> Iterator[tuple]:
    for n in (1, 2, 3, 5, 8, 13):
        u, v = ([random.uniform(-3, 3) for _ in range(n)] for _ in range(2))
        yield u, v
    u = [random.uniform(0.5, 3) for _ in range(4)]
    yield u, [-random.uniform(1, 2) * x for x in u]
    yield u, [0.0] * 4
    yield [0.0] * 4, u
    yield [1.0, -1.0], [2.0, 1.0]  # adds up to 0
    yield [0.0, 1.0, 2.0], [1.0, 0.0, 3.0]
    size = random.uniform(1, 9) * 1e-5
    yield [size * x for x in u], [size * random.uniform(-1, 1) for _ in u]
    yield [0.0] * 3, [0.0] * 3
    yield [0.0], [random.uniform(1, 2)]
    yield [random.uniform(1, 2)] * 5, [0.0] * 5


def skip_gram_pairs(random: Random) -> Iterator[tuple]:
    for n in (2, 3, 5, 7):
        for window in (1, 2, 3):
            yield [random.choice("abcdef") for _ in range(n)], window
    yield ["a", "a", "a"], 2
    yield random.sample("abcdefgh", 8), random.choice([3, 4, 5])
    yield random.sample("ab", 2), 9
    yield ["a"], 2
    yield [], 1


def negative_sampling(random: Random) -> Iterator[tuple]:
    for n in (0, 1, 2, 3, 5, 8):
        yield random.uniform(-3, 3), [random.uniform(-3, 3) for _ in range(n)]
    far = random.uniform(800, 2000)
    yield far, [-far, -2 * far]
    yield -far, [far, 2 * far]
    yield far, [far, 0.0]
    yield 0.0, [0.0]
    yield -far, []
    yield random.uniform(-60, -40), [random.uniform(40, 60)]
