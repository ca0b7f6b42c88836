"""The tree of a beam search: the texts that each step keeps, and from which of the step before each goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

from lmlib.beam import beam_search
from lmlib.transformer import GPT

Kept = tuple[list[list[int]], list[float]]
"""What was written in each text, best first, and the texts' log-probabilities."""


class Node(NamedTuple):
    """A text that a step keeps."""

    token: int
    """Its last."""
    score: float
    """Its log-probability."""
    parent: int | None
    """The place, in the step before, of the text that it goes on from; None in the first."""


def kept(
    model: GPT, ids: list[int], steps: int, beams: int, length_penalty: float
) -> Kept:
    """What `beam_search` writes behind ``ids``, without what pads an ended text."""
    texts, scores = beam_search(
        model, torch.tensor([ids]), steps, beams, end=0, length_penalty=length_penalty
    )
    new = [text[len(ids) :] for text in texts.tolist()]
    cut = [text[: text.index(0) + 1] if 0 in text else text for text in new]
    return cut, scores.tolist()


def tree(steps: Sequence[Kept]) -> list[list[Node]]:
    """The texts of each step, and whose children they are; up to the step with which all have ended.

    >>> tree([([[5], [0]], [-1.0, -2.0]), ([[0], [5, 7]], [-2.0, -3.0])])[1]
    [Node(token=0, score=-2.0, parent=1), Node(token=7, score=-3.0, parent=0)]
    """
    grown: list[list[Node]] = []
    before: list[list[int]] = []
    for n, (texts, scores) in enumerate(steps):
        if n and (texts, scores) == steps[n - 1]:
            break
        parents = [
            # An ended text goes on as itself.
            before.index(text if text in before else text[:-1]) if n else None
            for text in texts
        ]
        grown.append([*map(Node, (text[-1] for text in texts), scores, parents)])
        before = texts
    return grown


def best_path(grown: Sequence[Sequence[Node]]) -> list[int]:
    """The place in each step of what became the best text."""
    path = [0]
    for step in reversed(grown[1:]):
        path.append(step[path[-1]].parent or 0)
    return path[::-1]
