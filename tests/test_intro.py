"""The picture of the introduction shows the numbers that the grammar gives."""

import math
from pathlib import Path

import pytest

from lmlib.stories import STORIES

STATIC = Path(__file__).parents[1] / "_static"


@pytest.mark.parametrize("name", ["pipeline.svg", "pipeline.narrow.svg"])
def test_picture_shows_the_grammar_s_numbers(name: str) -> None:
    picture = (STATIC / name).read_text(encoding="utf-8").replace("−", "-")
    towns = STORIES.next_word("once upon a time a wise king named tom lived in")
    (first, p), (second, q) = list(towns.items())[:2]
    assert f">{STORIES.ids['lived']}  {STORIES.ids['in']}<" in picture
    assert f"{first} {p:.2f}   {second} {q:.2f}" in picture
    assert f"{first} {math.log(p):.1f}   {second} {math.log(q):.1f}" in picture
    assert f"each of {STORIES.vocab_size} words" in picture
