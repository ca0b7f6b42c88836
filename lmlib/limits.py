"""What a model repeats of its text and what it invents: a biased grammar, texts turned round, facts that are checked.

>>> swapped("a king named tom lost his lamp .")
'a queen named mia lost her lamp .'
>>> check_claims("once upon a time a wise king named tom lived in ashby . the queen")[0]
[Claim(place=14, said='queen', right='king')]
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch

from lmlib.files import read_text
from lmlib.grammar import Grammar
from lmlib.slots import Slot, mix
from lmlib.stories import STORIES, TOML
from lmlib.tokens import END

SHARES = {
    "farmer": 0.4, "baker": 0.75, "miller": 0.6, "soldier": 0.1,
    "sailor": 0.25, "teacher": 0.9, "doctor": 0.25, "hunter": 0.5,
}  # fmt: skip
"""The share of stories in which a helper is "she": made up, as is everything in the stories."""

_MEN = (
    "king man prince boy he his tom ben jack sam max leo finn noah adam paul hugo otto"
)
_WOMEN = "queen woman princess girl she her mia anna lily rose ella ruby clara emma nora alice julia sarah"
PAIRS = dict(zip(_MEN.split(), _WOMEN.split(), strict=True))
"""Words of the stories that stand for men, and those that stand for women in their place."""


TALE = (
    "once upon a time a {age} {person} named {name} lived in {town} .",
    "luckily a {helper} came and {they} (chased|followed|caught|scared) the {thief} .",
    "in the end {he} was {ending} .",
)
"""A story of three sentences. All its words are words of the book's stories."""


def skewed_grammar(shares: Mapping[str, float] = SHARES) -> Grammar:
    """Tales in which a helper is "she" in a share of them that depends on the helper.

    Raises ValueError where the helpers are others than those of the stories, or a share is outside [0, 1].

    >>> begun = "once upon a time a wise king named tom lived in ashby . luckily a"
    >>> skewed_grammar().next_word(f"{begun} farmer came and")
    {'she': 0.4, 'he': 0.6}
    """
    spec = tomllib.loads(read_text(TOML))
    _check_shares(shares, spec["slots"]["helper"]["words"].split())
    spec["slots"]["they"] = {"given": "helper", "words": {" ".join(shares): "she he"}}
    grammar = Grammar(**{**spec, "story": [*TALE]})
    one = {"she": 1.0}, {"he": 1.0}
    tables = {h: mix(zip((s, 1 - s), one, strict=True)) for h, s in shares.items()}
    grammar.slots["{they}"] = Slot("{helper}", tables)
    return grammar


def swapped(text: str, pairs: Mapping[str, str] = PAIRS) -> str:
    """The text with both words of each pair exchanged: counterfactual data augmentation, Lu et al. (2020).

    >>> swapped("he saw her")
    'she saw his'
    """
    both = {**pairs, **{b: a for a, b in pairs.items()}}
    return " ".join(both.get(word, word) for word in text.split())


class Claim(NamedTuple):
    """A fact that the story had settled before: the word that a text says, and the one that is right."""

    place: int  # words before it
    said: str
    right: str


def check_claims(
    text: str, grammar: Grammar = STORIES
) -> tuple[list[Claim], int | None]:
    """Every settled fact that ``text`` states again, and the place of its first other fault, None where there is none.

    A fact is settled where the grammar allows one word alone, and that word is drawn and no frame. It is read
    on as if the right one stood there. The other fault is a word of probability 0 where no fact was to be told
    again, or none is; behind it nothing can be judged.

    >>> check_claims("once upon a time a tall man named ben lived in ashby . the woman")
    ([Claim(place=14, said='woman', right='man')], None)
    """
    facts = {w for s in grammar.slots.values() for t in s.tables.values() for w in t}
    claims: list[Claim] = []
    read = [END]
    reading = grammar.follow(iter(read.pop, None))  # goes on with what is put there
    for place, said in enumerate(text.split()):
        possible = next(reading)
        right = next(iter(possible))
        if len(possible) == 1 and {right, said} <= facts:
            claims.append(Claim(place, said, right))
            said = right
        if said not in possible:
            return claims, place
        read.append(said)
    return claims, None


def auc(right: Sequence[float], wrong: Sequence[float]) -> float:
    """How often a right one has the higher of two probabilities, a tie counted half: formula `eq:auc`.

    0.5 is chance, 1 parts them wholly. Raises ValueError where either is empty. Hanley and McNeil (1982).

    >>> auc([0.9, 0.8, 0.4], [0.6, 0.4])
    0.75
    """
    if not len(right) or not len(wrong):
        raise ValueError(
            f"right, wrong: {len(right)} and {len(wrong)} numbers; give one of each at least"
        )
    high, low = torch.tensor([*right]).double(), torch.tensor([*wrong]).double()
    above = (high[:, None] > low).double() + 0.5 * (high[:, None] == low).double()
    return above.mean().item()


def _check_shares(shares: Mapping[str, float], helpers: Sequence[str]) -> None:
    if {*shares} != {*helpers}:
        raise ValueError(f"shares: {sorted(shares)}; name {sorted(helpers)}")
    for helper, share in shares.items():
        if not 0 <= share <= 1:
            raise ValueError(f"shares: {share} of {helper!r} is outside [0, 1]")
