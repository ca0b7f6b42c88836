"""What a story says is read back from it, word by word."""

import pytest

from lmlib.grammar import Grammar
from lmlib.states import parse_story, read_state
from lmlib.stories import STORIES

STORY = STORIES.sample(1, seed=0)[0]


@pytest.mark.parametrize("story", STORIES.sample(40, seed=3))
def test_the_words_of_all_sentences_are_the_story(story: str) -> None:
    sentences = parse_story(story)
    assert " ".join(word for line in sentences for _, word in line) == story
    assert len(sentences) == len(STORIES.story)


@pytest.mark.parametrize("story", STORIES.sample(40, seed=3))
def test_each_slot_holds_a_word_that_may_stand_there(story: str) -> None:
    for name, word in read_state(story).items():
        tables = STORIES.slots[f"{{{name}}}"].tables.values()
        assert any(word in table for table in tables)


def test_another_grammar_is_read_as_well() -> None:
    coins = Grammar(
        ["it was {side} ."], {"side": {"words": "heads tails", "uniform": True}}
    )
    assert read_state("it was tails .", coins) == {"side": "tails"}


def test_a_plain_word_is_no_slot() -> None:
    assert parse_story(STORY)[0][0] == ("once", "once")


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_half_a_story_is_refused(cut: int) -> None:
    with pytest.raises(ValueError, match="give a whole one"):
        read_state(" ".join(STORY.split()[:-cut]))


@pytest.mark.parametrize(
    "text", ["", "tom", STORY + " the end", f"{STORY} <end> {STORY}"]
)
def test_what_is_no_story_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_state(text)
