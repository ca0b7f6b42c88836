"""Hidden inputs of the chapter on language models: for each exercise, tuples of arguments, drawn by ``random``."""

from collections.abc import Iterator
from random import Random


def corpus(random: Random, sentences: int) -> list[list[str]]:
    """Short sentences over four words."""
    return [
        [random.choice("abcd") for _ in range(random.randint(1, 5))]
        for _ in range(sentences)
    ]


def sentence_probability(random: Random) -> Iterator[tuple]:
    for sentences in (1, 3, 6, 12, 20):
        texts = corpus(random, sentences)
        yield random.choice(texts)[:3], texts
        yield random.choice(texts), texts
        yield [random.choice("abcd") for _ in range(2)], texts
    yield ["z"], corpus(random, 3)
    yield ["a", "a"], [["a", "a", "a"], ["aa", "a"]]
    yield ["a", "b"], [["a", "b"], ["a"], ["b", "a", "b"]]
    yield ["b"], [["a", "b"], ["b", "b", "a"], ["a", "b", "a"]]
    yield ["b", "a"], [["a", "b"], ["a", "c"], ["b"], ["a"]]  # never stood there
    yield ["z", "a"], corpus(random, 3)
    yield [], [[], *corpus(random, 3), []]
    yield ["a"], [["a"], ["b"], ["a"]]  # the same sentence twice


def continuation_counts(random: Random) -> Iterator[tuple]:
    for sentences in (1, 2, 4, 8, 16):
        yield (corpus(random, sentences),)
    yield ([["a", "a", "a"], ["b", "a"]],)
    yield ([["b", "a", "c"], [], ["a", "b"]],)
    yield ([],)


def excess_bits(random: Random) -> Iterator[tuple]:
    for n in (2, 3, 5, 10, 40):
        true = [random.uniform(0.5, 3) for _ in range(n)]
        yield [loss + random.uniform(-0.2, 1) for loss in true], true
    yield [1.0, 2.0, 3.0], [2.0, 2.0, 1.0]  # one is negative
    yield [0.5, 1.0, 0.25], [1.0, 2.0, 2.5]  # all are negative
    yield [2.0, 2.5, 1.0], [1.0, 1.5, 0.0]  # always the same difference
