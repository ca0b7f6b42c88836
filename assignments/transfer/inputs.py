"""Hidden inputs of the chapter on little data: for each exercise, tuples of arguments, drawn by ``random``."""

from collections.abc import Iterator
from random import Random

from lmlib.cells import CAPTIONS, OFFSETS, draw


def in_context(random: Random) -> Iterator[tuple]:
    for k in (0, 1, 2, 3, 5, 9):
        yield k, random.randint(2, 9), random.randint(2, 12)
    yield random.randint(1, 6), 1, random.randint(2, 9)
    yield random.randint(1, 6), random.randint(2, 9), 1


def crop(random: Random) -> Iterator[tuple]:
    for caption in random.sample(CAPTIONS, 4):
        yield ([*draw(caption, *random.choice(OFFSETS))],)
    for height, width in ((1, 5), (4, 1), (3, 4), (5, 7), (2, 2)):
        cells = [random.choice("···RGB") for _ in range(height * width)]
        cells[random.randrange(len(cells))] = "Y"
        text = "".join(cells)
        yield ([text[i * width : (i + 1) * width] for i in range(height)],)
    yield (["·" * random.randint(1, 6)] * random.randint(1, 4),)


def induction(random: Random) -> Iterator[tuple]:
    for n in (2, 3, 5, 8, 12, 20, 30):
        words = [random.choice(["tom", "mia", "red", "blue", "ben"]) for _ in range(n)]
        yield (words,)
        yield ([*words, words[0]],)
    yield (["tom"],)
    yield ([random.choice("ab") for _ in range(9)] + ["z"],)


def worth(random: Random) -> Iterator[tuple]:
    for n in (2, 3, 4, 6):
        sizes, losses = [random.randint(5, 50)], [random.uniform(90, 100)]
        for _ in range(n - 1):
            sizes.append(sizes[-1] * random.randint(2, 5))
            losses.append(losses[-1] * random.uniform(0.2, 0.8))
        yield sizes, losses, random.uniform(losses[-1], losses[0])
        yield sizes, losses, random.uniform(losses[-1], losses[0])
        yield sizes, losses, losses[0] + random.uniform(0, 9)
        yield sizes, losses, losses[-1] * random.uniform(0.1, 0.9)
        yield sizes, losses, losses[random.randrange(n)]
