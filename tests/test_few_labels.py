"""A task with few labels: texts do not show their label, and the checkpoint that validation likes is kept."""

from __future__ import annotations

import pytest
import torch

from lmlib.few_labels import (
    BAD,
    GOOD,
    accuracy,
    bag_of_words,
    fine_tune,
    mood_task,
    train_head,
)
from lmlib.finetuning import Classifier
from lmlib.stories import STORIES, WORDS, turned_grammar
from lmlib.transformer import GPT, Config


def test_prompts_end_before_the_mood_and_labels_say_it() -> None:
    prompts, labels = mood_task(40, seed=5)
    for ids, label, story in zip(prompts, labels, STORIES.sample(40, 5), strict=True):
        *shown, ending, stop = story.split()
        assert WORDS.decode(ids[1:]).split() == shown and stop == "."
        assert ending in (GOOD if label else BAD)


def test_bag_of_words_counts() -> None:
    (row,) = bag_of_words([torch.tensor([0, 7, 7, 3])])
    assert len(row) == len(WORDS.vocab)
    assert {i: n for i, n in enumerate(row.tolist()) if n} == {0: 1, 3: 1, 7: 2}


def test_a_head_finds_what_one_number_says() -> None:
    x = torch.randn(100, 4, generator=torch.Generator().manual_seed(0))
    y = (x[:, 2] > 0).long()
    assert accuracy(train_head(x, y)(x), y) > 0.9


def test_the_checkpoint_with_the_lowest_validation_loss_is_kept() -> None:
    prompts = [torch.tensor([0, 5 + i % 2, 3]) for i in range(40)]
    labels = torch.tensor([i % 2 for i in range(40)])
    model = Classifier(GPT(Config(vocab_size=10, block_size=8, d_model=16)), 2)
    log = fine_tune(model, prompts, labels, rate=1e-2, steps=30)
    assert [record.step for record in log] == [10, 20, 30]
    last = torch.stack(prompts[:8])
    loss = torch.nn.functional.cross_entropy(model(last), labels[:8]).item()
    assert loss == pytest.approx(min(r.eval_loss or 9.0 for r in log), rel=1e-3)


def test_the_second_language_has_the_same_words_turned_round() -> None:
    other, lists = turned_grammar()
    assert other.vocab == STORIES.vocab  # or the ids would mean other words
    assert len(lists) == 9
    text = "once upon a time a wise king named tom lived in"
    here, there = STORIES.next_word(text), other.next_word(text)
    assert list(here) == list(reversed(there))
    assert list(here.values()) == pytest.approx(list(there.values()))
