"""Cases for the parts that train a model, adapt it and write with it.

Each function is named after a part and yields the arguments that it is tried with.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from lmlib.workshop.samples import Arguments, block_weights, draw


def shifted() -> Iterator[Arguments]:
    yield (torch.tensor([[5, 6, 7]]),)
    yield (torch.tensor([[1, 2, 3, 4], [9, 8, 7, 6]]),)


def rate() -> Iterator[Arguments]:
    for t in (0, 1, 3, 4, 9, 14, 23):
        yield t, 0.8, 4, 24
    for t in (0, 5):
        yield t, 0.5, 0, 10


def clipped() -> Iterator[Arguments]:
    yield [torch.tensor([3.0, 4.0])], 1.0
    yield [torch.tensor([0.3, 0.4])], 1.0
    yield [torch.tensor([-3.0, 4.0])], 1.0
    yield [torch.tensor([[3.0, 0.0]]), torch.tensor([4.0])], 2.5
    yield [torch.zeros(2)], 1.0


def adam_step() -> Iterator[Arguments]:
    p, g, m, v = (draw(2, 3, seed=s) for s in range(4))
    yield p, g, torch.zeros(2, 3), torch.zeros(2, 3), 1, 0.1
    yield p, g, m, v**2, 2, 0.01
    yield p, g, m, v**2, 50, 1.0
    yield p, 1e-6 * g, torch.zeros(2, 3), torch.zeros(2, 3), 1, 0.1
    yield p, torch.zeros(2, 3), torch.zeros(2, 3), torch.zeros(2, 3), 1, 0.1


def training_step() -> Iterator[Arguments]:
    def loss_of(parameters: list[Tensor]) -> Tensor:
        return sum((((p - 1) ** 2).sum() for p in parameters), torch.zeros(()))

    parameters = [draw(2, 3), draw(3, seed=1)]
    memories = [
        (torch.zeros(2, 3), torch.zeros(2, 3)),
        (torch.zeros(3), torch.zeros(3)),
    ]
    yield loss_of, parameters, memories, 1, 0.1
    used = [(0.1 * p, p**2) for p in parameters]
    yield loss_of, parameters, used, 7, 0.01


def classify() -> Iterator[Arguments]:
    yield draw(2, 4, 3), torch.tensor([3, 3]), draw(2, 3, seed=1), draw(2, seed=2)
    yield draw(3, 4, 3), torch.tensor([0, 3, 1]), draw(5, 3, seed=1), draw(5, seed=2)


def lora_linear() -> Iterator[Arguments]:
    for scale in (1.0, 2.0):
        tensors = [
            draw(*s, seed=i) for i, s in enumerate([(5, 3), (5,), (2, 3), (5, 2)])
        ]
        yield draw(4, 3, seed=9), *tensors, scale


def sampling_probs() -> Iterator[Arguments]:
    logits = draw(2, 6)
    for temperature, k in [(1.0, 6), (0.5, 3), (2.0, 2), (1.0, 1)]:
        yield logits, temperature, k
    yield torch.tensor([[900.0, 0.0, -5.0]]), 0.5, 2


def write() -> Iterator[Arguments]:
    table = draw(5, 5)

    def next_logits(ids: Tensor) -> Tensor:
        return table[ids.sum(1) % 5]  # all tokens decide

    yield next_logits, torch.tensor([[0, 3]]), 8, 1.0, 4, 0
    yield next_logits, torch.tensor([[1], [2]]), 5, 0.7, 5, 3
    yield next_logits, torch.tensor([[0], [4]]), 12, 2.0, 2, 3
    yield next_logits, torch.tensor([[4]]), 0, 1.0, 2, 1


def cached_heads() -> Iterator[Arguments]:
    for n_head, seen in [(2, 3), (1, 1), (2, 0)]:
        past = tuple(draw(2, n_head, seen, 4 // n_head, seed=s) for s in (5, 6))
        yield draw(2, 1, 4), block_weights(4), n_head, past
