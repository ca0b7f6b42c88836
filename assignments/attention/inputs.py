"""Hidden inputs of the attention chapter: for each exercise, tuples of arguments, drawn by ``random``."""

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
        yield [size], [[1.0], [1.0], [-1.0]], matrix(random, 3, 2)
    for size in (1024.0, -1024.0):  # powers of 2, whose products float32 has exactly
        yield [size], [[size], [size + 2**-10]], matrix(random, 2, 3)
    yield [0.0, 0.0], matrix(random, 4, 2), matrix(random, 4, 3)
    yield matrix(random, 1, 3)[0], matrix(random, 1, 3), matrix(random, 1, 5)


def count_attention(random: Random) -> Iterator[tuple]:
    for n_head in (1, 2, 3, 4, 6, 8, 12, 16):
        yield random.randint(2, 500), n_head * random.randint(2, 64), n_head
    yield 1, 8, 2
    yield random.randrange(3, 50, 2), 12, 12
    yield random.randrange(4, 50, 2), random.randint(5, 40), 1


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
    a, b, c, d, e = random.sample(words, 5)
    for jobs in (
        [([a, b], [c, d])],  # two askers, two targets
        [([a], [c]), ([a], [d])],  # one asks in two jobs
        [([a], [c]), ([b], [c])],  # one is a target of two jobs
        [([a], [b]), ([b], [c]), ([c], [d]), ([d, a], [e]), ([e], [a])],
    ):
        yield random.sample([a, b, c, d, e], 5), jobs, random.uniform(1, 9)


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
    yield (Code(LEAK.format(row=0, column=random.choice([2, 3, -1]))),)
    yield (Code("lambda q, k, v: " + causal.format(q="q", v="v / len(q)")),)
    for mixed in ("v + 0.02 * v.roll(-1, 0)", "v + 0.02 * v.mean(0)"):
        yield (Code("lambda q, k, v: " + causal.format(q="q", v=mixed)),)
    yield (Code("lambda q, k, v: torch.cat([torch.zeros_like(v[:1]), v[:-1]])"),)
    yield (Code("lambda q, k, v: torch.cat([torch.zeros_like(v[:-1]), v[-1:]])"),)
    yield (Code("lambda q, k, v: masked_too_late(q, k, v)[0]"),)
    yield (Code("lambda q, k, v: " + causal.format(q="q", v="v.roll(-1, 0)")),)
    yield (Code("lambda q, k, v: " + causal.format(q="q", v="v - v.mean(0)")),)
    yield (Code("lambda q, k, v: " + causal.format(q="q - q.mean(0)", v="v")),)
    yield (
        Code(
            "lambda q, k, v: attention_scores(q, k, causal_mask(len(q))).softmax(0) @ v"
        ),
    )
