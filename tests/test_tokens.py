"""Tokenisers: what goes in comes out, and unknown tokens are named."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lmlib.stories import STORIES
from lmlib.tokens import END, CharTokenizer, Tokenizer, WordTokenizer, prompt, sequences

WORDS = st.lists(
    st.text("abcxyzäß人", min_size=1, max_size=4) | st.sampled_from(".,!?;"),
    max_size=12,
)


@given(st.text(), st.data())
def test_characters_come_back(trained_on: str, data: st.DataObject) -> None:
    tokenizer = CharTokenizer.train([trained_on])
    text = data.draw(st.text(sorted(set(trained_on))) if trained_on else st.just(""))
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert len(ids) == len(text)


@given(WORDS)
def test_words_come_back(words: list[str]) -> None:
    text = " ".join(words)
    tokenizer = WordTokenizer.train([text])
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert len(tokenizer.encode(text)) == len(words)


@given(WORDS, st.data())
def test_ids_come_back(words: list[str], data: st.DataObject) -> None:
    tokenizer = WordTokenizer.train([" ".join(words)])
    ids = data.draw(st.lists(st.integers(0, len(tokenizer.vocab) - 1)))
    assert tokenizer.encode(tokenizer.decode(ids)) == ids


@given(st.text())
def test_spaces_only_part_words(text: str) -> None:
    assert WordTokenizer.split(text) == WordTokenizer.split(
        "\n ".join(WordTokenizer.split(text))
    )


def test_vocabulary_is_sorted_behind_end() -> None:
    tokenizer = WordTokenizer.train(["love AI", f"I love {END} you !"])
    assert tokenizer.vocab == (END, "!", "AI", "I", "love", "you")
    assert CharTokenizer.train(["ba a"]).vocab == (END, " ", "a", "b")
    assert repr(tokenizer) == "WordTokenizer(6 tokens)"


def test_split_words_and_marks() -> None:
    assert WordTokenizer.split(f'He said: "No." {END}') == [
        "He",
        "said",
        ":",
        '"',
        "No",
        ".",
        '"',
        END,
    ]


def test_words_of_the_grammar_are_its_tokens() -> None:
    tokenizer = WordTokenizer(STORIES.vocab)
    for text in STORIES.sample(20, seed=0):
        assert tokenizer.decode(tokenizer.encode(text)) == text
        assert tokenizer.encode(text) == [STORIES.ids[word] for word in text.split()]


def test_sequences_stand_between_ends() -> None:
    tokenizer = WordTokenizer.train(["I love AI"])
    first, second = sequences(["AI", "love I"], tokenizer)
    assert (first.tolist(), second.tolist(), first.dtype) == (
        [0, 1, 0],
        [0, 3, 2, 0],
        torch.int64,
    )


def test_a_prompt_is_how_a_sequence_begins() -> None:
    words = WordTokenizer.train(["I love AI"])
    (whole,) = sequences(["I love AI"], words)
    assert prompt("I love", words).tolist() == [whole[:3].tolist()]
    assert prompt("", words).tolist() == [[words.ids[END]]]
    with pytest.raises(ValueError, match="has no '<end>'"):
        prompt("a", CharTokenizer("ab"))


def test_sequences_without_end() -> None:
    with pytest.raises(
        ValueError,
        match=rf"tokenizer: CharTokenizer\(2 tokens\) has no '{END}'; use \.train",
    ):
        sequences(["ab"], CharTokenizer("ab"))


def test_unknown_word_with_a_hint() -> None:
    tokenizer = WordTokenizer.train(["the king and the queen"])
    with pytest.raises(
        ValueError,
        match=r"text: 'kings' is not in the vocabulary of 5 tokens; did you mean 'king'\?",
    ):
        tokenizer.encode("the kings")
    with pytest.raises(
        ValueError,
        match=r"text: 'zzz' is not in the vocabulary of 5 tokens; see \.vocab",
    ):
        tokenizer.encode("the zzz")
    with pytest.raises(
        ValueError, match=r"text: 'q' is not in the vocabulary of 3 tokens"
    ):
        CharTokenizer.train(["ab"]).encode("aq")


@pytest.mark.parametrize("token", [-1, 3])
def test_unknown_id(token: int) -> None:
    with pytest.raises(
        ValueError, match=rf"ids: {token} is no token's id; ids run from 0 to 2"
    ):
        CharTokenizer.train(["ab"]).decode(torch.tensor([0, token]))


def test_token_given_twice() -> None:
    with pytest.raises(ValueError, match=r"vocab: 'a' stands in it more than once"):
        Tokenizer(["b", "a", "c", "a"])
