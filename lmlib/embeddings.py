"""Words as vectors: nearest neighbours, analogies, and a projection to the plane.

>>> vectors = torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])
>>> nearest(vectors, vectors[0], k=2)  # ids and cosines
[(0, 1.0), (1, 0.9938...)]
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import torch
from torch import Tensor
from torch.nn import functional as F


def nearest(
    vectors: Tensor, query: Tensor, k: int = 5, without: Sequence[int] = ()
) -> list[tuple[int, float]]:
    """The ``k`` ids whose vectors point most nearly in the direction of ``query``, with their cosines.

    Formula `eq:cosine`; ``vectors`` (V, C), ``query`` (C,). Raises ValueError for a query of zeros, and
    for a k below 1 or above the number of vectors not left out.
    """
    _check_query(vectors, query, k, without)
    cosines = F.cosine_similarity(vectors, query[None], dim=-1)
    cosines[list(without)] = -torch.inf
    best = cosines.topk(k)
    return list(zip(best.indices.tolist(), best.values.tolist(), strict=True))


def analogy(
    vectors: Tensor, a: int, b: int, c: int, k: int = 5
) -> list[tuple[int, float]]:
    """``a`` is to ``b`` as ``c`` is to …: the ids nearest to b − a + c, the three themselves left out.

    Formula `eq:analogy`. Mikolov, Yih and Zweig (2013). Vectors are brought to length 1 first.
    Raises ValueError as :func:`nearest` does.

    >>> vectors = torch.tensor([[1.0, 0, 0], [1, 1, 0], [0, 0, 1], [0, 1, 1], [0, -1, 1]])
    >>> analogy(vectors, a=0, b=1, c=2, k=1)
    [(3, 0.9585...)]
    """
    unit = F.normalize(vectors, dim=-1)
    return nearest(unit, unit[b] - unit[a] + unit[c], k, without=(a, b, c))


def same_kind(vectors: Tensor, kinds: Sequence[Sequence[int]]) -> float:
    """Share of the ids in ``kinds`` whose nearest vector, of all ``vectors`` but their own, is of their kind.

    >>> same_kind(torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]]), [[0, 1], [2, 3]])
    1.0
    """
    hits = [
        nearest(vectors, vectors[i], 1, without=[i])[0][0] in kind
        for kind in kinds
        for i in kind
    ]
    return sum(hits) / len(hits)


def analogy_questions(cube: Tensor) -> list[tuple[int, int, int, int]]:
    """Every question "a is to b as c is to d" in a block of ids, whose axes are what their words differ in.

    ``cube`` (2, 2, …). Swapping b and c asks for the same sum, and counts as the same question.

    >>> analogy_questions(torch.tensor([[0, 1], [2, 3]]))
    [(0, 2, 1, 3), (1, 3, 0, 2), (2, 0, 3, 1), (3, 1, 2, 0)]
    """
    questions: dict[tuple[int, ...], tuple[int, int, int, int]] = {}
    for axis in range(cube.dim()):
        one, other = (cube.select(axis, side).flatten().tolist() for side in (0, 1))
        there = list(zip(one, other, strict=True))
        for steps in (there, [(b, a) for a, b in there]):
            for (a, b), (c, d) in product(steps, steps):
                if a != c:
                    questions.setdefault((a, *sorted((b, c)), d), (a, b, c, d))
    return list(questions.values())


def analogy_share(
    vectors: Tensor, questions: Sequence[tuple[int, int, int, int]], leave_out: bool
) -> float:
    """Share of the questions whose nearest word is the fourth, with or without their own three left out."""
    unit = F.normalize(vectors, dim=-1)
    a, b, c, d = torch.tensor(questions).T
    cosines = (unit[b] - unit[a] + unit[c]) @ unit.T  # (N, V), but for a factor a row
    if leave_out:
        cosines.scatter_(1, torch.stack([a, b, c], dim=1), -torch.inf)
    return (cosines.argmax(-1) == d).double().mean().item()


def project(vectors: Tensor) -> Tensor:
    """The two directions in which ``vectors`` differ most (principal components): (N, C) → (N, 2).

    An axis has no sign of its own; it is turned so that its largest coordinate is positive.
    Raises ValueError for fewer than two vectors, or for vectors of fewer than two numbers.

    >>> project(torch.tensor([[0.0, 0.0, 5.0], [3.0, 0.0, 5.0], [0.0, -1.0, 5.0]])).shape
    torch.Size([3, 2])
    """
    _check_plane(vectors)
    centred = vectors - vectors.mean(0)
    *_, axes = torch.linalg.svd(centred, full_matrices=False)
    plane = centred @ axes[:2].T
    largest = plane.gather(0, plane.abs().argmax(0, keepdim=True))
    return plane * largest.sign()


def _check_query(
    vectors: Tensor, query: Tensor, k: int, without: Sequence[int]
) -> None:
    choice = len(vectors) - len(set(without))
    if not 1 <= k <= choice:
        raise ValueError(
            f"k: {k} neighbours out of {choice} vectors; use 1 to {choice}"
        )
    if not query.norm() > 0:
        raise ValueError(
            "query: a vector of zeros points nowhere; give one that is not 0"
        )


def _check_plane(vectors: Tensor) -> None:
    if min(vectors.shape) < 2:
        raise ValueError(
            f"vectors: shape {tuple(vectors.shape)}; "
            "a plane takes two vectors of two numbers at least"
        )
