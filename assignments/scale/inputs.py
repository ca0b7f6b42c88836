"""Hidden inputs of the chapter on scale: for each exercise, tuples of arguments, drawn by ``random``."""

from collections.abc import Iterator
from random import Random

from lmlib.classroom.values import Code


def bill(random: Random) -> Iterator[tuple]:
    for _ in range(6):
        parameters, tokens = 10 ** random.uniform(6, 12), 10 ** random.uniform(8, 13)
        peak, share = 10 ** random.uniform(13, 15), random.uniform(0.1, 0.9)
        yield parameters, tokens, peak, share, random.uniform(0.2, 9)
    yield 1e9, 6e9, 1e14, 1.0, 0.0


def merge(random: Random) -> Iterator[tuple]:
    for n in (1, 2, 3, 5):
        size = random.randint(1, 4)
        parts = [[random.uniform(-9, 9) for _ in range(size)] for _ in range(n)]
        yield parts, [random.randint(1, 40) for _ in range(n)]
    empty, full = [float("nan")] * 2, [random.uniform(1, 5), random.uniform(-5, -1)]
    yield [empty, full, [0.0, 3.0]], [0, random.randint(1, 9), random.randint(1, 9)]
    yield [full, empty], [random.randint(2, 9), 0]


def exponent(random: Random) -> Iterator[tuple]:
    for n in (2, 3, 4, 7):
        x = sorted(10 ** random.uniform(0, 6) for _ in range(n))
        yield x, [random.uniform(1, 5) * v ** -random.uniform(0.1, 0.9) for v in x]
    a = random.uniform(0.2, 2)
    yield [1.0, 4.0, 16.0], [3.0, 3.0 * 4**-a, 3.0 * 16**-a]
    yield [1.0, 4.0, 16.0], [3.0, 3.0 * 4**a, 3.0 * 16**a]


def best_size(random: Random) -> Iterator[tuple]:
    for _ in range(5):
        a, b = random.uniform(50, 500), random.uniform(50, 500)
        law = Code(f"lambda n, d: {a!r} / n**0.5 + {b!r} / d**0.4")
        sizes = random.sample(range(10, 5000), 6)
        yield 10 ** random.uniform(5, 8), sizes, law
    # Powers of two divide without rounding, so two sizes are equally good, exactly.
    law = Code("lambda n, d: 64 / n + 64 / d")
    yield 6.0 * 2**14, [64, 256, 1024], law
    yield 6.0 * 2**14, [1024, 256, 64], law
    yield 6e6, [1000, 100], Code("lambda n, d: 1 / d")
    yield 6e6, [100, 1000], Code("lambda n, d: 1 / n")
    yield 6e6, [random.randint(5, 500)], Code("lambda n, d: 1 / n")


def cheaper_after(random: Random) -> Iterator[tuple]:
    for _ in range(6):
        n, N = random.uniform(1, 50), random.uniform(51, 400)
        yield (n, random.uniform(800, 5000)), (N, random.uniform(1, 10))
    yield (10, 100), (20, 100)
    yield (10, 150), (20, 100)
    yield (10, 200), (20, 100)
    yield (random.randint(1, 9), 3), (10, random.randint(40, 99))
