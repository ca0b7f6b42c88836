"""Cases for the parts that a model is made of, from its tokens to its logits.

Each function is named after a part and yields the arguments that it is tried with.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from lmlib.workshop.samples import Arguments, block_weights, draw, model_weights


def merge_pair() -> Iterator[Arguments]:
    yield [1, 2, 3, 1, 2], (1, 2), 9
    yield [5, 5, 5], (5, 5), 9
    yield [2, 1, 3, 1], (1, 2), 9
    yield [1, 3, 2, 1, 2], (1, 2), 9
    yield [1, 2, 2, 1, 2, 1, 2], (1, 2), 9
    yield [], (1, 2), 9
    yield list("abcab"), ("a", "b"), "ab"


def encode_word() -> Iterator[Arguments]:
    yield "lowest", [("e", "s"), ("es", "t"), ("l", "o"), ("lo", "w")]
    yield "abcd", [("b", "c"), ("a", "b"), ("bc", "d")]
    yield "aaaa", [("a", "a"), ("aa", "aa")]
    yield "abcbc", [("a", "b"), ("b", "c")]
    yield "aaaaa", [("a", "a")]
    yield "abcabc", [("b", "c"), ("ab", "c"), ("a", "bc")]
    yield "abc", [("b", "c"), ("ab", "c")]
    yield "xyzäa", [("a", "b"), ("z", "ä")]
    yield "", [("a", "b")]
    yield "a", []


def look_up() -> Iterator[Arguments]:
    yield torch.tensor([[0, 2]]), draw(3, 2)
    yield torch.tensor([[1, 0, 2], [2, 2, 1]]), draw(3, 4)


def word_scores() -> Iterator[Arguments]:
    yield draw(1, 2, 3), draw(5, 3, seed=1)
    yield draw(2, 4, 4), draw(4, 4, seed=1)


def probabilities() -> Iterator[Arguments]:
    yield (torch.tensor([2.0, 1.0, 0.0]),)
    yield (torch.tensor([[1000.0, 0.0], [-100.0, -100.0]]),)
    yield (torch.tensor([[0.0, -torch.inf, 1.0]]),)
    yield (draw(2, 3, 3),)


def next_word_loss() -> Iterator[Arguments]:
    yield torch.tensor([[2.0, 1.0, 0.0]]), torch.tensor([1])
    yield torch.tensor([[1000.0, 0.0], [0.0, -1000.0]]), torch.tensor([1, 0])
    yield draw(5, 4), torch.tensor([3, 0, 1, 1, 2])


def hide_later() -> Iterator[Arguments]:
    yield (draw(1, 1),)
    yield (draw(3, 3),)
    yield (draw(2, 2, 4, 4),)


def attend() -> Iterator[Arguments]:
    for causal in (False, True):
        yield draw(4, 9), draw(4, 9, seed=1), draw(4, 3, seed=2), causal
        yield (
            draw(2, 2, 3, 4),
            draw(2, 2, 3, 4, seed=1),
            draw(2, 2, 3, 4, seed=2),
            causal,
        )
    yield draw(1, 2, 1, 4), draw(1, 2, 5, 4, seed=1), draw(1, 2, 5, 4, seed=2), False
    yield 199 * draw(3, 4), draw(3, 4, seed=1), draw(3, 4, seed=2), True


def to_heads() -> Iterator[Arguments]:
    for n_head in (1, 2, 3):
        yield draw(2, 4, 6), n_head
    yield draw(3, 3, 9), 3


def from_heads() -> Iterator[Arguments]:
    yield (draw(2, 3, 4, 2),)
    yield (draw(1, 1, 3, 5),)
    yield (draw(3, 3, 3, 3),)


def heads() -> Iterator[Arguments]:
    for n_head in (1, 2, 4):
        yield draw(2, 3, 4), block_weights(4), n_head
    yield draw(1, 1, 4), block_weights(4), 2


def with_positions() -> Iterator[Arguments]:
    yield draw(1, 3, 2), draw(5, 2, seed=1)
    yield draw(2, 5, 2), draw(5, 2, seed=1)
    yield draw(2, 1, 2), draw(5, 2, seed=1), 3


def normalise() -> Iterator[Arguments]:
    yield draw(3, 4), torch.ones(4), torch.zeros(4)
    yield draw(2, 3, 4), draw(4, seed=1), draw(4, seed=2)
    yield torch.full((1, 2), 3.0), torch.ones(2), torch.zeros(2)
    yield 0.003 * draw(2, 4), torch.ones(4), torch.zeros(4)


def feed_forward() -> Iterator[Arguments]:
    yield draw(3, 4), block_weights(4)
    yield 5 * draw(2, 3, 2), block_weights(2)


def block() -> Iterator[Arguments]:
    for n_head in (1, 2):
        yield draw(2, 3, 4), block_weights(4), n_head


def gpt() -> Iterator[Arguments]:
    yield torch.tensor([[1, 6, 0]]), model_weights(), 2
    yield torch.tensor([[1, 6, 0, 0, 3, 5], [2, 2, 2, 4, 1, 0]]), model_weights(), 1
