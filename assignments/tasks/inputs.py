"""Hidden inputs of the chapter on models that write: for each exercise, tuples of arguments, drawn by ``random``."""

from collections.abc import Iterator
from random import Random

SYLLABLES = ("ki", "ka", "n", "g", "te", "an", "na", "ra", "t")


def best_hit_rate(random: Random) -> Iterator[tuple]:
    for places, most, k in ((1, 4, 1), (2, 3, 2), (4, 6, 3), (5, 2, 3), (9, 9, 4)):
        tables = []
        for _ in range(places):
            parts = [random.uniform(0.1, 2) for _ in range(random.randint(1, most))]
            words = random.sample("abcdefghijkl", len(parts))
            shares = [part / sum(parts) for part in parts]
            tables.append(dict(zip(words, shares, strict=True)))
        yield tables, k
        yield tables, 1
    yield [{"a": 0.25, "b": 0.75}], 2


def crossings(random: Random) -> Iterator[tuple]:
    for n in (2, 3, 4, 6, 9, 14):
        yield (random.sample(range(1, n + 4), n),)
        yield ([random.randint(1, max(2, n // 2)) for _ in range(n)],)
    yield ([*range(9, 0, -1)],)
    yield ([],)


def some_word(random: Random) -> str:
    return "".join(random.choices(SYLLABLES, k=random.randint(1, 4)))


def keystrokes(random: Random) -> Iterator[tuple]:
    for n in (3, 6, 12, 25, 40):
        ranked = list(dict.fromkeys(some_word(random) for _ in range(n)))
        random.shuffle(ranked)
        for k in (1, 2, 3):
            yield random.choice(ranked), ranked, k
        yield ranked[-1], ranked, random.choice([1, 2])
        yield some_word(random) + "zz", ranked, 3
    yield "king", ["king"], 0
    yield "a", [], 2


def seen_ceiling(random: Random) -> Iterator[tuple]:
    for n, kinds, answers in ((1, 1, 1), (6, 2, 2), (12, 3, 2), (20, 4, 5), (40, 9, 3)):
        for _ in range(2):
            yield (
                [
                    (f"x{random.randrange(kinds)}", f"a{random.randrange(answers)}")
                    for _ in range(n)
                ],
            )
    yield ([("x", "a"), ("x", "b"), ("y", "a")],)
