"""Numbers described in words, and every way to write them as an expression.

>>> tree = ("double", ("sum", "x", "4"))
>>> describe(tree)
'double the sum of x and four'
>>> for text, chance in writings(tree).items():
...     print(f"{chance:.3f} {text}")
0.167 ( x + 4 ) * 2
0.167 2 * ( x + 4 )
0.167 ( x + 4 ) + ( x + 4 )
0.167 ( 4 + x ) * 2
0.167 2 * ( 4 + x )
0.167 ( 4 + x ) + ( 4 + x )
"""

from __future__ import annotations

import itertools
import random
from collections import defaultdict

from lmlib.expressions import Case, evaluate
from lmlib.tasks import MARK, Task
from lmlib.tokens import WordTokenizer

Tree = str | tuple
"""A name, a digit, or the name of an operation and the trees that it takes."""

OPERATIONS = {
    "sum": ("the sum of {} and {}", ["{0} + {1}", "{1} + {0}"]),
    "product": ("the product of {} and {}", ["{0} * {1}", "{1} * {0}"]),
    "difference": ("the difference of {} and {}", ["{0} - {1}"]),
    "double": ("double {}", ["{0} * 2", "2 * {0}", "{0} + {0}"]),
    "square": ("the square of {}", ["{0} * {0}"]),
}
"""Each operation in words, and its writings, equally likely."""
DIGITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
]
NAMES = ("x", "y")
INPUTS = ((2, 2), (3, 5), (7, 1), (0, 4), (6, 9))
"""Values of x and y to test with; alone the first is a bad test, since 2 + 2 = 2 · 2."""
EXPRESSION_WORDS = WordTokenizer.train(
    [f"{form.replace('{}', '')} {' '.join(ways).format('(', ')')}" for form, ways in OPERATIONS.values()]
    + [" ".join(DIGITS), "0 1 2 3 4 5 6 7 8 9", " ".join(NAMES), MARK]
)  # fmt: skip
"""The tokenizer of descriptions and expressions."""


def describe(tree: Tree) -> str:
    """What a tree says, in words. Raises ValueError for an operation that is not among :data:`OPERATIONS`."""
    if isinstance(tree, str):
        return DIGITS[int(tree)] if tree.isdigit() else tree
    name, *inner = tree
    if name not in OPERATIONS:
        raise ValueError(f"tree: {name!r}; use one of {', '.join(OPERATIONS)}")
    return OPERATIONS[name][0].format(*map(describe, inner))


def writings(tree: Tree) -> dict[str, float]:
    """Every expression for a tree, and its probability."""
    if isinstance(tree, str):
        return {tree: 1.0}
    name, *inner = tree
    ways, found = OPERATIONS[name][1], defaultdict[str, float](float)
    parts = [
        [(text if isinstance(part, str) else f"( {text} )", p) for text, p in writings(part).items()]
        for part in inner
    ]  # fmt: skip
    for chosen in itertools.product(*parts):
        texts, chances = zip(*chosen, strict=True)
        for way in ways:
            share = 1 / len(ways)
            for chance in chances:
                share *= chance
            found[way.format(*texts)] += share
    return dict(found)


def draw_tree(random: random.Random, operations: int) -> Tree:
    """A tree with so many operations, and at least one name in it.

    >>> from random import Random
    >>> describe(draw_tree(Random(3), operations=2))
    'the product of nine and the product of x and nine'
    """
    while True:
        tree = _grow(random, operations)
        if any(name in describe(tree).split() for name in NAMES):
            return tree


def _grow(random: random.Random, operations: int) -> Tree:
    if operations == 0:
        return random.choice([*NAMES, *NAMES, *"3456789"])
    name = random.choice([*OPERATIONS])
    if name in ("double", "square"):
        return (name, _grow(random, operations - 1))
    left = random.randint(0, operations - 1)
    return name, _grow(random, left), _grow(random, operations - 1 - left)


def cases_of(tree: Tree) -> list[Case]:
    """What the expression must give for each of the :data:`INPUTS`."""
    text = next(iter(writings(tree)))
    inputs = [dict(zip(NAMES, pair, strict=True)) for pair in INPUTS]
    return [(values, evaluate(text, **values)) for values in inputs]


def code_task(tree: Tree, random: random.Random) -> Task:
    """A description, and one of its writings."""
    ways = writings(tree)
    return Task(describe(tree), random.choices([*ways], [*ways.values()])[0])
