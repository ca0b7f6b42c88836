"""What a label may say of the words of a story: who, what and where; who acts, and to whom it is done.

>>> story = STORIES.sample(1, seed=0)[0]
>>> [(" ".join(story.split()[a:b]), kind) for a, b, kind in entities(story)][:3]
[('little girl', 'PERSON'), ('anna', 'PERSON'), ('oakton', 'PLACE')]
"""

from __future__ import annotations

import random
from typing import NamedTuple

from lmlib.grammar import Grammar
from lmlib.labelling import OUTSIDE, Span, read_bio
from lmlib.states import words_of
from lmlib.stories import STORIES

KINDS = {
    "PERSON": "{age} {person} {name} {helper}",
    "ANIMAL": "(hungry|brown|clever|lost) {animal} (sly|thin|fat|strange) {thief}",
    "THING": "(lovely|little|shiny|plain) {colour} {object}",
    "PLACE": "{town} (new|big|tiny|quiet) {place} {hiding}",
}
"""Which items of the grammar belong to an entity of each kind."""
FACTS = ("name", "town", "colour", "object", "thief", "hiding")
"""The columns of a table of stories."""
ANIMALS, THIEVES = (
    tuple(STORIES.slots[slot].tables[""]) for slot in ("{animal}", "{thief}")
)
AGENT, PATIENT = "AGENT", "PATIENT"


def entities(story: str, grammar: Grammar = STORIES) -> list[Span]:
    """Who, what and where in a whole story: words in a row of one of the :data:`KINDS`.

    Raises ValueError as :func:`lmlib.states.parse_story` does.
    """
    kind_of = {item: kind for kind, items in KINDS.items() for item in items.split()}
    items = [item for item, _ in words_of(story, grammar)]
    # Two entities of one kind never stand side by side in a story, so no B- is needed.
    return read_bio(f"I-{kind_of[i]}" if i in kind_of else OUTSIDE for i in items)


def facts(story: str, grammar: Grammar = STORIES) -> list[str]:
    """For each word of a whole story the column of :data:`FACTS` that it fills, or O.

    Raises ValueError as :func:`lmlib.states.parse_story` does.

    >>> {*zip(facts(story := STORIES.sample(1, seed=0)[0]), story.split())} >= {("thief", "bear")}
    True
    """
    items = [item for item, _ in words_of(story, grammar)]
    return [name if (name := i.strip("{}")) in FACTS else OUTSIDE for i in items]


class Chase(NamedTuple):
    """Words of a sentence, and the role of each: AGENT acts, to PATIENT it is done, O is neither."""

    words: list[str]
    roles: list[str]

    @property
    def thief_acts(self) -> bool:
        """Whether it is the thief of the two who acts."""
        return self.words[self.roles.index(AGENT)] in THIEVES


def chases(n: int, seed: int, active: float = 2 / 3) -> list[Chase]:
    """Sentences of eight words, of a thief and an animal one of which chases the other; ``active`` of them so told.

    Which of the two acts, and who they are, are coins of their own. Raises ValueError for a share outside 0 … 1.

    >>> [one] = chases(1, seed=1)
    >>> " ".join(one.words), one.roles[1], one.thief_acts
    ('the crow chased the cow around noon .', 'AGENT', True)
    """
    if not 0 <= active <= 1:
        raise ValueError(f"active: {active} is no share; use 0 … 1")
    rng = random.Random(seed)
    return [_chase(rng, active) for _ in range(n)]


def _chase(rng: random.Random, active: float) -> Chase:
    first, second = rng.sample([rng.choice(THIEVES), rng.choice(ANIMALS)], 2)
    verb = rng.choice(("chased", "followed", "caught", "scared"))
    if rng.random() < active:
        text = f"the {first} {verb} the {second} around noon ."
    else:
        text = f"the {first} was {verb} by the {second} ."
    words = text.split()
    of_first, of_second = (AGENT, PATIENT) if words[2] == verb else (PATIENT, AGENT)
    roles = {first: of_first, second: of_second}
    return Chase(words, [roles.get(word, OUTSIDE) for word in words])
