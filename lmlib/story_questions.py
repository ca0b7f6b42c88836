"""Questions about a story whose answers are one word of it, and stories that can be told apart by their keys.

>>> state = read_state(STORIES.sample(1, seed=0)[0])
>>> ask(state, "thief"), state["thief"]
('who took the kite of anna ?', 'bear')
"""

from __future__ import annotations

from collections.abc import Mapping

from lmlib.states import read_state
from lmlib.stories import STORIES

KINDS = {
    "thief": "who took the {object} of {name} ?",
    "hiding": "where was the {object} of {name} hidden ?",
    "colour": "what colour had the {object} of {name} ?",
    "town": "where did {name} with the {object} live ?",
}
"""What can be asked for, a slot of the grammar, and how. Object and name say of which story: they are its key."""
UNKNOWN = "unknown"
"""The answer where a text does not tell."""
ASKING = (
    "who",
    "where",
    "was",
    "of",
    "hidden",
    "what",
    "had",
    "did",
    "live",
    "colour",
    "?",
    UNKNOWN,
)
"""Words of questions and answers, some of which no story has."""


def ask(state: Mapping[str, str], kind: str) -> str:
    """A question of one of the :data:`KINDS` about the story with this state. Raises ValueError for another kind.

    >>> ask({"name": "tom", "object": "kite"}, "town")
    'where did tom with the kite live ?'
    """
    if kind not in KINDS:
        raise ValueError(f"kind: {kind!r}; use one of {', '.join(KINDS)}")
    return KINDS[kind].format(**state)


def quoted(state: Mapping[str, str], kind: str) -> str:
    """An answer that says first of which story it is.

    >>> quoted({"name": "tom", "object": "kite", "thief": "fox"}, "thief")
    'kite of tom fox'
    """
    return f"{state['object']} of {state['name']} {state[kind]}"


def checked(written: str, state: Mapping[str, str]) -> str:
    """The word behind the quotation if that fits the story, else :data:`UNKNOWN`.

    >>> checked("kite of tom fox", {"name": "tom", "object": "kite"})
    'fox'
    >>> checked("kite of tom fox", {"name": "mia", "object": "kite"})
    'unknown'
    """
    key, _, word = written.rpartition(" ")
    return word if key == f"{state['object']} of {state['name']}" else UNKNOWN


def library(n: int, seed: int) -> list[str]:
    """``n`` stories of which no two have the same object and name.

    Raises ValueError for more than 300: there are 384 keys, and some are rare.

    >>> len({(s["object"], s["name"]) for s in map(read_state, library(50, seed=0))})
    50
    """
    if n > 300:
        raise ValueError(f"n: {n} stories with keys of their own; use 300 at most")
    found: dict[tuple[str, str], str] = {}
    draw = seed
    while len(found) < n:
        for story in STORIES.sample(n, draw):
            state = read_state(story)
            if len(found) < n:
                found.setdefault((state["object"], state["name"]), story)
        draw += 1_000_003  # another seed, far from those that others take
    return [*found.values()]
