"""A dictionary from sentence pairs: right words, and no order."""

import random

import pytest

from lmlib.chinese import in_both
from lmlib.dictionary import learn_dictionary, word_by_word
from lmlib.stories import STORIES


def test_a_cipher_is_solved() -> None:
    """Each word has a partner of its own, at another place."""
    draw = random.Random(0)
    partners = {f"w{i}": f"x{i}" for i in range(20)}
    pairs = []
    for _ in range(200):
        words = draw.sample([*partners], 4)
        there = [partners[word] for word in words]
        draw.shuffle(there)
        pairs.append((" ".join(words), " ".join(there)))
    assert learn_dictionary(pairs) == partners


def test_dice_s_coefficient_decides() -> None:
    # Of three sentences "b" is in all, so "a" with "x", always together, is the better pair.
    pairs = [("a b", "x y"), ("a b", "x y"), ("b", "y")]
    assert learn_dictionary(pairs) == {"a": "x", "b": "y"}


def test_a_word_that_is_nobody_s_best_partner_is_left_out() -> None:
    found = learn_dictionary([("the a", "x"), ("the b", "y"), ("a", "x"), ("b", "y")])
    assert found == {"a": "x", "b": "y"}


def test_the_words_of_the_stories_are_found() -> None:
    pairs = [pair for story in STORIES.sample(60, seed=1) for pair in in_both(story)]
    found = learn_dictionary(pairs)
    said = {
        "red": "红色的",
        "fox": "狐狸",
        "oakton": "橡树镇",
        "she": "她",
        "sly": "狡猾的",
    }
    assert {word: found[word] for word in said} == said


def test_the_order_of_the_pairs_changes_nothing() -> None:
    pairs = [pair for story in STORIES.sample(10, seed=1) for pair in in_both(story)]
    assert learn_dictionary(pairs) == learn_dictionary(pairs[::-1])


def test_words_keep_their_places_and_unknown_ones_are_left_out() -> None:
    assert word_by_word("b z a a", {"a": "x", "b": "y"}) == "y x x"
    assert word_by_word("", {"a": "x"}) == "" == word_by_word("a", {})


@pytest.mark.parametrize("pairs", [[], [("", "")], [("a", "")]])
def test_nothing_to_learn_from_is_refused(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(ValueError, match="give at least one"):
        learn_dictionary(pairs)
