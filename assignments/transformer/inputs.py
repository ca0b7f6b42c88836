"""Hidden inputs of the transformer chapter: for each exercise, tuples of arguments, drawn by ``random``."""

import math
from collections.abc import Iterator
from random import Random


def numbers(random: Random, n: int) -> list[float]:
    return [random.uniform(-2, 2) for _ in range(n)]


def position_vector(random: Random) -> Iterator[tuple]:
    for d_model in (2, 4, 6, 10, 32):
        yield 0, d_model
        yield random.randint(1, 200), d_model
    yield random.randrange(1, 99, 2), 8
    yield 3, 5  # odd: a ValueError is the right answer
    yield 0, 3
    yield random.randint(1, 9), 7


def turned_score(random: Random) -> Iterator[tuple]:
    found = 0
    while found < 24:
        q, k = (tuple(numbers(random, 2)) for _ in range(2))
        m, n = random.choice([(0, 1), (1, 0), (1, 1)])
        m, n = m * random.randint(1, 20), n * random.randint(1, 20)
        theta = random.choice([1.0, random.uniform(0.01, 0.9)])
        angle = math.atan2(*q) - math.atan2(*k) - (m - n) * theta
        if abs(math.cos(angle)) > 0.2:  # a product near 0 is lost in float32
            found += 1
            yield (q, k, m, n) if theta == 1.0 else (q, k, m, n, theta)
    yield (1.0, 0.5), (-0.5, 2.0), 2, 7


def layer_norm(random: Random) -> Iterator[tuple]:
    for n in (1, 2, 4, 7, 16):
        yield numbers(random, n), numbers(random, n), numbers(random, n)
        yield (
            numbers(random, n),
            numbers(random, n),
            numbers(random, n),
            random.uniform(0.1, 2),
        )
    yield [random.uniform(1, 3)] * 4, [1.0] * 4, numbers(random, 4)
    small = [number / 1000 for number in numbers(random, 5)]
    yield small, numbers(random, 5), numbers(random, 5)
    yield small, numbers(random, 5), numbers(random, 5), 1e-6


def feed_forward(random: Random) -> Iterator[tuple]:
    for C, inside in ((1, 4), (2, 8), (3, 5), (4, 16)):
        for _ in range(2):
            up = [numbers(random, C) for _ in range(inside)]
            down = [numbers(random, inside) for _ in range(C)]
            yield (
                numbers(random, C),
                up,
                numbers(random, inside),
                down,
                numbers(random, C),
            )
    for C, inside, out in ((2, 3, 1), (1, 2, 3), (3, 3, 2), (4, 2, 5)):
        up = [numbers(random, C) for _ in range(inside)]
        down = [numbers(random, inside) for _ in range(out)]
        biases = numbers(random, inside), numbers(random, out)
        yield [3 * n for n in numbers(random, C)], up, biases[0], down, biases[1]


def count_gpt(random: Random) -> Iterator[tuple]:
    for L in (0, 1, 2, 12, 48):
        yield (
            random.randint(50, 60_000),
            random.randint(16, 2048),
            L,
            random.randint(8, 1600),
        )
        yield (
            random.randint(50, 60_000),
            random.randint(16, 2048),
            L,
            random.randint(8, 1600),
            False,
        )
    yield random.randint(50, 99), random.randint(16, 48), 3, random.randint(8, 16), True
