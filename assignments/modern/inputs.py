"""Hidden inputs of the chapter on today's models: for each exercise, tuples of arguments, drawn by ``random``."""

import math
from collections.abc import Callable, Iterator
from random import Random

import torch
from torch import Tensor

from lmlib.classroom.values import Code


def drawn(random: Random) -> Callable[..., Tensor]:
    """Random tensors of any shape."""
    generator = torch.Generator().manual_seed(random.randrange(2**31))
    return lambda *shape: torch.randn(*shape, generator=generator)


def rms_norm(random: Random) -> Iterator[tuple]:
    draw = drawn(random)
    for shape in ((4,), (3, 5), (2, 3, 4), (1, 2, 2, 6)):
        yield draw(*shape) * 3 + 1, draw(shape[-1])
        yield draw(*shape) / 500, draw(shape[-1])
    yield torch.zeros(2, 4), draw(4)


def block_weights(
    C: int, keys: int, inside: int, draw: Callable[..., Tensor]
) -> dict[str, Tensor]:
    sizes = {"query": (C, C), "key": (keys, C), "value": (keys, C), "output": (C, C)}
    sizes |= {"gate": (inside, C), "up": (inside, C), "down": (C, inside)}
    return {f"{name}.weight": draw(*size) / 2 for name, size in sizes.items()}


def swiglu(random: Random) -> Iterator[tuple]:
    draw = drawn(random)
    for shape, inside in (((2,), 5), ((1, 3), 3), ((2, 3, 2), 2), ((2, 2, 4), 7)):
        yield draw(*shape), block_weights(shape[-1], shape[-1], inside, draw)
        yield 4 * draw(*shape), block_weights(shape[-1], shape[-1], inside, draw)


def turned(random: Random) -> Iterator[tuple]:
    draw = drawn(random)
    for B, H, T, D in ((1, 1, 3, 2), (2, 3, 4, 4), (1, 4, 2, 6), (2, 2, 2, 8)):
        base = random.choice([10.0, 500.0, 10_000.0, 100_000.0])
        yield draw(B, H, T, D), base
        yield draw(B, H, T, D), base, random.randint(1, 9)
    yield draw(1, 2, 1, 4), 100.0, random.randint(10, 20)


def grouped_heads(random: Random) -> Iterator[tuple]:
    draw = drawn(random)
    for B, T, H, G, D in (
        (1, 1, 2, 1, 2),
        (1, 3, 2, 2, 2),
        (2, 3, 4, 2, 2),
        (1, 4, 4, 1, 4),
        (2, 5, 6, 2, 2),
        (1, 3, 6, 3, 4),
    ):
        base = random.choice([10.0, 500.0, 10_000.0])
        yield draw(B, T, H * D), block_weights(H * D, G * D, 2, draw), H, G, base


def count_llama(random: Random) -> Iterator[tuple]:
    for L in (0, 1, 2, 12, 48):
        for tied in (True, False):
            G = random.choice([1, 2, 4, 8])
            yield (
                random.randint(50, 60_000),
                L,
                random.randint(8, 1600),
                G * random.choice([1, 2, 3]),
                G,
                random.choice([16, 64, 128]),
                random.randint(20, 5000),
                *(() if tied else (False,)),
            )
    yield random.randint(50, 99), 3, 60, 7, 7, 12, random.randint(8, 16), True


def mixture(random: Random) -> Iterator[tuple]:
    def line(slope: float, start: float) -> Code:
        return Code(f"lambda x: {slope!r} * x + {start!r}")

    for n, k in ((2, 1), (3, 2), (4, 2), (5, 5), (8, 3), (6, 1)):
        for far in (0.0, 900.0):
            # Eighths, which single precision knows exactly, also behind 900.
            logits = [far + random.randrange(-16, 17) / 8 for _ in range(n)]
            experts = [line(random.uniform(1, 3), random.uniform(1, 3)) for _ in logits]
            yield random.uniform(0.5, 3), logits, experts, k
    same = [1.5, 1.5, 0.5, 1.5]
    yield 2.0, same, [line(1.0, i**2) for i in range(4)], 2
    yield math.pi, [0.0, 1.0], [line(2.0, 0.0), line(-1.0, 9.0)], 2
