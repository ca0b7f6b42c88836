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
    # Whole numbers, whose product has more than 64 bits.
    yield random.randint(10**10, 10**12), 3 * 10**11, 312 * 10**12, 0.4, 1.5
    yield 10**3, random.randint(10**8, 10**9), 10**13, 0.5, 2.0  # below one second


def merge(random: Random) -> Iterator[tuple]:
    for n in (1, 2, 3, 5):
        size = random.randint(1, 4)
        parts = [[random.uniform(-9, 9) for _ in range(size)] for _ in range(n)]
        yield parts, [random.randint(1, 40) for _ in range(n)]
    empty, full = [float("nan")] * 2, [random.uniform(1, 5), random.uniform(-5, -1)]
    yield [empty, full, [0.0, 3.0]], [0, random.randint(1, 9), random.randint(1, 9)]
    yield [full, empty], [random.randint(2, 9), 0]
    yield [full, empty, [3.0, 0.5]], [random.randint(2, 9), 0, 1]
    yield [[4.0, 1.0], [0.5, 2.0], full], [1, 1, random.randint(2, 9)]


def exponent(random: Random) -> Iterator[tuple]:
    for n in (2, 3, 4, 7):
        x = sorted(10 ** random.uniform(0, 6) for _ in range(n))
        yield x, [random.uniform(1, 5) * v ** -random.uniform(0.1, 0.9) for v in x]
    a = random.uniform(0.2, 2)
    yield [1.0, 4.0, 16.0], [3.0, 3.0 * 4**-a, 3.0 * 16**-a]
    yield [1.0, 4.0, 16.0], [3.0, 3.0 * 4**a, 3.0 * 16**a]
    yield [1, 3, 9], [a, a, a]  # flat
    # In another order than that of x, and several points with the same x.
    x = [1, 2, 5, 9, 30]
    yield random.sample(x, 5), [random.uniform(0.5, 5) for _ in x]
    yield [9, 1, 30, 2], [a, 3.0, 0.1, 0.2]
    yield [1, 1, 4, 4, 7], [random.uniform(0.5, 5) for _ in x]
    yield [1, 1, 4, 4], [2.0, 0.5, 0.5, a / 5]


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
    # Losses that go up and down, that are large, and that are close to each other.
    yield (
        48000.0,
        random.sample([10, 20, 50, 100, 200, 400, 800, 1000], 8),
        Code(
            "lambda n, d: {10: 20, 20: 30, 50: 5, 100: 1.5, 200: 3, 400: 1, 800: 4, 1000: 2.5}[n]"
        ),
    )
    yield 6000.0, [10, 20, 50], Code("lambda n, d: 1e12 / n + 4e12 / d")
    yield 6000.0, [50, 20, 10], Code("lambda n, d: 2 + 0.001 / n + 0.004 / d")
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
    yield (3, random.choice([50, 51, 53])), (10, 3)  # no whole number of tokens
    yield (10**14, random.randint(5, 9) * 10**5), (4 * 10**14, 10**5)
    yield (10, random.randint(110, 190)), (20, 100)  # more tokens, less work
