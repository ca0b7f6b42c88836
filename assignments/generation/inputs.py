"""Hidden inputs of the generation chapter: for each exercise, tuples of arguments, drawn by ``random``."""

import math
from collections.abc import Iterator
from random import Random

from lmlib.classroom.values import Table

WORDS = ["he", "she", "it", "fox", "crow", "ran", "sang", "slept", "fell", "hid"]


def distribution(random: Random, n: int) -> dict[str, float]:
    """``n`` words and their probabilities."""
    parts = [random.uniform(0.05, 1) for _ in range(n)]
    return {
        word: part / sum(parts)
        for word, part in zip(random.sample(WORDS, n), parts, strict=True)
    }


def best_path(random: Random) -> Iterator[tuple]:
    for n in (1, 2, 3, 5):
        for _ in range(3):
            first = distribution(random, n)
            yield (
                first,
                {
                    word: distribution(random, random.randint(1, 5))
                    for word in random.sample(list(first), n)
                },
            )
    a, b, c, d = random.sample(WORDS, 4)
    yield {a: 0.5, b: 0.5}, {a: {c: 0.5, d: 0.5}, b: {c: 0.5, d: 0.5}}  # all are equal
    yield (
        {a: 0.4, b: 0.35, c: 0.25},
        {a: {c: 0.5, d: 0.5}, b: {c: 0.9, d: 0.1}, c: {d: 1.0}},
    )
    yield (
        {a: 0.5, b: 0.5},
        {a: {c: 0.6, d: 0.4}, b: {c: 1.0}},
    )  # a product, not a sum or a first step
    yield (
        {a: 0.5, b: 0.3, c: 0.2},
        {a: {c: 0.5, d: 0.5}, b: {c: 0.6, d: 0.4}, c: {d: 1.0}},
    )
    yield {a: 0.0, b: 1.0}, {a: {c: 1.0}, b: {c: 0.4, d: 0.6}}
    # The third word leads to the best path, and a word may come twice.
    yield (
        {a: 0.4, b: 0.35, c: 0.25},
        {c: {d: 1.0}, b: {d: 0.6, a: 0.4}, a: {d: 0.5, b: 0.5}},
    )
    yield {a: 0.7, b: 0.3}, {b: {d: 1.0}, a: {c: 0.6, d: 0.4}}
    yield {a: 0.6, b: 0.4}, {a: {a: 0.9, b: 0.1}, b: {a: 1.0}}
    # Equal paths, where the first in the dictionaries is no first or last in the alphabet, or the likelier step.
    a, b, c, d = sorted((a, b, c, d))
    yield {b: 0.5, a: 0.5}, {b: {c: 0.5, d: 0.5}, a: {c: 0.5, d: 0.5}}
    yield {a: 0.4, b: 0.6}, {a: {c: 0.6, d: 0.4}, b: {c: 0.4, d: 0.3, a: 0.3}}
    yield {b: 0.5, a: 0.25, c: 0.25}, {b: {d: 0.5, c: 0.5}, a: {c: 1.0}, c: {d: 1.0}}


def penalty(random: Random) -> Iterator[tuple]:
    for n in (1, 2, 4, 7, 12):
        logits = [random.uniform(-4, 4) for _ in range(n)]
        text = [random.randrange(n) for _ in range(random.randint(1, 2 * n))]
        yield logits, text + text[:1], random.uniform(1.1, 2)
    yield [3.0, -3.0, 0.0], [0, 1, 2], 2.0
    yield [3.0, -3.0], [0, 1], 1.0
    yield [1.5], [], 2.0
    yield [3.0, 1.0, 3.0], [2], 2.0
    yield (
        [random.choice([3, 5, 7]), 1, -random.choice([3, 5])],
        [2, 0, 2],
        2,
    )  # whole numbers
    yield [0.5, random.uniform(0.1, 0.9), 0.0], [1, 2, 1, 0], 4.0


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
