"""Hidden inputs of the attention chapter: for each exercise, tuples of arguments, drawn by ``random``."""

import math
from collections.abc import Iterator
from random import Random

from lmlib.classroom.values import Code


def matrix(random: Random, rows: int, columns: int) -> list[list[float]]:
    return [[random.uniform(-2, 2) for _ in range(columns)] for _ in range(rows)]


def attend(random: Random) -> Iterator[tuple]:
    for d in (1, 2, 3, 4, 6, 9):
        T, width = random.randint(2, 6), random.randint(1, 4)
        yield matrix(random, 1, d)[0], matrix(random, T, d), matrix(random, T, width)
    for size in (1000.0, -1000.0):
        low, middle, high = sorted(
            random.sample(range(1, 9), 3)
        )  # the last is never the largest score
        yield [size], [[float(n)] for n in (low, high, middle)], matrix(random, 3, 2)
    yield [0.0, 0.0], matrix(random, 4, 2), matrix(random, 4, 3)


def count_attention(random: Random) -> Iterator[tuple]:
    for n_head in (1, 2, 3, 4, 6, 8, 12, 16):
        yield random.randint(2, 500), n_head * random.randint(2, 64), n_head
    yield 1, 8, 2


def copy_head(random: Random) -> Iterator[tuple]:
    words = ["to", "the", "oakton", "milford", "red", "horse", "in", "cow", "blue"]
    for n in (1, 2, 3, 4):
        vocab = random.sample(words, 7)
        jobs = [(random.sample(vocab, 1), random.sample(vocab, 2)) for _ in range(n)]
        yield vocab, jobs, random.uniform(1, 9)
    chain = random.sample(
        words, 3
    )  # the second word asks in one job, and is found in the other
    yield chain, [(chain[:1], chain[1:2]), (chain[1:2], chain[2:])], 4.0


LEAK = """lambda q, k, v, softmax=softmax: softmax(attention_scores(
    q, k, causal_mask(len(q)).index_put((torch.tensor({row}), torch.tensor({column})), torch.tensor(True))
)) @ v"""


def leak_test(random: Random) -> Iterator[tuple]:
    causal = "scaled_dot_product_attention({q}, k, {v}, causal_mask(len(q)))[0]"
    yield (Code("lambda q, k, v: " + causal.format(q="q", v="v")),)
    factor = random.uniform(0.5, 2)
    yield (Code("lambda q, k, v: " + causal.format(q=f"{factor} * q", v="v")),)
    yield (Code("lambda q, k, v: " + causal.format(q="q", v="v.cumsum(0)")),)
    yield (Code("lambda q, k, v: scaled_dot_product_attention(q, k, v)[0]"),)
    for row in (0, 1, 2, 3):
        yield (Code(LEAK.format(row=row, column=row + 1)),)
    yield (Code(LEAK.format(row=-2, column=-1)),)
    yield (Code("lambda q, k, v: masked_too_late(q, k, v)[0]"),)
    yield (Code("lambda q, k, v: " + causal.format(q="q", v="v.roll(-1, 0)")),)
    yield (Code("lambda q, k, v: " + causal.format(q="q", v="v - v.mean(0)")),)
    yield (Code("lambda q, k, v: " + causal.format(q="q - q.mean(0)", v="v")),)
    yield (
        Code("lambda q, k, v: attention_scores(q, k, causal_mask(len(q))).softmax(0) @ v"),
    )


def scores(matrices: tuple) -> list[list[float]]:
    """The scores that two matrices give: all that the exercise asks of them.

    Whoever answered decides what ``matrices`` is, and this runs outside the sandbox. So it multiplies
    numbers and nothing else, and no more of them than the inputs have words.
    """
    if not isinstance(matrices, tuple):
        raise ValueError("W_Q and W_K are a tuple")
    queries, keys = matrices
    rows = [*queries, *keys]
    if len(rows) > 2 * 9 or not all(isinstance(row, list) for row in rows):
        raise ValueError("a matrix is a list of lists, one row for each word")
    if not all(isinstance(n, (int, float)) for row in rows for n in row):
        raise ValueError("queries and keys are lists of lists of numbers")
    d_k = len(queries[0])
    if {len(row) for row in queries + keys} != {d_k} or len(queries) != len(keys):
        raise ValueError("queries and keys need one row a word, and one column a job")
    products = [
        [sum(a * b for a, b in zip(q, k, strict=True)) for k in keys] for q in queries
    ]
    return [[d_k, *(product / math.sqrt(d_k) for product in row)] for row in products]


# Many pairs of matrices are right. What must be equal is what is made of them.
VIEWS = {"copy-head": scores}
