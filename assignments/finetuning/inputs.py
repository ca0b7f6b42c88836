"""Hidden inputs of the fine-tuning chapter: for each exercise, tuples of arguments, drawn by ``random``."""

import math
from collections.abc import Iterator
from random import Random


def answer_targets(random: Random) -> Iterator[tuple]:
    for n in (2, 3, 5, 8, 12):
        tokens = [random.randrange(1, 300) for _ in range(n)]
        yield tokens, random.randint(1, n - 1)
        yield tokens, 1
        yield tokens, n - 1
    yield [4, 5, 4, 5, 4], 1
    yield [random.randint(1, 9), 0, 0], 1  # 0 is an id
    yield [random.randint(1, 4), 5, 7, 7], 2  # an id twice in the answer


def lora_count(random: Random) -> Iterator[tuple]:
    for n in (1, 2, 3, 5, 8):
        shapes = [(random.randint(2, 300), random.randint(2, 300)) for _ in range(n)]
        yield shapes, random.randint(1, 16)
    side = 2 * random.randint(2, 50)
    yield (
        [(side, side)],
        4,
    )  # half the side trains exactly as many numbers, and does not count
    out, into = random.randint(5, 20), random.randint(5, 20)
    yield [(out, into)] * 3, 2  # of equal shape, but three matrices
    yield [(2, 3), (out, 40)], 1  # more rank than the smallest matrix has sides
    yield [(out, 40), (2, 3)], random.randint(30, 40)  # more rank than pays
    yield [(1, random.randint(2, 9))], 1
    yield [(8, 3)], 1


def compare(random: Random) -> Iterator[tuple]:
    for n in (5, 20, 60, 200):
        yield tuple([random.random() < share for _ in range(n)] for share in (0.5, 0.8))
        yield tuple([random.random() < share for _ in range(n)] for share in (0.8, 0.4))
    same = [random.random() < 0.5 for _ in range(10)]
    yield same, same
    yield [False] * 7, [True] * 7
    yield [random.random() < 0.5], [random.random() < 0.5]  # a single story
    losses = random.randint(1, 4)
    one, other = [True] * losses, [False] * losses
    yield [*one, *other, True], [*other, *one, True]  # wins and losses that cancel


def choose(random: Random) -> Iterator[tuple]:
    for n in (3, 6, 10):
        floor_a, floor_b = random.uniform(0.4, 0.7), random.uniform(1.0, 1.4)
        log = [
            (
                16 * i,
                floor_a * random.uniform(0.95, 1.4),
                floor_b * random.uniform(0.95, 1.4),
            )
            for i in range(n)
        ]
        yield log, floor_a, floor_b, random.uniform(1.05, 1.3)
    a, b = random.randint(1, 50), random.randint(51, 99)
    yield (
        [(a, 1.0, 1.1), (b, 1.2, 1.05), (99, 1.9, 1.0)],
        1.0,
        1.0,
        1.3,
    )  # one lost too much
    yield [(a, 2.0, 1.1), (b, 2.0, 0.7)], 2.0, 1.0, 1.1  # b is too good on B
    yield [(a, 2.0, 1.1), (b, 1.5, 1.0)], 2.0, 1.0, 1.1  # b is too good on A
    yield [(a, 0.99, 1.1), (b, 1.0, 0.985)], 1.0, 1.0, 1.1  # a little below is luck
    yield [(a, 1.5, 2.0), (b, 1.5, 2.0)], 1.0, 1.0, 1.5  # on the limit, and equal
    yield [(a, 1.9, 0.5), (b, 2.0, 0.45)], 2.0, 0.4, 1.0
    yield [(a, 9.0, 1.0)], 1.0, 1.0, 2.0
    yield [], 1.0, 1.0, 2.0
    yield [(0, 1.0, 1.0), (a, 1.0, 1.2)], 1.0, 1.0, 1.5  # step 0 is a step
    yield [(a, 0.98, 0.98), (b, 1.0, 1.2)], 1.0, 1.0, 1.1  # exactly 0.98
    yield [(a, 0.99, 1.0), (b, 1.0, 1.2)], 1.0, 1.0, 1.1
    yield [(a, 1.5, 0.45), (b, 2.0, 0.6)], 2.0, 0.4, 1.02  # each has its own floor
    yield [(0, 1.9, 2.0), (a, 1.05, 2.0), (b, 1.0, 2.0)], 1.0, 1.0, 1.1
    yield [(b, 1.05, 2.0), (a, 1.0, 2.0)], 1.0, 1.0, 1.1  # first in the list
    yield [(a, 1.05, 0.985), (b, 1.05, 1.001)], 1.0, 1.0, 1.1  # below its floor
    yield [(a, 2.1, 0.6), (b, 2.1, 0.485)], 2.0, 0.5, 1.1  # 0.98 is a share
    yield [(a, 2.1, 0.6), (b, 1.95, 0.5)], 2.0, 0.5, 1.1
    yield [(a, 0.98, 1.2), (b, 1.0, 1.3)], 1.0, 1.0, 1.1
    yield [(a, 1.05, 0.98), (b, 1.0, 1.3)], 1.0, 1.0, 1.1


def step_zero(random: Random) -> Iterator[tuple]:
    for n_choices in (2, 3, 5, 304, 50_257):
        m = math.log(n_choices)
        floor = m * random.uniform(0.1, 0.3)
        for share in (0.5, 0.93, 1.1):
            yield share * floor, n_choices, floor
        for share in (0.6, 0.8, 0.9, 0.97, 0.99, 1.005, 1.1, 1.19, 1.21, 1.3):
            yield share * m, n_choices, floor
        for distance in (-0.00009, 0.00009, random.uniform(-0.00008, 0.00008)):
            yield m + distance, n_choices, floor
        yield m + 0.001, n_choices, floor
    m = math.log(304)
    for loss in (0.98 * m, m + 0.0003, 1.2 * m):
        yield loss, 304, 0.5
    yield 0.9, 304, 1.0
    yield 1.2, 304, 1.0
