"""Cases for the parts in which a model of today differs from a GPT.

Each function is named after a part and yields the arguments that it is tried with.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from lmlib.workshop.samples import Arguments, draw, modern_weights


def rms_norm() -> Iterator[Arguments]:
    yield 2 + draw(3, 4), torch.ones(4)
    yield draw(2, 3, 4), draw(4, seed=1)
    yield draw(2, 2, 2, 3), draw(3, seed=1)
    yield torch.zeros(1, 2), torch.ones(2)
    yield 0.003 * draw(2, 4), torch.ones(4)


def swiglu() -> Iterator[Arguments]:
    yield draw(3, 4), modern_weights(4, 2, 6)
    yield 5 * draw(2, 3, 2), modern_weights(2, 2, 8)
    yield 3 * draw(2, 2, 3), modern_weights(3, 3, 3)


def turned() -> Iterator[Arguments]:
    yield draw(1, 1, 3, 2), 10_000.0
    yield draw(2, 3, 4, 8), 100.0
    yield draw(2, 3, 3, 6), 10_000.0, 5
    yield draw(1, 2, 1, 4), 50.0, 2
    yield draw(1, 4, 4, 4), 100_000.0, 3


def grouped_heads() -> Iterator[Arguments]:
    for n_head, n_kv_head in [(1, 1), (2, 1), (4, 2), (4, 4), (6, 2), (6, 3)]:
        w = modern_weights(4 * n_head, 4 * n_kv_head, 8)
        yield draw(2, 3, 4 * n_head), w, n_head, n_kv_head, 100.0
    yield draw(1, 1, 8), modern_weights(8, 2, 8), 4, 1, 10_000.0
