"""Hidden inputs of the softmax chapter: for each exercise, tuples of arguments, drawn by ``random``."""

from collections.abc import Iterator
from random import Random

import torch


def some_probabilities(random: Random, n: int, zeros: int = 0) -> list[float]:
    """``n`` of them, of which some are 0."""
    parts = [random.uniform(0.05, 1) for _ in range(n - zeros)] + [0.0] * zeros
    random.shuffle(parts)
    return [part / sum(parts) for part in parts]


def reheat(random: Random) -> Iterator[tuple]:
    for n in range(2, 10):
        yield (
            some_probabilities(random, n),
            random.choice([0.25, 0.5, 0.8, 1.0, 1.5, 3.0]),
        )
    for temperature in (0.4, 2.5):
        yield some_probabilities(random, 6, zeros=2), temperature
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


def drawn(random: Random, *shape: int) -> torch.Tensor:
    """Logits."""
    generator = torch.Generator().manual_seed(random.randrange(2**31))
    return torch.randn(shape, generator=generator) * 2


def ids(random: Random, n: int, below: int) -> torch.Tensor:
    """``n`` targets."""
    return torch.tensor([random.randrange(below) for _ in range(n)])


def probabilities(random: Random) -> Iterator[tuple]:
    for shape in ((3,), (7,), (2, 5), (4, 4), (2, 3, 4), (2, 2, 2), (1, 1)):
        yield (drawn(random, *shape),)
    large = drawn(random, 3, 4)
    yield (large + torch.tensor([[100.0], [-100.0], [0.0]]),)
    yield (drawn(random, 2, 3, 3).tril() + torch.full((3, 3), -torch.inf).triu(1),)


def next_word_loss(random: Random) -> Iterator[tuple]:
    for n, words in ((1, 3), (2, 3), (4, 4), (5, 2), (3, 9), (8, 8)):
        yield drawn(random, n, words), ids(random, n, words)
    yield drawn(random, 3, 4) + 100, ids(random, 3, 4)
    yield drawn(random, 2, 5) * 100, torch.tensor([0, 4])


def perplexity(random: Random) -> Iterator[tuple]:
    for n in (1, 2, 5, 9):
        yield (torch.tensor([random.uniform(0.01, 1) for _ in range(n)]),)
    yield (torch.tensor([random.uniform(0.001, 0.01) for _ in range(90)]),)
    yield (torch.full((40,), 1 / random.randrange(20, 400)),)
    yield (torch.tensor([random.random(), 0.0]),)


def loss_slope(random: Random) -> Iterator[tuple]:
    for n, words in ((1, 3), (2, 3), (3, 3), (5, 4), (2, 8)):
        yield drawn(random, n, words), ids(random, n, words)
    yield drawn(random, 3, 4) + 100, ids(random, 3, 4)
