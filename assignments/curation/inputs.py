"""Hidden inputs of the chapter on where text comes from: for each exercise, tuples of arguments, drawn at random."""

from collections.abc import Iterator
from random import Random


def text(random: Random, length: int, letters: str = "abc") -> list[str]:
    """Words of one letter."""
    return [random.choice(letters) for _ in range(length)]


def said_again(random: Random) -> Iterator[tuple]:
    for length in (2, 3, 5, 8, 13, 21, 30):
        yield (text(random, length),)
        yield (text(random, length, "abcdefgh"),)
    yield (["x"] * 7,)
    yield (text(random, 1),)
    yield ([],)


def alike(random: Random) -> Iterator[tuple]:
    for n in (1, 2, 3):
        for length in (n, 6, 12):
            yield text(random, length), text(random, 10), n
            same = text(random, length, "abcde")
            yield same, [*same, "z"], n
    yield text(random, 2), text(random, 3), 5
    yield [], text(random, 4), 2
    yield [], [], 1


def signature(random: Random) -> Iterator[tuple]:
    for names, k in (("ab", 1), ("abc", 3), ("abcdef", 4), ("abcdefgh", 2)):
        tables = [{name: random.randint(-20, 60) for name in names} for _ in range(k)]
        yield random.sample(names, len(names) // 2), tables
        yield [*names], tables
        yield [names[0]] * 3, tables
    yield ["a"], []
    yield [], [{"a": 3}]


def first_of_each(random: Random) -> Iterator[tuple]:
    for pages, limit in ((1, 0.5), (4, 0.3), (6, 0.5), (9, 0.7), (12, 0.4)):
        sets = [
            {random.randint(1, 9) for _ in range(random.randint(1, 6))}
            for _ in range(pages)
        ]
        yield sets, limit
        yield [*sets, *sets], limit
    yield [set(), {1, 2}, set(), {1, 2}], 0.5
    yield [{1}, {2}, {1, 2}], 0.5
    yield [], 0.2


def caught(random: Random) -> Iterator[tuple]:
    for pages in (1, 3, 6, 10, 20):
        kinds = [random.choice(["story", "loop", "copy"]) for _ in range(pages)]
        places = random.sample(range(pages), random.randint(0, pages))
        yield kinds, places, "story"
        yield kinds, places, "loop"
        yield kinds, [*range(pages)], "copy"
    yield ["story"] * 3, [], "story"
    yield ["loop"] * 3, [], "story"
