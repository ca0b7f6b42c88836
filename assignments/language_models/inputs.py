"""Hidden inputs of the chapter on language models: for each exercise, tuples of arguments, drawn by ``random``."""

from collections.abc import Iterator
from random import Random

import torch


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


def counted(random: Random, V: int, least: int = 0) -> torch.Tensor:
    """A table of counts in which each word has come, and has been followed by another."""
    table = [[random.choice((0, 0, 1, 2, 5)) + least for _ in range(V)] for _ in range(V)]
    for v in range(V):
        table[v][(v + 1) % V] += 1
    return torch.tensor(table, dtype=torch.float32)


def row_shares(random: Random) -> Iterator[tuple]:
    for V in (1, 2, 3, 4, 6, 9):
        yield (counted(random, V),)
        yield (counted(random, V, least=1),)


def table_loss(random: Random) -> Iterator[tuple]:
    for V in (1, 2, 3, 5):
        counts = counted(random, V, least=1)
        probs = counts / counts.sum(-1, keepdim=True)
        for T in (1, 2, 7, 20):
            yield probs, torch.tensor([random.randrange(V) for _ in range(T + 1)])


def add_one(random: Random) -> Iterator[tuple]:
    for V in (1, 2, 3, 5, 8):
        yield (counted(random, V),)
        yield (torch.zeros(V, V),)
        yield (counted(random, V) * (torch.arange(V) % 2 == 0)[:, None],)


def mixed(random: Random) -> Iterator[tuple]:
    for V in (1, 2, 3, 5, 8):
        for weight in (0.0, 1.0, round(random.uniform(0.05, 0.95), 2)):
            yield counted(random, V), weight
