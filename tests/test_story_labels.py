"""What the grammar says of the words of a story, and sentences in two voices."""

from __future__ import annotations

import pytest

from lmlib.labelling import read_bio, to_bio
from lmlib.states import read_state
from lmlib.stories import STORIES, WORDS, turned_grammar
from lmlib.story_labels import ANIMALS, FACTS, KINDS, THIEVES, chases, entities, facts

STORIES_OF_THE_TEST = STORIES.sample(100, seed=11)


@pytest.mark.parametrize("story", STORIES_OF_THE_TEST)
def test_entities_are_those_that_the_story_is_about(story: str) -> None:
    words, state = story.split(), read_state(story)
    found = [(" ".join(words[a:b]), kind) for a, b, kind in entities(story)]
    names = [text for text, kind in found if kind == "PERSON"]
    assert names[:2] == [f"{state['age']} {state['person']}", state["name"]]
    things = [text for text, kind in found if kind == "THING"]
    assert {text.split()[-1] for text in things} == {state["object"]}
    assert things[0].endswith(f"{state['colour']} {state['object']}")
    last = [text.split()[-1] for text, kind in found if kind == "PLACE"]
    assert last.count(state["town"]) == 2 and last.count(state["hiding"]) == 2
    animals = {text.split()[-1] for text, kind in found if kind == "ANIMAL"}
    assert state["thief"] in animals <= {*ANIMALS, *THIEVES}
    assert {kind for _, kind in found} <= {*KINDS}
    spans = entities(story)
    assert read_bio(to_bio(spans, len(words))) == spans


@pytest.mark.parametrize("story", STORIES_OF_THE_TEST[:30])
def test_facts_are_the_state(story: str) -> None:
    said: dict[str, set[str]] = {}
    for word, fact in zip(story.split(), facts(story), strict=True):
        said.setdefault(fact, set()).add(word)
    assert said.keys() == {"O", *FACTS}
    assert all(said[fact] == {read_state(story)[fact]} for fact in FACTS)


def test_another_grammar_and_half_a_story() -> None:
    grammar, _ = turned_grammar()
    (story,) = grammar.sample(1, seed=0)
    assert len(facts(story, grammar)) == len(story.split())
    assert entities(story, grammar)
    for read in (entities, facts):
        with pytest.raises(ValueError, match="story"):
            read("once upon a time a wise king named tom lived in ashby .")


def test_sentences_in_two_voices() -> None:
    made = chases(600, seed=3)
    assert made == chases(600, seed=3) != chases(600, seed=4)
    acts = active = first = 0
    for chase in made:
        words, roles = chase.words, chase.roles
        assert len(words) == len(roles) == 8 and WORDS.encode(" ".join(words))
        assert sorted(roles)[:2] == ["AGENT", "O"] and roles.count("PATIENT") == 1
        agent, patient = (words[roles.index(r)] for r in ("AGENT", "PATIENT"))
        assert (agent in THIEVES) != (patient in THIEVES)
        assert chase.thief_acts == (agent in THIEVES)
        passive = "was" in words
        assert (words.index(agent) > words.index(patient)) == passive
        active += not passive
        acts += chase.thief_acts
        first += words[1] in THIEVES
    assert abs(active - 400) < 50 and abs(acts - 300) < 50 and abs(first - 300) < 50


def test_shares_of_the_active_voice() -> None:
    assert not any("was" in chase.words for chase in chases(20, seed=0, active=1))
    assert all("was" in chase.words for chase in chases(20, seed=0, active=0))
    with pytest.raises(ValueError, match=r"active: 1\.5"):
        chases(1, seed=0, active=1.5)
