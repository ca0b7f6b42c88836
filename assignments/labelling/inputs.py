"""Hidden inputs of the chapter on labels: for each exercise, tuples of arguments, drawn by ``random``."""

from collections.abc import Iterator
from random import Random

KINDS = ("PERSON", "PLACE", "ANIMAL", "WORK-OF-ART")


def to_bio(random: Random) -> Iterator[tuple]:
    for length in (1, 4, 7, 9, 12, 12):
        spans, place = [], 0
        while place < length:
            end = random.randint(place + 1, length)
            if random.random() < 0.7:
                spans.append((place, end, random.choice(KINDS)))
            place = end
        random.shuffle(spans)
        yield spans, length
    yield [], random.randint(1, 5)
    yield [(0, 3, "PLACE"), (3, 5, "PLACE")], 6


def read_spans(random: Random) -> Iterator[tuple]:
    labels = ["O", "O", *(f"{sign}-{kind}" for kind in KINDS for sign in "BII")]
    for length in (1, 3, 6, 8, 10, 14, 20):
        few = random.sample(labels[2:], 4)
        yield (random.choices(["O", *few, *few], k=length),)
    yield (["B-PLACE", "I-PLACE", "B-PLACE", "I-PERSON", "O", "I-PERSON"],)


def row_bounds(random: Random) -> Iterator[tuple]:
    for columns in (1, 2, 3, 4, 6):
        yield ([round(random.uniform(0.85, 1), 3) for _ in range(columns)],)
        yield ([round(random.uniform(0.1, 0.9), 3) for _ in range(columns)],)
    yield ([1.0, round(random.uniform(0.2, 0.9), 3), 1.0],)


def mood_ceiling(random: Random) -> Iterator[tuple]:
    for cues in (0, 1, 2, 3, 4, 5):
        yield ([round(random.uniform(0.55, 0.95), 3) for _ in range(cues)],)
    yield ([round(random.uniform(0.05, 0.95), 3) for _ in range(4)],)
    yield ([0.85, 0.85, 0.85],)
    yield ([0.9, round(random.uniform(0.7, 0.8), 3), 0.75, 0.75],)
