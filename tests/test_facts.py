"""Facts and kinds of words: what the grammar's own slots say, models that know one and not the other, and slips."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from lmlib.facts import facts_and_grammar, first_slip, guesses, places
from lmlib.pretrained import load_book_gpt
from lmlib.states import parse_story
from lmlib.stories import STORIES, WORDS
from lmlib.tokens import END

TOLD = STORIES.sample(40, seed=5)


def test_places_are_the_slots_of_the_grammar() -> None:
    facts = 0
    for story in TOLD:
        items = [item for sentence in parse_story(story) for item, _ in sentence]
        *found, behind = places(story)
        assert behind.kind == {END} and len(found) == len(items)
        seen = set()
        for place, item, word in zip(found, items, story.split(), strict=True):
            assert word in place.possible and {*place.possible} <= place.kind
            if item.startswith("{"):
                assert place.slot == item.strip("{}")
                told = item in seen or item in ("{he}", "{his}")
                assert place.is_fact == told, item
            else:
                assert not place.is_fact
            facts += place.is_fact
            seen.add(item)
    assert facts > 400


def test_towns_and_their_kind() -> None:
    first, again = (p for p in places(TOLD[0]) if p.slot == "town")
    assert first.kind == again.kind and len(first.kind) == 12
    assert not first.is_fact and again.is_fact


class Knows:
    """The grammar's own word everywhere, but at some places the last of its kind, or one of no kind."""

    def __init__(self, wrong_facts: bool, wrong_kind: bool) -> None:
        self.wrong_facts, self.wrong_kind = wrong_facts, wrong_kind

    def __call__(self, tokens: Tensor) -> Tensor:
        logits = torch.zeros(*tokens.shape, len(WORDS.vocab))
        for row, ids in zip(logits, tokens.tolist(), strict=True):
            text = WORDS.decode(i for i in ids if i)
            for at, place in zip(row, places(text), strict=True):
                word = next(iter(place.possible))
                if place.is_fact and self.wrong_facts:
                    word = next(w for w in sorted(place.kind) if w != word)
                if not place.is_fact and self.wrong_kind:
                    word = next(w for w in WORDS.vocab if w not in place.kind)
                at[WORDS.ids[word]] = 1
        return logits


def test_models_that_know_one_and_not_the_other() -> None:
    assert facts_and_grammar(Knows(False, False), TOLD) == (1, 1)
    assert facts_and_grammar(Knows(True, False), TOLD) == (0, 1)
    facts, kind = facts_and_grammar(Knows(False, True), TOLD)
    assert facts == 1 and 0.05 < kind < 0.25  # what is left are the facts
    assert facts_and_grammar(load_book_gpt(), TOLD) == (1, 1)


def test_every_place_is_asked_once() -> None:
    told = guesses(STORIES, TOLD)
    assert len(told) == sum(len(WORDS.encode(story)) + 1 for story in TOLD)


def test_slips() -> None:
    story = TOLD[0]
    words, items = story.split(), [i for s in parse_story(story) for i, _ in s]
    assert first_slip(story) == first_slip("") == first_slip(" ".join(words[:30])) == ""
    last = max(i for i, item in enumerate(items) if item == "{town}")
    other = next(w for w in STORIES.slots["{town}"].tables[""] if w != words[last])
    assert first_slip(" ".join([*words[:last], other, *words[last + 1 :]])) == "fact"
    assert first_slip(" ".join([*words[:last], "the", *words[last + 1 :]])) == "grammar"
    assert first_slip(f"{story} once") == "grammar"  # a story has ended
    wrong = [*words[:last], other, *words[last + 1 : -1], "the"]
    assert first_slip(" ".join(wrong)) == "fact"  # the first one counts


def test_no_story() -> None:
    with pytest.raises(ValueError, match="words: "):
        guesses(STORIES, ["once upon upon"])
