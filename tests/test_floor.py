"""The exact entropy of stories against an enumeration of them all, and against samples."""

import math

import pytest
import torch
from support.grammars import TINY, story_ids, tiny_stories

from lmlib.floor import expected_length, floor, story_entropy
from lmlib.grammar import Grammar
from lmlib.softmax import entropy, softmax
from lmlib.stories import STORIES
from lmlib.tokens import END


def test_entropy_and_length_against_the_enumeration() -> None:
    assert story_entropy(TINY) == pytest.approx(
        -math.fsum(p * math.log(p) for p in tiny_stories().values()), abs=1e-12
    )
    length = math.fsum(p * (len(words) + 1) for words, p in tiny_stories().items())
    assert expected_length(TINY) == pytest.approx(length, abs=1e-12)


@pytest.mark.parametrize("grammar", [TINY, STORIES])
def test_floor_is_the_entropy_of_a_story_over_its_length(grammar: Grammar) -> None:
    lengths = [len(text.split()) + 1 for text in grammar.sample(2000, seed=3)]
    error = torch.tensor(lengths).double().std().item() / math.sqrt(len(lengths))
    assert abs(sum(lengths) / len(lengths) - expected_length(grammar)) < 4 * error
    expected = story_entropy(grammar) / expected_length(grammar)
    assert floor(grammar) == pytest.approx(expected, rel=1e-15)


def test_exact_entropy_of_the_book_against_its_stories() -> None:
    losses = []
    for text in STORIES.sample(400, seed=7):
        words = [END, *text.split(), END]
        steps = zip(STORIES.follow(words), words[1:], strict=False)
        losses.append(-sum(math.log(table[word]) for table, word in steps))
    error = torch.tensor(losses).std().item() / math.sqrt(len(losses))
    assert error < 0.2
    assert abs(sum(losses) / len(losses) - story_entropy(STORIES)) < 4 * error


def test_expected_entropy_of_the_steps_is_the_entropy() -> None:
    """Chain rule: the entropies of the exact predictions along stories add up to the entropy of a story."""
    sums = [
        entropy(softmax(STORIES(story_ids(text)[:, :-1]))).sum().item()
        for text in STORIES.sample(60, seed=8)
    ]
    error = torch.tensor(sums).std().item() / math.sqrt(len(sums))
    assert error < 0.3
    assert abs(sum(sums) / len(sums) - story_entropy(STORIES)) < 4 * error
