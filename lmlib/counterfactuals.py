"""Stories in pairs that differ in one fact, cut off where that fact is asked for.

>>> pairs = story_pairs("town", 2, seed=0)
>>> WORDS.decode(pairs.tokens[0, :12]) == WORDS.decode(pairs.other[0, :12])
True
>>> [WORDS.vocab[i] for i in pairs.answers[0].flatten()]  # in this story, and in the other one
['oakton', 'foxley']
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

import torch
from torch import Tensor, nn

from lmlib.few_labels import BAD, GOOD
from lmlib.states import parse_story, read_state, words_of
from lmlib.stories import STORIES, WORDS
from lmlib.tokens import END, prompt
from lmlib.validation import check_choice, check_positive

FACTS = ("town", "colour", "object", "thief", "hiding", "name", "person", "his", "he", "mood")  # fmt: skip
"""What a story says once and asks for again: slots of the grammar, and the mood that its ending tells."""
_PARTNERS = {"king": "queen", "man": "woman", "prince": "princess", "boy": "girl"}
_PARTNERS |= {woman: man for man, woman in _PARTNERS.items()}
_CUES = ("sky", "people", "way")


@dataclass(frozen=True)
class Pairs:
    """N stories and the same with one fact changed, both up to the question; behind it stands padding."""

    tokens: Tensor  # (N, T) ids
    other: Tensor  # (N, T), of the same lengths
    at: Tensor  # (N,) where the last token before the answer stands
    answers: Tensor  # (N, 2, K) ids of the answer here and in the other story; of a mood, K = 4 words

    def difference(self, logits: Tensor) -> Tensor:
        """How far the answer here leads at the question, (N, T, V) → (N,): the log of the odds, in nats."""
        asked = logits[torch.arange(len(self.at)), self.at]  # (N, V)
        both = asked[:, None].expand(-1, 2, -1).gather(-1, self.answers)  # (N, 2, K)
        here, there = both.logsumexp(-1).unbind(-1)
        return here - there


def story_pairs(fact: str, n: int, seed: int) -> Pairs:
    """``n`` pairs that differ in one of :data:`FACTS`, of stories that ask for it.

    With ``person``, ``his`` and ``he`` the whole person is changed. Raises ValueError for another fact.
    """
    check_choice("fact", fact, FACTS)
    check_positive(n=n)
    rng, places = random.Random(seed), list[int]()
    told: list[tuple[Tensor, Tensor, list[list[int]]]] = []
    stories = (STORIES.sample(1, seed=1_000 * seed + i)[0] for i in count())
    while len(told) < n:
        story = next(stories)
        at = asked_at(story, fact)
        if at is not None:
            told.append(_pair(story, fact, at, rng))
            places.append(at)
    tokens, other, answers = zip(*told, strict=True)
    here, there = (nn.utils.rnn.pad_sequence([*x], True) for x in (tokens, other))
    return Pairs(here, there, torch.tensor(places), torch.tensor(answers))


def asked_at(story: str, fact: str) -> int | None:
    """Where the last token before the answer stands, ``END`` at 0; None where the story never asks."""
    words = [END, *story.split()]
    if fact == "mood":
        return len(words) - 3
    word = read_state(story)[fact]
    found = [i for i, other in enumerate(words) if other == word]
    if fact == "he":
        return found[-1] - 1
    if fact in ("his", "person"):
        return found[fact == "person"] - 1
    return found[-1] - 1 if len(found) > 1 else None


def retold(story: str, **words: str) -> str:
    """The same story with other words in these slots. Raises ValueError where the grammar cannot write it.

    >>> retold(STORIES.sample(1, seed=0)[0], town="ashby")[:56]
    'once upon a time a little girl named anna lived in ashby'
    """
    pairs = words_of(story)
    slots = {f"{{{name}}}": word for name, word in words.items()}
    told = " ".join(slots.get(item, word) for item, word in pairs)
    parse_story(told)  # which refuses what the grammar cannot write
    return told


def _pair(
    story: str, fact: str, at: int, rng: random.Random
) -> tuple[Tensor, Tensor, list[list[int]]]:
    state = read_state(story)
    words = _other_words(state, fact, rng)
    good_ending = state["ending"] in GOOD
    answers: tuple[tuple[str, ...], ...] = (GOOD, BAD) if good_ending else (BAD, GOOD)
    if fact != "mood":
        answers = ((state[fact],), (words[fact],))
    told = (story, retold(story, **words))
    tokens, other = (prompt(x, WORDS)[0, : at + 1] for x in told)
    return tokens, other, [[WORDS.ids[word] for word in one] for one in answers]


def _other_words(
    state: Mapping[str, str], fact: str, rng: random.Random
) -> dict[str, str]:
    """The words of the slots that make the fact another one."""
    slots = STORIES.slots
    if fact == "mood":
        return {cue: _turned(cue, state[cue], rng) for cue in _CUES}
    if fact in ("person", "his", "he"):
        person = _PARTNERS[state["person"]]
        name = rng.choice([*slots["{name}"].tables[person]])
        pronouns = {
            x: next(iter(slots[f"{{{x}}}"].tables[person])) for x in ("he", "his")
        }
        return {"person": person, "name": name, **pronouns}
    table = slots[f"{{{fact}}}"].tables[state["person"] if fact == "name" else ""]
    return {fact: rng.choice([word for word in table if word != state[fact]])}


def _turned(cue: str, word: str, rng: random.Random) -> str:
    """A word that tells the other mood."""
    good, bad = STORIES.slots[f"{{{cue}}}"].tables.values()
    told = good[word] > bad[word]
    return rng.choice([other for other in good if (good[other] > bad[other]) != told])
