"""Hidden inputs of the primer on tensors: for each exercise, tuples of arguments, drawn by ``random``."""

from collections.abc import Iterator
from random import Random

import torch

from lmlib.classroom.values import Code


def numbers(random: Random, *shape: int) -> torch.Tensor:
    """A tensor of numbers between -3 and 3."""
    generator = torch.Generator().manual_seed(random.randrange(10**6))
    return (6 * torch.rand(*shape, generator=generator) - 3).round(decimals=2)


def last_vectors(random: Random) -> Iterator[tuple]:
    for B, T, C in ((1, 1, 1), (1, 4, 3), (3, 3, 3), (2, 5, 1), (4, 2, 3), (2, 6, 4)):
        yield (numbers(random, B, T, C),)


def pick_targets(random: Random) -> Iterator[tuple]:
    for N, V in ((1, 1), (1, 5), (4, 4), (6, 2), (3, 7)):
        places = [random.randrange(V) for _ in range(N)]
        yield numbers(random, N, V), torch.tensor(places)
    yield numbers(random, 3, 3), torch.tensor([2, 2, 0])


def centred_rows(random: Random) -> Iterator[tuple]:
    for shape in ((4,), (1, 1), (3, 3), (2, 5), (2, 3, 4), (3, 3, 3), (2, 1, 2, 3)):
        yield (numbers(random, *shape),)


def dot_products(random: Random) -> Iterator[tuple]:
    for T, S, D in ((1, 1, 1), (2, 2, 2), (3, 3, 3), (4, 2, 3), (1, 5, 2)):
        yield numbers(random, T, D), numbers(random, S, D)
    yield numbers(random, 3, 2, 4), numbers(random, 3, 5, 4)
    yield numbers(random, 2, 2, 2, 2), numbers(random, 2, 2, 2, 2)


def pieces(random: Random) -> Iterator[tuple]:
    for T, n, D in ((1, 1, 1), (3, 1, 4), (1, 4, 2), (3, 3, 3), (4, 2, 3), (2, 5, 1)):
        yield numbers(random, T, n * D), n


def running_means(random: Random) -> Iterator[tuple]:
    for T, C in ((1, 1), (1, 4), (3, 3), (5, 2), (2, 5), (7, 1)):
        yield (numbers(random, T, C),)


def swap_halves(random: Random) -> Iterator[tuple]:
    for shape in ((2,), (8,), (1, 4), (4, 4), (3, 2), (2, 2, 2), (2, 3, 6)):
        yield (numbers(random, *shape),)


def downhill(random: Random) -> Iterator[tuple]:
    for code in (
        "lambda x: (x**2).sum()",
        "lambda x: (x**3).sum() / 3",
        "lambda x: x.exp().sum()",
        "lambda x: (x[0] * x[1]).sum()",
        "lambda x: (x - 1).abs().sum()",
    ):
        yield Code(code), numbers(random, 3), round(random.uniform(0.05, 0.9), 2)
    yield Code("lambda x: (x * x.detach()).sum()"), numbers(random, 2, 3), 1.0
    yield Code("lambda x: x[0, 0] * x[1, 2]"), numbers(random, 2, 3), 2.0
