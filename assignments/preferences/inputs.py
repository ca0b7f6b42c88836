"""Hidden inputs of the chapter on preferences: for each exercise, tuples of arguments, drawn by ``random``."""

from collections.abc import Iterator
from random import Random


def bradley_terry(random: Random) -> Iterator[tuple]:
    for n in (1, 2, 3, 5, 8):
        reward = random.uniform(-3, 3)
        yield reward, [random.uniform(-3, 3) for _ in range(n)]
    yield random.uniform(-9, 9), []
    same = random.uniform(-3, 3)
    yield same, [same] * random.randint(2, 5)


def best_policy(random: Random) -> Iterator[tuple]:
    for n in (2, 3, 4, 7):
        weights = [random.uniform(0.1, 1) for _ in range(n)]
        probs = [weight / sum(weights) for weight in weights]
        yield probs, [random.uniform(-3, 3) for _ in range(n)], random.uniform(0.3, 3)
    yield [0.0, 0.4, 0.6], [9.0, 1.0, random.uniform(-1, 1)], random.uniform(0.5, 2)
    yield [0.3, 0.7], [random.uniform(-3, 3)] * 2, random.uniform(0.2, 2)
    yield [0.5, 0.5], [1.0, 2.0], 0.0
    yield [0.5, 0.5], [1.0, 2.0], -random.uniform(0.1, 3)


def best_of_n(random: Random) -> Iterator[tuple]:
    for size in (2, 3, 4, 6):
        weights = [random.uniform(0.1, 1) for _ in range(size)]
        probs = [weight / sum(weights) for weight in weights]
        rewards = sorted(random.sample(range(-9, 9), size))
        for n in (1, random.randint(2, 4), random.randint(5, 12)):
            yield probs, [float(r) for r in rewards], n
    yield [1.0], [random.uniform(-3, 3)], random.randint(2, 9)


def pair_loss(random: Random) -> Iterator[tuple]:
    for _ in range(8):
        yield random.uniform(-4, 4), random.uniform(-4, 4)
    same = random.uniform(-9, 9)
    yield same, same


def dpo_loss(random: Random) -> Iterator[tuple]:
    for _ in range(8):
        before = random.uniform(-60, -40), random.uniform(-60, -40)
        now = [log + random.uniform(-4, 4) for log in before]
        yield tuple(now), before, random.uniform(0.1, 1.5)
    yield before, before, random.uniform(0.1, 1.5)


def share_of_the_best(random: Random) -> Iterator[tuple]:
    for _ in range(8):
        before, beta = random.uniform(-2, 2), random.uniform(0.3, 3)
        log_z = (before + random.uniform(0.5, 3)) / beta
        yield before, before + random.uniform(-1, 3), random.uniform(0, 2), beta, log_z
    yield 1.0, 1.0, 0.0, 2.0, 1.5
