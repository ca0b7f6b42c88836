"""Descriptions and their expressions: every writing means the same, and the words can be read back."""

import random

import pytest

from lmlib.descriptions import (
    DIGITS,
    EXPRESSION_WORDS,
    INPUTS,
    NAMES,
    cases_of,
    code_task,
    describe,
    draw_tree,
    writings,
)
from lmlib.expressions import evaluate, passes

TREES = [draw_tree(random.Random(seed), seed % 4) for seed in range(80)]


def read(words: list[str]) -> int | str | tuple:
    """A tree from its words, which are taken away."""
    word = words.pop(0)
    if word == "the":
        word = words.pop(0)
        assert words.pop(0) == "of"
    if word in ("double", "square"):
        return (word, read(words))
    if word in ("sum", "product", "difference"):
        left = read(words)
        assert words.pop(0) == "and"
        return (word, left, read(words))
    return str(DIGITS.index(word)) if word in DIGITS else word


@pytest.mark.parametrize("tree", TREES, ids=range(len(TREES)))
def test_a_description_has_one_meaning(tree: tuple) -> None:
    words = describe(tree).split()
    assert read(words) == tree and words == []


@pytest.mark.parametrize("tree", TREES, ids=range(len(TREES)))
def test_every_writing_passes_and_their_chances_add_up(tree: tuple) -> None:
    ways = writings(tree)
    assert sum(ways.values()) == pytest.approx(1)
    assert all(passes(text, cases_of(tree)) for text in ways)
    known = {*EXPRESSION_WORDS.vocab}
    assert {word for text in ways for word in text.split()} <= known
    assert {*describe(tree).split()} <= known


def test_tasks_are_drawn_with_those_chances() -> None:
    tree, draw = ("double", ("sum", "x", "4")), random.Random(0)
    drawn = [code_task(tree, draw).answer for _ in range(3_000)]
    assert {*drawn} == {*writings(tree)}
    for text, chance in writings(tree).items():
        assert drawn.count(text) / 3_000 == pytest.approx(chance, abs=0.03)


def test_trees_have_the_operations_that_were_asked_for_and_a_name() -> None:
    def operations(tree: str | tuple) -> int:
        return 0 if isinstance(tree, str) else 1 + sum(map(operations, tree[1:]))

    for seed, tree in enumerate(TREES):
        assert operations(tree) == seed % 4
        assert {*NAMES} & {*describe(tree).split()}


def test_one_test_is_passed_by_what_is_wrong_and_five_are_not() -> None:
    """2 + 2 = 2 · 2: the first test alone cannot tell a sum from a product."""
    cases = cases_of(("sum", "x", "y"))
    assert INPUTS[0] == (2, 2)
    assert passes("x * y", cases[:1]) and not passes("x * y", cases)
    assert evaluate("x + y", **cases[1][0]) == cases[1][1]


def test_an_operation_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="tree: 'half'; use one of sum"):
        describe(("half", "x"))
