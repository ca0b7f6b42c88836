"""Hidden inputs of the pre-training chapter: for each exercise, tuples of arguments, drawn by ``random``."""

from collections.abc import Iterator
from random import Random

import torch
from torch import Tensor

from lmlib.classroom.given import Code


def _draw(random: Random, *shape: int) -> Tensor:
    return torch.randn(
        shape, generator=torch.Generator().manual_seed(random.randrange(2**31))
    )


def shifted(random: Random) -> Iterator[tuple]:
    generator = torch.Generator().manual_seed(random.randrange(2**31))
    for B, T in ((1, 5), (2, 4), (3, 3), (4, 2), (5, 9)):
        yield (torch.randint(0, 50, (B, T), generator=generator),)


def clipped(random: Random) -> Iterator[tuple]:
    for shapes in ([(3,)], [(2, 3), (4,)], [(5,), (2, 2), (1,)]):
        for longest in (0.5, 1.0, 100.0):
            yield [_draw(random, *shape) for shape in shapes], longest
    yield [torch.zeros(3), torch.zeros(2, 2)], 1.0
    yield [torch.tensor([6.0, 0.0]), torch.tensor([[8.0]])], 5.0
    yield [0.1 * _draw(random, 2, 2)], 1.0


def adam_step(random: Random) -> Iterator[tuple]:
    for t in (1, 2, 7, 400):
        p, g, m, v = (_draw(random, 2, 3) for _ in range(4))
        yield p, g, m, v**2 + 0.1, t, random.uniform(0.001, 0.1)
        yield p, g, torch.zeros(2, 3), torch.zeros(2, 3), t, 0.1
    yield _draw(random, 3), torch.zeros(3), torch.zeros(3), torch.zeros(3), 1, 0.1
    yield torch.zeros(1), torch.tensor([1e-8]), torch.zeros(1), torch.zeros(1), 1, 1.0


def training_step(random: Random) -> Iterator[tuple]:
    for t in (1, 2, 30):
        for loss in (
            "lambda ps: sum((p**2).sum() for p in ps)",
            "lambda ps: 0.05 * (ps[0].sum() - 1) ** 2 + 0.1 * ps[-1].sum()",
            "lambda ps: (ps[0].sum() * ps[-1].sum()).exp()",
        ):
            parameters = [0.3 * _draw(random, 2, 2), 0.3 * _draw(random, 3)]
            means = [
                (0.1 * _draw(random, *p.shape), 0.1 + _draw(random, *p.shape) ** 2)
                for p in parameters
            ]
            empty = [(torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]
            yield (
                Code(loss),
                parameters,
                empty if t == 1 else means,
                t,
                random.uniform(0.01, 0.1),
            )


def masked_pairs(random: Random) -> Iterator[tuple]:
    for n in (1, 3, 5, 8, 12):
        tokens = [random.randrange(4, 9) for _ in range(n)]
        yield tokens, set(random.sample(range(n), random.randint(1, n))), 3
    yield [7, 7, 7, 5], {1}, 2
    yield [7, 6, 5], set(), 2
    yield [4, 3, 6, 3, 5], {0, 4}, 3  # a token that is the mask is not asked for that
    yield [random.randint(4, 9), 3, 6, 3], {0, 3}, 3  # and is asked where it is hidden
    yield [random.randint(4, 9), 0, 5, 0], {1, 2}, 3  # 0 is an id
    yield [5, random.randint(6, 9), 5], {0, 1, 2}, 3


def schedule(random: Random) -> Iterator[tuple]:
    for warmup in (0, 1, 4, 30):
        steps, highest = warmup + random.randint(20, 200), random.uniform(1e-4, 1e-2)
        for t in {
            0,
            1,
            warmup - 1,
            warmup,
            warmup + 1,
            (warmup + steps) // 2,
            steps - 1,
            steps,
        }:
            if t >= 0:
                yield t, highest, warmup, steps


def read_the_log(random: Random) -> Iterator[tuple]:
    for n in (1, 2, 4, 8):
        for low in (0.45, 0.52, 0.6):
            log = [
                (50 * (i + 1), random.uniform(0.1, 2), low * random.uniform(1, 1.1))
                for i in range(n)
            ]
            yield log, 0.55
    a, b, c = sorted(random.sample(range(1, 99), 3))
    yield [(a, 2.0, 2.1), (b, 0.9, 1.2), (c, 0.3, 1.6)], 0.55
    yield [(a, 0.6, 0.4), (b, 0.6, 0.7)], 0.55
    yield [(a, 0.9, 0.8), (b, 0.6, 0.53), (c, 0.6, 0.55)], 0.55
    yield [(a, 0.9, 0.8), (b, 0.8, 0.75)], 0.55
    yield [(a, 0.7, 0.6), (b, 0.2, 0.61)], 0.55
    yield [(a, 0.9, 0.6), (b, 0.8, 0.6)], 0.55
    yield [(a, 0.9, 0.6), (b, 0.5, 0.62), (c, 0.3, 0.64)], 0.55
    scale = 2.0 ** random.randint(-2, 2)  # by which no number is rounded
    yield [(a, 3 * scale, 2 * scale), (b, scale, 0.9 * scale)], scale  # on the edge
    yield [(a, 3 * scale, 2 * scale), (b, scale, 2.1 * scale)], scale
    yield [(a, 0.9, 0.6), (b, 0.8, 0.45), (c, 0.7, 0.46)], 0.55  # leaks in the end
    yield [(a, 0.9, 0.48), (b, 0.8, 0.45), (c, 0.7, 0.8)], 0.55  # and at all times
    yield [(a, 0.9, 0.6), (b, 0.8, 1.1), (c, 0.7, 1.12)], 0.55
    yield [(a, 0.9, 0.6), (b, 0.8, 0.9), (c, 0.7, 0.58)], 0.55  # rises and falls
    yield [(a, 0.9, 0.6)], 0.55
