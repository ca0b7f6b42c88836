"""Two small languages: every sentence once, and its one translation by hand."""

import pytest

from lmlib.bilingual import (
    ADJECTIVES,
    NOUNS,
    bilingual_tokenizer,
    english_sentences,
    phrase,
    translation,
)


@pytest.mark.parametrize(
    "adjective, noun, french",
    [
        ("white", "dog", "le chien blanc"),
        ("white", "cow", "la vache blanche"),
        ("small", "boat", "le petit bateau"),
        ("pretty", "table", "la jolie table"),
        ("red", "ball", "la balle rouge"),
    ],
)
def test_adjectives_agree_and_some_stand_behind(
    adjective: str, noun: str, french: str
) -> None:
    assert phrase(adjective, noun) == french


def test_sentences_are_joined_one_by_one() -> None:
    one = "the white dog likes the small boat"
    other = "the big girl draws the blue car"
    expected = "le chien blanc aime le petit bateau"
    assert translation(one) == expected
    both = translation(f"{one} and {other}")
    assert both == f"{expected} et la grande fille dessine la voiture bleue"


def test_every_sentence_stands_there_once_and_so_does_its_translation() -> None:
    english = english_sentences()
    french = {translation(text) for text in english}
    count = (len(ADJECTIVES) * len(NOUNS)) ** 2 * 4
    assert len(set(english)) == len(english) == len(french) == count == 25_600
    assert english_sentences() == english != english_sentences(seed=1)
    assert sorted(english) == sorted(english_sentences(seed=1))


def test_the_vocabulary_has_all_words_and_no_others() -> None:
    texts = english_sentences()
    used = {word for text in texts for word in f"{text} {translation(text)}".split()}
    vocab = bilingual_tokenizer().vocab
    assert {*vocab} == used | {"<end>", "and", "et"}
    assert vocab[0] == "<end>"


@pytest.mark.parametrize(
    "english", ["", "人工智能", "the big ball sleeps", "the big tree sees the red girl"]
)
def test_a_sentence_of_another_language_is_refused(english: str) -> None:
    with pytest.raises(
        ValueError, match=r"^english: .* is not of this language; write one like"
    ):
        translation(english)
