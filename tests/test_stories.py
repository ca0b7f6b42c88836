"""The book's stories: what chapters rely on, and grammars of others."""

import itertools
import math
from pathlib import Path

import pytest
import torch

from lmlib.floor import story_entropy
from lmlib.stories import (
    STORIES,
    TOML,
    WORDS,
    read_grammar,
    story_sequences,
    story_split,
)
from lmlib.tokens import END


def test_words_that_the_embedding_chapter_needs() -> None:
    text = " ".join(STORIES.sample(300, seed=0)).split()
    assert {
        "king",
        "queen",
        "man",
        "woman",
        "prince",
        "princess",
        "boy",
        "girl",
    } <= set(text)
    assert STORIES.vocab[0] == END
    assert len(set(STORIES.vocab)) == STORIES.vocab_size
    assert set(text) <= set(STORIES.vocab)


def test_what_is_named_at_the_start_returns_at_the_end() -> None:
    for text in STORIES.sample(100, seed=9):
        words = text.split()
        town = words[words.index("lived") + 2]
        assert words[words.index("to", words.index("led")) + 1] == town
        colour, thing = words[words.index(town, words.index("led")) + 3 :][:2]
        assert " ".join([colour, thing]) in text.split("wore")[1].split(".")[0]
        pronoun = {"his": "he", "her": "she"}[words[words.index("wore") + 1]]
        assert words[words.index("end") + 1] == pronoun


def test_the_mood_is_felt_at_the_end() -> None:
    """Four cues of one mood: the ending agrees with them, as Bayes' rule says."""

    def glad(sky: str, people: str, way: str) -> float:
        text = next(
            t
            for t in STORIES.sample(3000, seed=10)
            if f"was {sky} ." in t and f"{people} people" in t and f"a {way} way" in t
        )
        table = STORIES.next_word(text.rsplit(" ", 2)[0])
        return sum(table[word] for word in ("happy", "glad", "cheerful", "proud"))

    odds = (0.85 / 0.15) ** 3
    assert glad("clear", "kind", "short") == pytest.approx(
        (odds * 0.95 + 0.05) / (odds + 1), abs=1e-12
    )
    assert glad("grey", "rude", "long") == pytest.approx(
        (odds * 0.05 + 0.95) / (odds + 1), abs=1e-12
    )


def test_a_grammar_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "grammar.toml"
    path.write_text(
        'story = ["a {pet} ran (far|off) ."]\n[slots]\npet = { words = "cat dog", uniform = true }\n'
    )
    grammar = read_grammar(path)
    assert set(grammar.sample(100, seed=0)) == {
        f"a {pet} ran {where} ."
        for pet, where in itertools.product(("cat", "dog"), ("far", "off"))
    }
    assert story_entropy(grammar) == pytest.approx(math.log(4), abs=1e-14)


def test_the_file_is_the_grammar() -> None:
    assert read_grammar(TOML).sample(3, seed=4) == STORIES.sample(3, seed=4)
    assert WORDS.vocab == STORIES.vocab


def test_sequences_are_the_stories_between_ends() -> None:
    for ids, text in zip(story_sequences(5, 3), STORIES.sample(5, 3), strict=True):
        assert [STORIES.vocab[i] for i in ids] == [END, *text.split(), END]
    assert story_sequences(1, 3)[0].dtype == torch.int64


def test_held_out_stories_are_others() -> None:
    train, held_out = story_split(300, 100)
    assert (len(train), len(held_out)) == (300, 100)
    known = {tuple(ids.tolist()) for ids in train}
    assert not known & {tuple(ids.tolist()) for ids in held_out}
    more, _ = story_split(301, 1)
    assert all(torch.equal(a, b) for a, b in zip(train, more, strict=False))
