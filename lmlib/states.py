"""What a story says, read back from its words: who, where, with what.

>>> story = STORIES.sample(1, seed=0)[0]
>>> read_state(story)["person"], read_state(story)["thief"]
('girl', 'bear')
"""

from __future__ import annotations

from lmlib.grammar import Grammar
from lmlib.stories import STORIES
from lmlib.tokens import END

Sentence = list[tuple[str, str]]
"""Each word of a sentence behind the item of the grammar that it stands for: a slot in braces, a choice, or itself."""


def parse_story(story: str, grammar: Grammar = STORIES) -> list[Sentence]:
    """The sentences of a whole story, each word with the item of the grammar that wrote it.

    Raises ValueError for a text that is not a story of this grammar from its first word to its last.

    >>> parse_story(STORIES.sample(1, seed=0)[0])[0][4:8]
    [('a', 'a'), ('{age}', 'little'), ('{person}', 'girl'), ('named', 'named')]
    """
    words = story.split()
    *_, last = grammar.follow([END, *words])  # which refuses what it cannot write
    if END in words or END not in last:
        raise ValueError(
            f"story: it ends behind {' '.join(words[-3:])!r}; give a whole one, and one only"
        )
    sentences: list[Sentence] = []
    for part in grammar.story:
        # One sentence alone may begin with a slot; alternatives are known by their first word.
        line = next((x for x in part if x[0] == words[0]), part[0])
        sentences.append([*zip(line, words, strict=False)])
        words = words[len(line) :]
    return sentences


def words_of(story: str, grammar: Grammar = STORIES) -> Sentence:
    """All words of a whole story, each with its item. Raises ValueError as :func:`parse_story` does."""
    return [pair for sentence in parse_story(story, grammar) for pair in sentence]


def read_state(story: str, grammar: Grammar = STORIES) -> dict[str, str]:
    """The word of each named slot of a whole story. Raises ValueError as :func:`parse_story` does."""
    pairs = words_of(story, grammar)
    return {item.strip("{}"): word for item, word in pairs if item.startswith("{")}
