"""Hidden inputs of the fine-tuning chapter: for each exercise, tuples of arguments, drawn by ``random``."""

import math
from collections.abc import Iterator
from random import Random

import torch


def numbers(random: Random, *shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(random.randrange(2**31))
    return torch.randn(*shape, generator=generator)


def classify(random: Random) -> Iterator[tuple]:
    for B, T, C, K in (
        (1, 1, 1, 2),
        (2, 3, 4, 2),
        (3, 5, 2, 6),
        (4, 4, 4, 4),
        (5, 2, 3, 3),
    ):
        x, weight, bias = (
            numbers(random, B, T, C),
            numbers(random, K, C),
            numbers(random, K),
        )
        for last in ([random.randrange(T) for _ in range(B)], [0] * B, [T - 1] * B):
            yield x, torch.tensor(last), weight, bias


def answer_targets(random: Random) -> Iterator[tuple]:
    for B, T in ((1, 1), (1, 4), (2, 3), (3, 7), (4, 4)):
        ids = [[random.randrange(300) for _ in range(T + 1)] for _ in range(B)]
        for length in sorted({1, random.randint(1, T), T}):
            yield torch.tensor(ids), length
    yield torch.tensor([[4, 5, 4, 5, 4]]), 1  # the answer stands in the question too
    yield torch.tensor([[random.randint(1, 9), 0, 0]]), 1  # 0 is an id
    yield torch.tensor([[random.randint(1, 4), 5, 7, 7]]), 2  # an id twice


def lora_linear(random: Random) -> Iterator[tuple]:
    for shape, out, r in (
        ((3,), 2, 1),
        ((4, 3), 5, 2),
        ((2, 3, 4), 4, 4),
        ((1, 2, 2), 2, 1),
    ):
        into = shape[-1]
        w, b, down = (
            numbers(random, out, into),
            numbers(random, out),
            numbers(random, r, into),
        )
        for up in (numbers(random, out, r), torch.zeros(out, r)):
            yield (
                numbers(random, *shape),
                w,
                b,
                down,
                up,
                random.choice((0.5, 2.0, 4.0)),
            )
        yield numbers(random, *shape), w, torch.zeros(out), down, up + 1, 1.0


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
