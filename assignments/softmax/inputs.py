"""Hidden inputs of the softmax chapter: for each exercise, tuples of arguments, drawn by ``random``."""

from collections.abc import Iterator
from random import Random


def probabilities(random: Random, n: int, zeros: int = 0) -> list[float]:
    """``n`` of them, of which some are 0."""
    parts = [random.uniform(0.05, 1) for _ in range(n - zeros)] + [0.0] * zeros
    random.shuffle(parts)
    return [part / sum(parts) for part in parts]


def reheat(random: Random) -> Iterator[tuple]:
    for n in range(2, 10):
        yield probabilities(random, n), random.choice([0.25, 0.5, 0.8, 1.0, 1.5, 3.0])
    for temperature in (0.4, 2.5):
        yield probabilities(random, 6, zeros=2), temperature
        yield [0.94, 0.05, 0.01], temperature
        yield [0.01, 0.99], temperature
    yield [0.3, 0.25, 0.25, 0.2], 0.001
    yield [0.1, 0.45, 0.45], 0.001
    yield [1.0], 2.0


def loss_in_bits(random: Random) -> Iterator[tuple]:
    for n in range(1, 9):
        logits = [random.uniform(-5, 5) for _ in range(n)]
        yield logits, random.randrange(n)
    for low, high in ((3960, 4000), (-4000, -3960)):  # quarters: float32 has them
        quarters = [random.randrange(low, high) / 4 for _ in range(5)]
        yield quarters, random.randrange(5)
    yield [1000.0, -1000.0, 0.0], random.choice([1, 2])
    yield [-1000.0, 1000.0, 0.0], random.choice([0, 2])


def fits(random: Random) -> Iterator[tuple]:
    for total in (40, 100, 400, 1000, 5000):
        probs = probabilities(random, random.randint(3, 7))
        counts = [round(total * p * random.uniform(0.7, 1.3)) for p in probs]
        yield counts, probs
    # 100 draws of probability 1/2: the edge is 10 away, exactly.
    yield [60, 40], [0.5, 0.5]
    yield [0, 40], [0.5, 0.5]
    yield [20, 20, 60], [0.2, 0.5, 0.3]  # the same count twice
    yield [23, 52, 25], [0.15, 0.5, 0.35]  # just outside the ranges
    yield [0, 3], [0.5, 0.5]
    yield [61, 39], [0.5, 0.5]
    yield [37, 63], [0.5, 0.5]
    yield [100 - (n := random.randint(1, 9)), n], [1.0, 0.0]
    yield [random.randint(10, 90), 0], [1.0, 0.0]


def nucleus(random: Random) -> Iterator[tuple]:
    for n in range(2, 10):
        yield probabilities(random, n), random.uniform(0.2, 0.95)
    # Sixteenths add up exactly, so that a sum can reach p without any rounding.
    parts = random.sample([0.5, 0.25, 0.125, 0.0625, 0.0625], 5)
    yield parts, 0.75
    yield parts, 0.8
    yield parts, 0.9375
    yield [0.25] * 4, random.choice([0.25, 0.5, 0.75])
    yield parts, 1.0
    yield random.sample([0.5, 0.25, 0.25, 0.0], 4), 1.0  # 0 adds nothing
    yield [0.9, 0.1], random.uniform(0.1, 0.8)
