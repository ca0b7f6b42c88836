"""Dictionaries in a prompt, and how far above the floor a story is."""

from __future__ import annotations

import math
from collections import defaultdict
from random import Random

import pytest
import torch
from torch import Tensor

from lmlib.batches import IGNORE
from lmlib.chinese import CHINESE, in_chinese
from lmlib.evaluation import token_losses
from lmlib.stories import STORIES, WORDS
from lmlib.tokens import WordTokenizer, sequences
from lmlib.transfer import (
    KEYS,
    PAIRS,
    VALUES,
    Episodes,
    Pairs,
    above_floor,
    answers,
    are_right,
    as_text,
    episode,
    expected_accuracy,
    seen,
)


def best_answer(before: Pairs, key: str) -> str:
    """What the best reader says: what stood behind the key before, or anything."""
    return dict(before).get(key, VALUES[0])


@pytest.mark.parametrize("n_keys", [1, 2, 4])
def test_the_formula_is_what_the_best_reader_gets(n_keys: int) -> None:
    episodes = [episode(Random(f"{n_keys} {i}"), 9, n_keys) for i in range(4_000)]
    for k in (0, 1, 3, 8):
        right = sum(best_answer(p[:k], p[k][0]) == p[k][1] for p in episodes)
        expected = expected_accuracy(k, n_keys, len(VALUES))
        spread = math.sqrt(expected * (1 - expected) / len(episodes))
        assert abs(right / len(episodes) - expected) <= 4 * spread + 1e-9


def test_cases_that_are_known_without_the_formula() -> None:
    assert expected_accuracy(0, 4, 8) == pytest.approx(1 / 8)
    assert expected_accuracy(1, 1, 8) == 1
    assert expected_accuracy(5, 3, 1) == 1
    assert expected_accuracy(1, 2, 2) == pytest.approx(3 / 4)
    assert expected_accuracy(10_000, 4, 8) == pytest.approx(1)


@pytest.mark.parametrize(
    "given, name", [((-1, 4, 8), "k"), ((1, 0, 8), "n_keys"), ((1, 4, 0), "n_values")]
)
def test_numbers_that_make_no_sense(given: tuple[int, int, int], name: str) -> None:
    with pytest.raises(ValueError, match=name):
        expected_accuracy(*given)


def test_a_key_has_one_value_in_an_episode_and_others_in_others() -> None:
    found = defaultdict(set)
    for i in range(300):
        pairs = episode(Random(i))
        assert len(pairs) == 9 and len({key for key, _ in pairs}) <= len(KEYS)
        assert len({*pairs}) == len({key for key, _ in pairs})
        for key, value in pairs:
            found[key].add(value)
    assert found.keys() == {*KEYS} and all(
        len(v) == len(VALUES) for v in found.values()
    )


def test_a_table_gives_the_values() -> None:
    table = dict(zip(KEYS, VALUES, strict=False))
    assert {*episode(Random(0), 40, table=table)} <= {*table.items()}


def test_more_keys_than_there_are() -> None:
    with pytest.raises(ValueError, match=f"use {len(KEYS)} or fewer"):
        episode(Random(0), n_keys=len(KEYS) + 1)


def test_what_was_seen() -> None:
    assert seen([("tom", "red"), ("mia", "red"), ("tom", "red")]) == [
        False,
        False,
        True,
    ]


def test_batches_are_fresh_and_ask_for_values_alone() -> None:
    batches = Episodes(4, seed=1)
    inputs, targets = batches(0)
    assert torch.equal(inputs, batches(0)[0])  # type: ignore[arg-type]
    assert not torch.equal(inputs, batches(1)[0])  # type: ignore[arg-type]
    asked = {PAIRS.vocab[i] for i in targets[targets != IGNORE].tolist()}
    assert asked <= {*VALUES}
    assert ((targets != IGNORE).sum(1) == 16).all()


def test_training_on_tables_takes_no_others() -> None:
    tables = [
        dict(zip(KEYS, VALUES, strict=False)),
        dict(zip(KEYS, VALUES[4:], strict=True)),
    ]
    pairs = {pair for table in tables for pair in table.items()}
    for step in range(20):
        inputs, targets = Episodes(2, tables=tables)(step)
        for row, target in zip(inputs, targets, strict=True):  # type: ignore[arg-type]
            at = (target != IGNORE).nonzero().flatten()
            keys = PAIRS.decode(row[at].tolist()).split()
            values = PAIRS.decode(target[at].tolist()).split()
            assert {*zip(keys, values, strict=True)} <= pairs


def copying(tokens: Tensor) -> Tensor:
    """A model that looks the last word up in what stands before it, as the best reader does."""
    logits = torch.zeros(*tokens.shape, len(WORDS.vocab))
    for b, row in enumerate(tokens.tolist()):
        for t, token in enumerate(row):
            if token in row[:t]:
                logits[b, t, row[row.index(token) + 1]] = 9.0
    return logits


def test_who_looks_up_is_right_wherever_the_key_was_seen() -> None:
    episodes = [episode(Random(i)) for i in range(50)]
    right = are_right(answers(copying, episodes, WORDS), episodes)
    assert right[torch.tensor([seen(pairs) for pairs in episodes])].all()
    assert right.float()[:, 0].mean() < 0.4


def test_episodes_of_two_lengths() -> None:
    with pytest.raises(ValueError, match="one length"):
        answers(copying, [episode(Random(0), 3), episode(Random(0), 4)], WORDS)


@pytest.mark.parametrize("seed", [0, 1])
def test_nats_above_the_floor_are_those_of_the_losses(seed: int) -> None:
    stories = [in_chinese(story) for story in STORIES.sample(3, seed)]
    words = WordTokenizer(CHINESE.vocab)
    uniform = lambda tokens: torch.zeros(*tokens.shape, len(words.vocab))  # noqa: E731
    found = above_floor(uniform, words, stories, CHINESE)
    exact = token_losses(CHINESE, sequences(stories, words))
    for story, more, own in zip(stories, found, exact, strict=True):
        paid = (len(story.split()) + 1) * math.log(len(words.vocab))
        assert more.item() == pytest.approx(paid - own.sum().item(), abs=1e-3)


def test_a_text_that_is_no_story_has_no_floor() -> None:
    with pytest.raises(ValueError, match="cannot stand there"):
        above_floor(STORIES, WORDS, ["once upon a king"], STORIES)


def test_the_text_of_pairs() -> None:
    assert as_text([("tom", "red"), ("mia", "blue")]) == "tom red mia blue"
