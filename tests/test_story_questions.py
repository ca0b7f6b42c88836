"""Questions about stories: their form, their keys, and answers that say what they are about."""

import pytest

from lmlib.states import read_state
from lmlib.stories import STORIES, WORDS
from lmlib.story_questions import ASKING, KINDS, UNKNOWN, ask, checked, library, quoted

STATES = [read_state(story) for story in STORIES.sample(40, seed=12)]


def test_every_word_of_a_question_is_known_or_listed() -> None:
    known = {*WORDS.vocab, *ASKING}
    for state in STATES:
        for kind in KINDS:
            assert {*ask(state, kind).split(), state[kind]} <= known


def test_a_question_names_hero_and_object_and_not_its_answer() -> None:
    for state in STATES:
        for kind in KINDS:
            words = ask(state, kind).split()
            assert {state["name"], state["object"]} <= {*words}
            assert state[kind] not in words


def test_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="kind: 'weather'; use one of thief"):
        ask(STATES[0], "weather")


@pytest.mark.parametrize("kind", KINDS)
def test_a_quotation_is_accepted_for_its_own_story_alone(kind: str) -> None:
    keys = [(state["object"], state["name"]) for state in STATES]
    for a, one in zip(keys, STATES, strict=True):
        for b, other in zip(keys, STATES, strict=True):
            said = checked(quoted(one, kind), other)
            assert said == (one[kind] if a == b else UNKNOWN)


@pytest.mark.parametrize(
    "written", ["", "fox", "of fox", "kite of mia", "kite tom fox"]
)
def test_what_is_no_quotation_is_unknown(written: str) -> None:
    assert checked(written, {"object": "kite", "name": "tom"}) == UNKNOWN


def test_stories_of_a_library_have_keys_of_their_own() -> None:
    stories = library(200, seed=5)
    states = [read_state(story) for story in stories]
    assert len({(s["object"], s["name"]) for s in states}) == len(stories) == 200
    assert stories == library(200, seed=5) != library(200, seed=6)
    assert stories[:1] == STORIES.sample(1, seed=5)


def test_a_library_too_large() -> None:
    with pytest.raises(ValueError, match="n: 301"):
        library(301, seed=0)
