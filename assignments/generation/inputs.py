"""Hidden inputs of the generation chapter: for each exercise, tuples of arguments, drawn by ``random``."""

import math
from collections.abc import Iterator
from random import Random

import torch

from lmlib.classroom.values import Code, Table
from lmlib.workshop.samples import block_weights, draw

WORDS = ["he", "she", "it", "fox", "crow", "ran", "sang", "slept", "fell", "hid"]


def distribution(random: Random, n: int) -> dict[str, float]:
    """``n`` words and their probabilities."""
    parts = [random.uniform(0.05, 1) for _ in range(n)]
    return {
        word: part / sum(parts)
        for word, part in zip(random.sample(WORDS, n), parts, strict=True)
    }


def sampling_probs(random: Random) -> Iterator[tuple]:
    for B, V, k in ((1, 1, 1), (1, 6, 6), (2, 5, 3), (3, 8, 2), (4, 4, 1), (2, 7, 5)):
        logits = 3 * draw(B, V, seed=random.randrange(10**6))
        yield logits, random.choice([0.5, 0.8, 1.0, 1.5, 2.0]), k
    yield torch.tensor([[1000.0, 999.0, -1000.0], [0.0, 5.0, 1.0]]), 2.0, 2


SEEN = "lambda ids, table=torch.tensor({table}): table[ids[:, -1]] + 0.1 * ids.sum(1, keepdim=True) * torch.arange({V})"


def write(random: Random) -> Iterator[tuple]:
    for B, T, n, V, k in (
        (1, 1, 6, 3, 3),
        (2, 3, 5, 4, 2),
        (3, 2, 4, 5, 5),
        (1, 4, 1, 4, 3),
    ):
        table = draw(V, V, seed=random.randrange(10**6)).tolist()
        rows = [[random.randrange(V) for _ in range(T)] for _ in range(B)]
        temperature, seed = random.choice([0.7, 1.0, 1.5]), random.randrange(100)
        code = Code(SEEN.format(table=table, V=V))
        yield code, torch.tensor(rows), n, temperature, k, seed
    yield (
        Code("lambda ids: 9.0 * torch.eye(7)[ids.sum(1) % 7]"),
        torch.tensor([[3], [5]]),
        6,
        1.0,
        1,
        0,
    )


def cached_heads(random: Random) -> Iterator[tuple]:
    for B, C, n_head, S in ((1, 2, 1, 0), (1, 4, 2, 3), (2, 4, 4, 2), (2, 6, 3, 4)):
        first = random.randrange(10**6)
        past = tuple(draw(B, n_head, S, C // n_head, seed=first + i) for i in (1, 2))
        weights = block_weights(C, seed=first + 3)
        names = ("qkv.weight", "qkv.bias", "output.weight", "output.bias")
        w = {name: weights[name] for name in names}
        yield draw(B, 1, C, seed=first), w, n_head, past


def shares(random: Random, n: int, zeros: int = 0) -> list[float]:
    """``n`` of them, of which some are 0."""
    parts = [random.uniform(0.05, 1) for _ in range(n - zeros)] + [0.0] * zeros
    random.shuffle(parts)
    return [part / sum(parts) for part in parts]


def nucleus(random: Random) -> Iterator[tuple]:
    for n in range(2, 10):
        yield shares(random, n), random.uniform(0.2, 0.95)
    # Sixteenths add up exactly, so that a sum can reach p without any rounding.
    parts = random.sample([0.5, 0.25, 0.125, 0.0625, 0.0625], 5)
    yield parts, 0.75
    yield parts, 0.8
    yield parts, 0.9375
    yield [0.25] * 4, random.choice([0.25, 0.5, 0.75])
    yield parts, 1.0
    yield random.sample([0.5, 0.25, 0.25, 0.0], 4), 1.0  # 0 adds nothing
    yield [0.9, 0.1], random.uniform(0.1, 0.8)


def beam_step(random: Random) -> Iterator[tuple]:
    for n in (1, 2, 3, 4):
        texts = [tuple(random.sample(WORDS, 2)) for _ in range(n)]
        candidates = [
            (text, math.log(random.uniform(0.01, 0.9))) for text in dict.fromkeys(texts)
        ]
        after = Table(
            {text: distribution(random, random.randint(2, 5)) for text in texts}
        )
        for beams in (1, 2, 3, 8):
            yield candidates, after, beams
    a, b, c = random.sample(WORDS, 3)
    yield [((), 0.0)], Table({(): {a: 0.7, b: 0.0, c: 0.3}}), 3
    yield [((a,), 0.0)], Table({(a,): {b: 0.1, c: 0.9}}), 5
    yield [((a,), 0.0), ((b,), -0.1)], Table({(a,): {c: 1.0}, (b,): {c: 1.0}}), 2


def cache_fits(random: Random) -> Iterator[tuple]:
    for _ in range(10):
        shared = random.choice([1, 2, 4])
        kept, d_head = random.choice([1, 4, 8]), random.choice([32, 64, 128])
        tokens, each = random.randint(100, 3000), random.choice([1, 2, 4])
        yield (
            random.uniform(4e9, 8e10),
            random.randint(2, 48),
            shared * kept,
            kept,
            d_head,
            tokens,
            each,
        )
    one = 2 * 3 * 4 * 8 * 10 * 2
    yield one * 7.0, 3, 4, 4, 8, 10, 2  # seven fit exactly
    yield one * 7.9, 3, 4, 4, 8, 10, 2
    yield one * 0.9, 3, 4, 4, 8, 10, 2
