"""Hidden inputs of the attention chapter: for each exercise, tuples of arguments, drawn by ``random``."""

from collections.abc import Iterator
from random import Random

import torch
from torch import Tensor

from lmlib.classroom.values import Code


def draw(random: Random, *shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(random.randrange(2**31))
    return torch.randn(*shape, generator=generator)


def one_output(random: Random) -> Iterator[tuple]:
    for T, C in ((1, 3), (2, 1), (4, 4), (5, 2), (3, 6)):
        yield draw(random, C), draw(random, T, C)
    yield 0 * draw(random, 3), draw(random, 4, 3)
    low, middle, high = sorted(random.sample(range(1, 9), 3))
    vectors = torch.tensor([[low, 1.0], [high, 2.0], [middle, 3.0]])
    yield torch.tensor([1000.0, 0.0]), vectors
    yield torch.tensor([-1000.0, 0.0]), vectors


def hide_later(random: Random) -> Iterator[tuple]:
    for shape in ((1, 1), (2, 2), (5, 5), (3, 4, 4), (4, 3, 3), (2, 3, 2, 2)):
        yield (draw(random, *shape),)


def attend(random: Random) -> Iterator[tuple]:
    for causal in (True, False):
        for front in ((), (2,), (3,), (2, 3)):
            T, D = random.randint(2, 5), random.choice([1, 2, 3, 5])
            q, k, v = (draw(random, *front, T, D) for _ in range(3))
            yield q, k, v, causal
        yield draw(random, 3, 9), draw(random, 3, 9), draw(random, 3, 2), causal
    for T, S in ((1, 4), (3, 2), (2, 5)):
        yield draw(random, T, 2), draw(random, S, 2), draw(random, S, 2), False
    size = random.choice([1000.0, -1000.0])
    keys = torch.tensor(random.sample([1.0, 2.0, 3.0, 4.0], 4))[:, None]
    yield torch.tensor([[size], [-size]]), keys, draw(random, 4, 3), False


def to_heads(random: Random) -> Iterator[tuple]:
    for n_head, D in ((1, 4), (2, 2), (2, 3), (3, 2), (4, 1), (3, 3)):
        yield (
            draw(random, random.randint(1, 3), random.randint(2, 4), n_head * D),
            n_head,
        )
    yield draw(random, 1, 1, 6), 2


def from_heads(random: Random) -> Iterator[tuple]:
    for H, D in ((1, 4), (2, 2), (2, 3), (3, 2), (4, 1), (3, 3)):
        yield (draw(random, random.randint(1, 3), H, random.randint(2, 4), D),)
    yield (draw(random, 1, 3, 1, 2),)


def heads(random: Random) -> Iterator[tuple]:
    for B, T, C, n_head in (
        (1, 2, 2, 1),
        (2, 3, 4, 2),
        (1, 4, 4, 4),
        (3, 2, 3, 3),
        (1, 1, 4, 2),
        (1, 4, 4, 1),
    ):
        weights = {
            "qkv.weight": draw(random, 3 * C, C),
            "qkv.bias": draw(random, 3 * C),
            "output.weight": draw(random, C, C),
            "output.bias": draw(random, C),
        }
        yield draw(random, B, T, C), weights, n_head


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
