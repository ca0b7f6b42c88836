"""The book's stories: their grammar, from ``stories.toml``, and stories to train on and to hold out.

>>> STORIES.sample(1, seed=0)[0][:37]
'once upon a time a little girl named '
>>> STORIES.next_word("once upon a time a wise")
{'king': 0.25, 'queen': 0.25, 'man': 0.25, 'woman': 0.25}
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from torch import Tensor

from lmlib.files import read_text
from lmlib.grammar import Grammar
from lmlib.tokens import WordTokenizer, sequences

TOML = Path(__file__).with_name("stories.toml")
"""The grammar as a file that you may copy and change."""


def read_grammar(path: str | Path) -> Grammar:
    """Read a grammar from a file in the form of ``lmlib/stories.toml``; raises ValueError as `read_text` does."""
    return Grammar(**tomllib.loads(read_text(path)))


STORIES = read_grammar(TOML)
"""The book's grammar."""
WORDS = WordTokenizer(STORIES.vocab)
"""The tokenizer of its stories; a word has the same id as in the grammar."""


def turned_grammar() -> tuple[Grammar, dict[str, list[str]]]:
    """A second language: every word list that has common and rare words stands upside down. Also these lists.

    >>> list(turned_grammar()[0].next_word("once upon a time a wise king named tom lived in"))[:2]
    ['stonebridge', 'winterham']
    """
    spec = tomllib.loads(read_text(TOML))
    lists = {}
    for name, slot in spec["slots"].items():
        if isinstance(slot["words"], str) and not slot.get("uniform"):
            lists[name] = slot["words"].split()
            slot["words"] = " ".join(reversed(lists[name]))
    return Grammar(**spec), lists


def story_sequences(n: int, seed: int) -> list[Tensor]:
    """``n`` stories as (T,) ids between two ``END`` tokens; the same seed gives the same stories.

    >>> story_sequences(2, seed=0)[0][:4]
    tensor([  0, 191, 284,   2])
    """
    return sequences(STORIES.sample(n, seed), WORDS)


def story_split(n_train: int, n_held_out: int) -> tuple[list[Tensor], list[Tensor]]:
    """Stories to train on, from seed 0, and others to measure with, from seed 1.

    >>> train, held_out = story_split(20, 4)
    >>> len(train), len(held_out)
    (20, 4)
    """
    return story_sequences(n_train, seed=0), story_sequences(n_held_out, seed=1)
