"""Whether a model remembers what a story said, and whether it still knows how stories go.

>>> facts_and_grammar(STORIES, STORIES.sample(2, seed=0))  # the grammar itself
(1.0, 1.0)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch

from lmlib.language_models import LanguageModel
from lmlib.slots import Distribution
from lmlib.stories import STORIES, WORDS
from lmlib.tokens import END


@dataclass(frozen=True)
class Place:
    """A place of a story: the words that the text so far lets stand there, and all words of their kind."""

    possible: Distribution
    kind: frozenset[str]
    slot: str  # which says a kind of word; "" where only one word ever stands

    @property
    def is_fact(self) -> bool:
        """Whether the story so far leaves one word, of several of its kind."""
        return len(self.possible) == 1 and len(self.kind) > 1


def places(text: str) -> Iterator[Place]:
    """The place of each word of a text by the book's grammar, in order, and the one behind it.

    Raises ValueError at a word that cannot stand there; the place of that word has been given by then.

    >>> *_, last = places("once upon a time a wise king")
    >>> *_, town = places(STORIES.sample(1, seed=0)[0].partition("oakton with")[0])
    >>> last.kind, town.is_fact, len(town.kind)
    (frozenset({'named'}), True, 12)
    """
    for possible in STORIES.follow([END, *text.split()]):
        slot = next((s for s, words in _KINDS.items() if {*possible} <= words), "")
        yield Place(possible, _KINDS.get(slot, frozenset(possible)), slot.strip("{}"))


_KINDS = {
    name: frozenset(word for table in slot.tables.values() for word in table)
    for name, slot in STORIES.slots.items()
}


@torch.no_grad()
def guesses(model: LanguageModel, stories: Sequence[str]) -> list[tuple[Place, str]]:
    """Every place of these whole stories, and the word that a model holds for the likeliest there.

    It has read the story itself up to there; stories of one length are read at once, and stand
    together in what is found. Raises ValueError as :func:`places` does.
    """
    found: list[tuple[Place, str]] = []
    for _, group in groupby(sorted(stories, key=_length), key=_length):
        alike = list(group)
        ids = [[WORDS.ids[END], *WORDS.encode(story)] for story in alike]
        likeliest = model(torch.tensor(ids)).argmax(-1).tolist()
        for story, row in zip(alike, likeliest, strict=True):
            words = (WORDS.vocab[word] for word in row)
            found += zip(places(story), words, strict=True)
    return found


def _length(story: str) -> int:
    return len(WORDS.split(story))


def facts_and_grammar(
    model: LanguageModel, stories: Sequence[str]
) -> tuple[float, float]:
    """The share of facts whose word is the likeliest, and of all places where one of the right kind is.

    The grammar's own shares are 1 and 1. Errors as in :func:`guesses`.
    """
    told = guesses(model, stories)
    right = [word in place.possible for place, word in told if place.is_fact]
    kinds = [word in place.kind for place, word in told]
    return sum(right) / len(right), sum(kinds) / len(kinds)


def first_slip(text: str) -> str:
    """Of what kind the first word is that the grammar cannot write: "fact", "grammar", or "" where there is none.

    A wrong fact is a word of the right kind, such as another name than the one that was told.

    >>> first_slip("once upon a time a wise king named mia"), first_slip("once upon upon")
    ('fact', 'grammar')
    """
    words, seen = text.split(), -1
    try:
        for seen, place in enumerate(places(text)):  # noqa: B007
            pass
    except ValueError:
        return "fact" if words[seen] in place.kind else "grammar"
    return ""
