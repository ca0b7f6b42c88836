"""Hidden inputs of the translation chapter: for each exercise, tuples of arguments, drawn by ``random``."""

from collections.abc import Iterator
from random import Random

import torch
from torch import Tensor

WORDS = [
    "le",
    "la",
    "chien",
    "vache",
    "petit",
    "grande",
    "blanc",
    "voit",
    "aime",
    "table",
]


def drawing(random: Random) -> torch.Generator:
    return torch.Generator().manual_seed(random.randrange(2**32))


def read_through(random: Random) -> Iterator[tuple]:
    draw = drawing(random)
    for T, C, D in [(1, 2, 3), (2, 3, 2), (3, 1, 4), (5, 4, 4), (7, 2, 5), (4, 3, 3)]:
        shapes = [(T, C), (C, D), (D, D)]
        yield tuple(0.6 * torch.randn(shape, generator=draw) for shape in shapes)


def look_across(random: Random) -> Iterator[tuple]:
    draw = drawing(random)
    for T, S, C, d_k, D in [
        (1, 3, 2, 2, 2),
        (3, 3, 4, 4, 4),
        (4, 2, 3, 1, 5),
        (2, 6, 4, 3, 1),
        (5, 1, 2, 2, 3),
    ]:
        shapes = [(T, C), (S, C), (C, d_k), (C, d_k), (C, D)]
        yield tuple(torch.randn(shape, generator=draw) for shape in shapes)


def matrices(draw: torch.Generator, C: int) -> dict[str, Tensor]:
    shapes = {"query": (C, C), "key_value": (C, 2 * C), "output": (C, C)}
    return {
        name: 0.7 * torch.randn(shape, generator=draw) for name, shape in shapes.items()
    }


def cross_heads(random: Random) -> Iterator[tuple]:
    draw = drawing(random)
    for B, T, S, C, n_head in [
        (1, 2, 3, 4, 2),
        (2, 3, 2, 4, 1),
        (2, 1, 4, 6, 3),
        (1, 4, 4, 4, 4),
    ]:
        x = torch.randn(B, T, C, generator=draw)
        memory = torch.randn(B, S, C, generator=draw)
        yield x, memory, matrices(draw, C), n_head


def may_see(random: Random) -> Iterator[tuple]:
    yield 0, random.randint(2, 5)
    yield random.randint(2, 5), 0
    yield 1, 1
    for _ in range(6):
        yield random.randint(1, 6), random.randint(1, 6)


def floor_without_source(random: Random) -> Iterator[tuple]:
    yield (["oui"],)
    yield (["non merci"] * random.randint(2, 5),)
    for kinds, size in [(2, 5), (3, 9), (4, 12), (5, 5), (6, 20)]:
        texts = {
            " ".join(random.choices(WORDS, k=random.randint(1, 6)))
            for _ in range(kinds)
        }
        some = sorted(texts)
        yield (some + random.choices(some, k=max(0, size - len(some))),)
