"""Hidden inputs of the chapter on limits: for each exercise, tuples of arguments, drawn by ``random``."""

from collections.abc import Iterator
from random import Random

WORDS = [
    "king",
    "queen",
    "he",
    "she",
    "his",
    "her",
    "tom",
    "mia",
    "boy",
    "girl",
    "man",
    "woman",
]
OTHERS = ["the", "there", "saw", "then", "a", "and", "was", "hero", "kingdom", "mania"]


def swapped(random: Random) -> Iterator[tuple]:
    for n in (1, 2, 3, 5):
        for length in (4, 9, 15):
            words = random.sample(WORDS, 2 * n)
            pairs = dict(zip(words[::2], words[1::2], strict=True))
            yield " ".join(random.choices(words + OTHERS, k=length)), pairs
    yield "he she he there", {"she": "he"}


def exposure(random: Random) -> Iterator[tuple]:
    for n in (2, 5, 16, 100):
        probs = [random.random() / n for _ in range(n)]
        yield probs, random.randrange(n)
        yield probs, probs.index(max(probs))
        yield probs, probs.index(min(probs))
    few = [random.choice([0.1, 0.2, 0.05]) for _ in range(12)]
    yield few, random.randrange(12)
    yield [0.125] * 8, random.randrange(8)


def price(random: Random) -> Iterator[tuple]:
    for n in (1, 2, 4, 8):
        for fair in (True, False):
            drawn = [random.random() + 0.1 for _ in range(n)]
            f = [x / sum(drawn) for x in drawn]
            p = [round(random.uniform(0.05, 0.95), 2) for _ in f]
            q = [0.5 if fair else round(random.uniform(0.1, 0.9), 2) for _ in f]
            yield f, p, q
    yield [0.5, 0.5], [0.0, 1.0], [random.uniform(0.1, 0.9) for _ in range(2)]
    yield [0.5, 0.5], [0.0, 0.4], [0.0, random.uniform(0.1, 0.9)]
    yield [0.4, 0.6], [random.uniform(0.1, 0.9), 0.5], [1.0, 0.5]


def auc(random: Random) -> Iterator[tuple]:
    for n, m in ((1, 1), (1, 5), (4, 2), (7, 9), (20, 3)):
        for digits in (1, 3):
            right = [round(random.random(), digits) for _ in range(n)]
            wrong = [round(random.random() ** 2, digits) for _ in range(m)]
            yield right, wrong
    yield [0.9, 0.9], [0.1, 0.2, 0.9]
