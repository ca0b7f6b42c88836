"""The Chinese stories say what the English ones say, and are exactly as surprising."""

import tomllib
from pathlib import Path

import pytest

import lmlib
from lmlib.chinese import CHINESE, in_both, in_chinese
from lmlib.floor import story_entropy
from lmlib.stories import STORIES
from lmlib.tokens import END, WordTokenizer

STORY_LIST = STORIES.sample(60, seed=4)
WORDS = tomllib.loads(
    Path(lmlib.__file__).with_name("chinese.toml").read_text("utf-8")
)["words"]


def probability(grammar: object, story: str) -> float:
    """Of a whole story, its end included."""
    words, p = [*story.split(), END], 1.0
    for word, table in zip(words, grammar.follow([END, *words[:-1]]), strict=True):  # type: ignore[attr-defined]
        p *= table[word]
    return p


@pytest.mark.parametrize("story", STORY_LIST[:30])
def test_a_story_is_as_probable_in_both_languages(story: str) -> None:
    expected = probability(STORIES, story)
    assert probability(CHINESE, in_chinese(story)) == pytest.approx(expected, rel=1e-9)


def test_both_languages_have_the_same_entropy() -> None:
    assert story_entropy(CHINESE) == pytest.approx(story_entropy(STORIES), rel=1e-12)


def test_two_stories_have_two_translations() -> None:
    assert len({in_chinese(story) for story in STORY_LIST}) == len({*STORY_LIST})


def test_each_word_that_is_chosen_has_a_word_of_its_own() -> None:
    chosen = {
        word
        for slot in STORIES.slots.values()
        for table in slot.tables.values()
        for word in table
    }
    assert chosen == WORDS.keys()
    assert len({*WORDS.values()}) == len(WORDS)


def test_sentences_end_together() -> None:
    for english, chinese in in_both(STORY_LIST[0]):
        assert english.endswith(" .") and chinese.endswith(" 。")


def test_a_tokenizer_of_words_keeps_every_word() -> None:
    for story in STORY_LIST[:10]:
        chinese = in_chinese(story)
        assert WordTokenizer.split(chinese) == chinese.split()


def test_no_english_is_left() -> None:
    assert all(not word.isascii() or word == END for word in CHINESE.vocab)


def test_what_is_no_story_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot stand there"):
        in_chinese("once upon a tree")
