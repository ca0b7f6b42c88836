"""Hidden inputs of the embeddings chapter: for each exercise, tuples of arguments, drawn by ``random``."""

from collections.abc import Iterator
from random import Random

import torch


def cosine(random: Random) -> Iterator[tuple]:
    for n in (1, 2, 3, 5, 8, 13):
        u, v = ([random.uniform(-3, 3) for _ in range(n)] for _ in range(2))
        yield u, v
    u = [random.uniform(0.5, 3) for _ in range(4)]
    yield u, [-random.uniform(1, 2) * x for x in u]
    yield u, [0.0] * 4
    yield [0.0] * 4, u
    yield [1.0, -1.0], [2.0, 1.0]  # adds up to 0
    yield [0.0, 1.0, 2.0], [1.0, 0.0, 3.0]
    size = random.uniform(1, 9) * 1e-5
    yield [size * x for x in u], [size * random.uniform(-1, 1) for _ in u]
    yield [0.0] * 3, [0.0] * 3
    yield [0.0], [random.uniform(1, 2)]
    yield [random.uniform(1, 2)] * 5, [0.0] * 5


def negative_sampling(random: Random) -> Iterator[tuple]:
    for n in (0, 1, 2, 3, 5, 8):
        yield random.uniform(-3, 3), [random.uniform(-3, 3) for _ in range(n)]
    far = random.uniform(800, 2000)
    yield far, [-far, -2 * far]
    yield -far, [far, 2 * far]
    yield far, [far, 0.0]
    yield 0.0, [0.0]
    yield -far, []
    yield random.uniform(-60, -40), [random.uniform(40, 60)]


def drawn(random: Random, *shape: int) -> torch.Tensor:
    """Numbers for a table."""
    generator = torch.Generator().manual_seed(random.randrange(2**31))
    return torch.randn(shape, generator=generator)


def look_up(random: Random) -> Iterator[tuple]:
    for B, T, V, C in (
        (1, 1, 2, 3),
        (2, 3, 4, 2),
        (3, 2, 5, 5),
        (1, 6, 3, 1),
        (4, 4, 4, 4),
    ):
        ids = torch.tensor([[random.randrange(V) for _ in range(T)] for _ in range(B)])
        yield ids, drawn(random, V, C)


def word_scores(random: Random) -> Iterator[tuple]:
    for B, T, V, C in (
        (1, 1, 2, 3),
        (2, 3, 4, 2),
        (3, 2, 5, 5),
        (1, 6, 3, 1),
        (4, 4, 4, 4),
    ):
        yield drawn(random, B, T, C), drawn(random, V, C)


def two_layers(random: Random) -> Iterator[tuple]:
    for N, C, H, D in (
        (1, 1, 2, 1),
        (3, 2, 4, 2),
        (2, 3, 3, 3),
        (4, 4, 4, 4),
        (5, 2, 1, 3),
    ):
        first, second = drawn(random, C, H), drawn(random, H, D)
        yield drawn(random, N, C), first, drawn(random, H), second, drawn(random, D)
