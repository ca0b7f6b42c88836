"""Hidden inputs of the chapter on scale: for each exercise, tuples of arguments, drawn by ``random``."""

from collections.abc import Iterator
from random import Random

import torch
from torch import Tensor

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


def drawn(random: Random, low: float, high: float, n: int) -> Tensor:
    return torch.tensor([10 ** random.uniform(low, high) for _ in range(n)])


def training_work(random: Random) -> Iterator[tuple]:
    for n in (1, 2, 3, 5):
        layers = torch.tensor([float(random.randint(1, 96)) for _ in range(n)])
        yield layers, drawn(random, 1, 4, n), drawn(random, 6, 12, n)
    yield torch.tensor([96.0]), torch.tensor([12_288.0]), torch.tensor([300e9])


def exponent(random: Random) -> Iterator[tuple]:
    for n in (3, 4, 7):
        x = drawn(random, 0, 4, n)
        noise = torch.tensor([random.uniform(0.5, 2) for _ in range(n)])
        yield x, 3 * x ** -random.uniform(0.5, 1.5) * noise
        yield x, 2 * x ** random.uniform(0.5, 1.5) * noise
    yield torch.tensor([1.0, 4.0]), torch.tensor([1.0, 0.5])
    yield torch.tensor([1.0, 1.0, 4.0, 4.0, 9.0]), drawn(random, -1, 1, 5)


def valley(random: Random) -> Iterator[tuple]:
    for n in (1, 3, 6):
        law = tuple(
            random.uniform(*ends)
            for ends in [(0, 2), (50, 500), (0.2, 0.6), (50, 500), (0.2, 0.6)]
        )
        yield 10 ** random.uniform(9, 14), drawn(random, 2, 5, n), law
    yield 6e6, torch.tensor([10.0, 100.0]), (1.0, 5.0, 1.0, 0.0, 0.5)
    yield 6e6, torch.tensor([10.0, 100.0]), (1.0, 0.0, 1.0, 50.0, 0.5)
