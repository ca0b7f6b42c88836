"""A GPT for several tasks: what it is trained on, its words, and what it writes behind a mark."""

from collections import Counter

import pytest
import torch

from lmlib.chinese import CHINESE
from lmlib.pretrained import load_book_gpt
from lmlib.stories import STORIES, WORDS, story_sequences
from lmlib.task_gpt import as_writer, kinds_of_tasks, load_tasks_gpt, with_task_words
from lmlib.tasks import MARK, Task, task_sequences, write_answers
from lmlib.told import FACTS, chat, dialogues, facts_kept, summary

STORIES_READ = STORIES.sample(60, seed=21)
KINDS = kinds_of_tasks(STORIES_READ, seed=0)


def test_kinds_and_numbers() -> None:
    counts = {kind: len(tasks) for kind, tasks in KINDS.items()}
    assert counts == {"translate": 600, "chat": 120, "write": 75}


def test_the_same_seed_gives_the_same_tasks() -> None:
    assert kinds_of_tasks(STORIES_READ, seed=0) == KINDS
    assert kinds_of_tasks(STORIES_READ, seed=1) != KINDS


def test_every_answer_of_a_chat_is_one_that_the_story_gives() -> None:
    right = {
        (chat(story, *said), answer)
        for story in STORIES_READ
        for first, then in dialogues(story)
        for said, answer in (
            ((first.prompt,), first.answer),
            ((*first, then.prompt), then.answer),
            ((then.prompt,), then.answer),
        )
    }
    assert {*KINDS["chat"]} <= right


def test_a_third_of_the_chats_lack_the_first_question() -> None:
    tasks = kinds_of_tasks(STORIES.sample(300, seed=3), seed=2)["chat"]
    turns = Counter(
        "behind"
        if " B : " in prompt[:-4]
        else "alone"
        if " A : and " in prompt or "they" in prompt
        else "first"
        for prompt, _ in tasks
    )
    assert all(150 < count < 250 for count in turns.values())


def test_all_words_of_all_tasks_are_known_and_fit() -> None:
    model, words = with_task_words(load_book_gpt())
    assert words.vocab[: len(WORDS.vocab)] == WORDS.vocab
    assert {*CHINESE.vocab} <= {*words.vocab}
    tasks = [task for kind in KINDS.values() for task in kind]
    longest = max(map(len, task_sequences(tasks, words)))
    assert longest < model.config.block_size - 20


def test_a_writer_is_asked_behind_its_prompt() -> None:
    model, words = load_tasks_gpt()
    [story] = story_sequences(1, seed=5)
    [task] = task_sequences([Task("story :", STORIES.sample(1, seed=5)[0])], words)
    with torch.no_grad():
        by_hand = model(task[None, :-1])[0]
        found = as_writer(model, words)(story[None, :-1])[0]
    mark = task.tolist().index(words.ids[MARK])
    assert torch.allclose(found, by_hand[mark:], atol=1e-5)


def test_the_model_that_ships_sums_up_stories_that_it_has_not_read() -> None:
    model, words = load_tasks_gpt()
    stories = STORIES.sample(6, seed=77)
    said = write_answers(model, [f"summary : {s}" for s in stories], words, 24)
    kept = [facts_kept(*both) for both in zip(said, stories, strict=True)]
    assert sum(kept) / len(kept) > 6 / len(FACTS)
    assert {text.split()[0] for text in said} == {summary(stories[0]).split()[0]}


@pytest.mark.parametrize("size", [1, 3])
def test_a_writer_takes_batches(size: int) -> None:
    model, words = load_tasks_gpt()
    tokens = torch.zeros(size, 4, dtype=torch.long)
    with torch.no_grad():
        assert as_writer(model, words)(tokens).shape == (size, 4, len(words.vocab))
