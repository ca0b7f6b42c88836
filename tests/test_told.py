"""What is asked of a story has the answer that the story gives."""

from collections import Counter, defaultdict

import pytest

from lmlib.states import read_state
from lmlib.stories import STORIES
from lmlib.told import FACTS, chat, dialogues, facts_kept, summary

STORIES_READ = STORIES.sample(60, seed=5)


@pytest.mark.parametrize("story", STORIES_READ[:20])
def test_a_summary_says_every_fact_and_nothing_that_the_story_does_not(
    story: str,
) -> None:
    said = summary(story)
    assert facts_kept(said, story) == 1.0
    frame = {
        "a",
        "stole",
        "the",
        "of",
        "from",
        ",",
        "but",
        "found",
        "it",
        "in",
        "and",
        "was",
        ".",
    }
    assert {*said.split()} - frame <= {*story.split()}


def test_two_stories_with_the_same_facts_have_the_same_summary() -> None:
    facts = (*FACTS, "he")
    by_facts = defaultdict(set)
    for story in STORIES.sample(400, seed=6):
        state = read_state(story)
        by_facts[tuple(state[fact] for fact in facts)].add(summary(story))
    assert all(len(said) == 1 for said in by_facts.values())


def test_facts_are_words_in_any_case_and_order() -> None:
    story = STORIES_READ[0]
    state = read_state(story)
    assert facts_kept("", story) == 0.0
    assert facts_kept(state["name"].title() + "!", story) == pytest.approx(1 / 7)
    # A word that only contains the name of a fact is not that word.
    assert facts_kept(f"x{state['thief']}x", story) == 0.0


@pytest.mark.parametrize("story", STORIES_READ[:20])
def test_answers_stand_in_the_story(story: str) -> None:
    for first, then in dialogues(story):
        for answer in (first.answer, then.answer):
            assert f" {answer.split()[-1]} " in story


def test_a_follow_up_alone_has_two_answers_each_half_of_the_time() -> None:
    for story in STORIES_READ:
        answers = defaultdict(Counter)
        for _, then in dialogues(story):
            answers[then.prompt][then.answer] += 1
        assert len(answers) == 3
        assert all(sorted(count.values()) == [1, 1] for count in answers.values())


def test_a_first_question_has_one_answer() -> None:
    for story in STORIES_READ:
        assert len({first.prompt for first, _ in dialogues(story)}) == 6


def test_the_speakers_take_turns() -> None:
    assert chat("s .", "q ?", "a", "r ?") == "chat : s . A : q ? B : a A : r ? B :"
    assert chat("s .", "q ?") == "chat : s . A : q ? B :"


@pytest.mark.parametrize("wrong", [summary, dialogues])
def test_half_a_story_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="give a whole one"):
        wrong("once upon a time a wise king named tom")  # type: ignore[operator]
