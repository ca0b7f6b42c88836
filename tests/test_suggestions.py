"""Suggestions while typing: how often they hit, and how often they could."""

import random

import numpy as np
import pytest
import torch
from sklearn.metrics import top_k_accuracy_score

from lmlib.stories import STORIES, story_sequences
from lmlib.suggestions import (
    expected_hit_rate,
    hit_rate,
    keys_saved,
    keystrokes,
    ranked_tokens,
)

TEXTS = story_sequences(40, seed=8)


def fixed(seed: int, words: int = 12) -> object:
    """A model that says the same of a token wherever it stands."""
    table = torch.randn(words, words, generator=torch.Generator().manual_seed(seed))
    return lambda tokens: table[tokens]


@pytest.mark.parametrize("k", [1, 2, 5])
def test_hits_are_those_of_scikit_learn(k: int) -> None:
    draw = random.Random(k)
    texts = [torch.tensor([draw.randrange(12) for _ in range(n)]) for n in (2, 9, 30)]
    model = fixed(k)
    scores = torch.cat([model(t[:-1]) for t in texts])  # type: ignore[operator]
    true = torch.cat([t[1:] for t in texts])
    wanted = top_k_accuracy_score(true, scores, k=k, labels=np.arange(12))
    assert hit_rate(model, texts, k) == pytest.approx(wanted)  # type: ignore[arg-type]


def test_all_words_hit_always() -> None:
    assert hit_rate(fixed(0), [torch.tensor([0, 3, 7])], 12) == 1.0  # type: ignore[arg-type]
    assert expected_hit_rate(fixed(0), [torch.tensor([0, 3, 7])], 12) == pytest.approx(
        1
    )  # type: ignore[arg-type]


def test_equally_likely_words_rank_by_their_ids() -> None:
    flat = lambda tokens: torch.zeros(*tokens.shape, 5)  # noqa: E731
    [order] = ranked_tokens(flat, [torch.tensor([0, 1, 2])])
    assert order.tolist() == [[0, 1, 2, 3, 4]] * 2
    assert expected_hit_rate(flat, [torch.tensor([0, 1])], 2) == pytest.approx(0.4)


@pytest.mark.parametrize("k", [1, 3])
def test_the_grammar_hits_as_often_as_it_expects(k: int) -> None:
    found, expected = (of(STORIES, TEXTS, k) for of in (hit_rate, expected_hit_rate))
    assert found == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("k", [0, -1])
def test_no_suggestion_is_refused(k: int) -> None:
    for of in (hit_rate, expected_hit_rate):
        with pytest.raises(ValueError, match="use 1 or more"):
            of(fixed(0), [torch.tensor([0, 1])], k)  # type: ignore[arg-type]


def test_nothing_to_suggest_is_refused() -> None:
    for of in (hit_rate, expected_hit_rate):
        for texts in ([], [torch.tensor([0])]):
            with pytest.raises(ValueError, match="give longer ones"):
                of(fixed(0), texts, 3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "word, ranked, k, keys",
    [
        ("king", ["king"], 1, 1),
        ("king", ["queen", "king"], 1, 2),  # k, and the queen is gone
        ("king", ["kite", "kind", "king"], 1, 5),  # as many as without help
        ("king", ["kite", "kind", "king"], 2, 4),
        ("king", [], 3, 5),
        ("king", ["king"], 0, 5),
        (".", ["."], 3, 1),
        ("a", ["apple", "an"], 2, 2),
        ("an", ["and", "an"], 1, 3),
    ],
)
def test_keys(word: str, ranked: list[str], k: int, keys: int) -> None:
    assert keystrokes(word, ranked, k) == keys


def test_help_never_costs_and_more_of_it_never_hurts() -> None:
    draw = random.Random(0)
    vocab = [*STORIES.vocab[1:]]
    for _ in range(200):
        draw.shuffle(vocab)
        word = draw.choice(vocab)
        keys = [keystrokes(word, vocab, k) for k in (0, 1, 3, 9)]
        assert keys == sorted(keys, reverse=True)
        assert keys[-1] >= 1 and keys[0] == len(word) + 1


def test_keys_that_are_saved() -> None:
    vocab = ["<end>", "king", "kite"]
    sure = lambda tokens: torch.eye(3)[torch.tensor([[1, 2]])]  # noqa: E731
    # king is offered at once, 1 of 5 keys; kite too, 1 of 5.
    assert keys_saved(sure, [torch.tensor([0, 1, 2])], vocab, 1) == pytest.approx(0.8)
    # In the wrong order: kite is offered behind "kit", king behind "kin".
    assert keys_saved(sure, [torch.tensor([0, 2, 1])], vocab, 1) == pytest.approx(
        1 - (4 + 4) / 10
    )


def test_the_grammar_saves_more_keys_than_a_flat_model() -> None:
    flat = lambda tokens: torch.zeros(*tokens.shape, STORIES.vocab_size)  # noqa: E731
    saved = [keys_saved(m, TEXTS[:4], STORIES.vocab, 3) for m in (flat, STORIES)]
    assert 0 < saved[0] < saved[1] < 1


def test_fewer_than_no_suggestions_are_refused() -> None:
    with pytest.raises(ValueError, match="use 0 or more"):
        keystrokes("king", ["king"], -1)
