"""Hidden inputs of the transformer chapter: for each exercise, tuples of arguments, drawn by ``random``."""

import math
from collections.abc import Callable, Iterator
from random import Random

import torch
from torch import Tensor


def numbers(random: Random, n: int) -> list[float]:
    return [random.uniform(-2, 2) for _ in range(n)]


def turned_score(random: Random) -> Iterator[tuple]:
    found = 0
    while found < 24:
        q, k = (tuple(numbers(random, 2)) for _ in range(2))
        m, n = random.choice([(0, 1), (1, 0), (1, 1)])
        m, n = m * random.randint(1, 20), n * random.randint(1, 20)
        theta = random.choice([1.0, random.uniform(0.01, 0.9)])
        angle = math.atan2(*q) - math.atan2(*k) - (m - n) * theta
        if abs(math.cos(angle)) > 0.2:  # a product near 0 is lost in float32
            found += 1
            yield (q, k, m, n) if theta == 1.0 else (q, k, m, n, theta)
    yield (1.0, 0.5), (-0.5, 2.0), 2, 7


def count_gpt(random: Random) -> Iterator[tuple]:
    for L in (0, 1, 2, 12, 48):
        yield (
            random.randint(50, 60_000),
            random.randint(16, 2048),
            L,
            random.randint(8, 1600),
        )
        yield (
            random.randint(50, 60_000),
            random.randint(16, 2048),
            L,
            random.randint(8, 1600),
            False,
        )
    yield random.randint(50, 99), random.randint(16, 48), 3, random.randint(8, 16), True


def block_weights(C: int, draw: Callable[..., Tensor]) -> dict[str, Tensor]:
    sizes = {"qkv": (3 * C, C), "output": (C, C), "up": (4 * C, C), "down": (C, 4 * C)}
    w = {}
    for name, size in sizes.items():
        w |= {f"{name}.weight": draw(*size) / 3, f"{name}.bias": draw(size[0])}
    for name in ("norm_1", "norm_2"):
        w |= {f"{name}.weight": draw(C), f"{name}.bias": draw(C)}
    return w


def drawn(random: Random) -> Callable[..., Tensor]:
    """Random tensors of any shape."""
    generator = torch.Generator().manual_seed(random.randrange(2**31))
    return lambda *shape: torch.randn(*shape, generator=generator)


def with_positions(random: Random) -> Iterator[tuple]:
    draw = drawn(random)
    for B, T, C, more in ((1, 3, 2, 0), (2, 4, 3, 3), (3, 1, 4, 1), (2, 5, 5, 4)):
        yield draw(B, T, C), draw(T + more, C)
        start = random.randint(0, more)
        yield draw(B, T, C), draw(T + more, C), start
    yield draw(2, 1, 3), draw(9, 3), random.randint(2, 8)


def normalise(random: Random) -> Iterator[tuple]:
    draw = drawn(random)
    for shape in ((4,), (3, 5), (2, 3, 4), (1, 2, 2, 6)):
        C = shape[-1]
        yield draw(*shape) * 3 + 1, draw(C), draw(C)
        yield draw(*shape) / 500, draw(C), draw(C)
    yield torch.full((2, 4), random.uniform(1, 3)), torch.ones(4), draw(4)


def feed_forward(random: Random) -> Iterator[tuple]:
    draw = drawn(random)
    for shape in ((2,), (1, 3), (2, 3, 2), (2, 2, 4)):
        C = shape[-1]
        w = block_weights(C, draw)
        names = [
            f"{layer}.{kind}" for layer in ("up", "down") for kind in ("weight", "bias")
        ]
        yield draw(*shape), {name: w[name] for name in names}
        w["up.bias"], w["down.bias"] = torch.zeros(4 * C), torch.zeros(C)
        yield 2 * draw(*shape), {name: w[name] for name in names}


def block(random: Random) -> Iterator[tuple]:
    draw = drawn(random)
    for B, T, C, n_head in (
        (1, 1, 2, 1),
        (1, 3, 4, 1),
        (2, 3, 4, 2),
        (1, 4, 4, 4),
        (2, 2, 6, 3),
    ):
        yield draw(B, T, C), block_weights(C, draw), n_head


def gpt(random: Random) -> Iterator[tuple]:
    draw = drawn(random)
    for B, T, C, n_head, L in (
        (1, 2, 2, 1, 0),
        (1, 3, 4, 2, 1),
        (2, 3, 4, 1, 2),
        (1, 4, 4, 4, 3),
    ):
        V = 5
        ids = torch.tensor([[random.randrange(V) for _ in range(T)] for _ in range(B)])
        w = {
            "embed": draw(V, C),
            "position": draw(T + 2, C),
            "blocks": [block_weights(C, draw) for _ in range(L)],
            "norm.weight": draw(C),
            "norm.bias": draw(C),
        }
        yield ids, w, n_head
