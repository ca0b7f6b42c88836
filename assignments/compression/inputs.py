"""Hidden inputs of the chapter on compression: for each exercise, tuples of arguments, drawn by ``random``."""

from collections.abc import Iterator
from random import Random


def some_weights(random: Random, n: int) -> list[float]:
    """Halves and quarters, which no float rounds."""
    return [random.randrange(-40, 41) / 4 for _ in range(n)]


def prune(random: Random) -> Iterator[tuple]:
    for n in range(1, 10):
        yield some_weights(random, n), random.randrange(0, n + 1)
    yield [random.choice([-1.5, 1.5]) for _ in range(6)], 3
    yield [0.0, 2.0, 0.0, -1.0], 3
    yield some_weights(random, 5), 0


def round_row(random: Random) -> Iterator[tuple]:
    for bits in (2, 3, 4, 5, 8):
        most = 2 ** (bits - 1) - 1
        for scale in (0.25, 0.5, 2.0):
            steps = [random.randrange(-most, most + 1) for _ in range(4)]
            # No weight is half a step away from two codes.
            row = [scale * (step + random.choice([-0.25, 0.125, 0.25])) for step in steps]
            top = scale * most * random.choice([-1, 1])
            row = [max(-abs(top), min(abs(top), w)) for w in row]
            row.insert(random.randrange(5), top)
            yield row, bits
    yield [0.0] * random.randrange(1, 5), 4


def file_bytes(random: Random) -> Iterator[tuple]:
    for bits in (2, 3, 4, 5, 8):
        shared = random.choice([2, 4, 8])
        columns = shared * random.randrange(1, 7)
        for kind in ("tensor", "row", shared):
            yield random.randrange(1, 9), columns, bits, kind, random.random() < 0.5
    yield 3, 7, 3, "row", True
    yield 5, 3, 2, "tensor", False
    yield 192, 576, 4, 32, True


def pack_codes(random: Random) -> Iterator[tuple]:
    for bits in range(1, 9):
        n = random.randrange(1, 12)
        yield [random.randrange(2**bits) for _ in range(n)], bits
    yield [7] * 9, 3
    yield [], 3
    yield [0, 0, 0, 1], 5
