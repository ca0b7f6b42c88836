"""The grammar's probabilities against an enumeration of all its stories."""

import math
import random
from collections import defaultdict

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.grammars import TINY, story_ids, tiny_stories, weighted

from lmlib.floor import story_entropy
from lmlib.grammar import Grammar
from lmlib.stories import STORIES
from lmlib.tokens import END


def test_enumeration_is_complete() -> None:
    assert len(tiny_stories()) > 500
    assert math.fsum(tiny_stories().values()) == pytest.approx(1.0, abs=1e-13)


def test_every_next_word_distribution() -> None:
    after: dict[tuple[str, ...], dict[str, float]] = defaultdict(
        lambda: defaultdict(float)
    )
    for words, p in tiny_stories().items():
        for t, word in enumerate((*words, END)):
            after[words[:t]][word] += p
    for prefix, masses in after.items():
        exact = {word: mass / sum(masses.values()) for word, mass in masses.items()}
        assert TINY.next_word(" ".join(prefix)) == pytest.approx(exact, abs=1e-12)


def test_samples_follow_the_probabilities() -> None:
    n = 4000
    drawn = [
        -math.log(tiny_stories()[tuple(text.split())])
        for text in TINY.sample(n, seed=1)
    ]
    error = torch.tensor(drawn).std().item() / math.sqrt(n)
    assert abs(sum(drawn) / n - story_entropy(TINY)) < 4 * error
    counts: dict[str, int] = defaultdict(int)
    for text in TINY.sample(n, seed=2):
        counts[text.split()[1]] += 1
    for word, p in weighted("tom mia ann").items():
        assert abs(counts[word] / n - p) < 4 * math.sqrt(p * (1 - p) / n)


def test_call_is_the_logarithm_of_follow() -> None:
    text = STORIES.sample(1, seed=5)[0]
    words, ids = [END, *text.split(), END], story_ids(text)
    logits = STORIES(ids[:, :-1])
    assert (logits.shape, logits.dtype) == (
        (1, len(words) - 1, STORIES.vocab_size),
        torch.float64,
    )
    chain = math.prod(
        table[word]
        for table, word in zip(STORIES.follow(words), words[1:], strict=False)
    )
    log_p = logits.gather(-1, ids[:, 1:, None]).sum().item()
    assert log_p == pytest.approx(math.log(chain), abs=1e-10)
    for row, table in zip(logits[0].exp(), STORIES.follow(words), strict=False):
        assert {
            STORIES.vocab[i]: p.item() for i, p in enumerate(row) if p > 0
        } == pytest.approx(table, abs=1e-14)


def test_a_batch_is_its_rows() -> None:
    first, second = (story_ids(text)[:, :20] for text in STORIES.sample(2, seed=6))
    assert torch.equal(
        STORIES(torch.cat([first, second])),
        torch.cat([STORIES(first), STORIES(second)]),
    )


@given(st.integers(0, 10_000))
def test_distributions_sum_to_one_and_allow_what_is_drawn(seed: int) -> None:
    words = [*STORIES.sample(1, seed)[0].split(), END]
    for table, word in zip(STORIES.follow([END, *words]), words, strict=False):
        assert sum(table.values()) == pytest.approx(1.0, abs=1e-12)
        assert 0 < table[word] <= 1


def test_same_seed_same_stories() -> None:
    random.seed(0)
    first = STORIES.sample(5, seed=3)
    random.seed(1)
    assert STORIES.sample(5, seed=3) == first
    assert STORIES.sample(3, seed=3) == first[:3]
    assert STORIES.sample(5, seed=4) != first


def test_two_stories_follow_each_other() -> None:
    one, two = TINY.sample(2, seed=0)
    tables = list(TINY.follow([END, *one.split(), END, *two.split()]))
    assert tables[len(one.split()) + 1] == TINY.next_word("")
    assert tables[-1] == {END: 1.0}


def test_impossible_word() -> None:
    with pytest.raises(
        ValueError, match=r"words: 'wolf' at position 3 cannot stand there; possible: a"
    ):
        STORIES.next_word("once upon wolf")
    with pytest.raises(
        ValueError,
        match=r"words: 'wolf' at position 1 cannot stand there; possible: once",
    ):
        STORIES(torch.tensor([[0, STORIES.ids["wolf"]]]))


@pytest.mark.parametrize("token", [-1, 10_000])
def test_id_outside_the_vocabulary(token: int) -> None:
    with pytest.raises(
        ValueError,
        match=rf"tokens: {token} is no token's id; ids run from 0 to {len(STORIES.vocab) - 1}",
    ):
        STORIES(torch.tensor([[0, token]]))


def test_story_that_names_no_slot() -> None:
    with pytest.raises(
        ValueError, match=r"story: \{pett\} in 'a \{pett\} \.' names no slot; .*\{pet\}"
    ):
        Grammar(["a {pett} ."], {"pet": {"words": "cat"}})


@pytest.mark.parametrize("part", [["a b", "a c"], ["{pet} b", "a c"]])
def test_alternatives_that_look_alike(part: list[str]) -> None:
    with pytest.raises(
        ValueError,
        match=rf"story: the alternatives \[.*{part[0]}.* must each begin with a word of their",
    ):
        Grammar([part], {"pet": {"words": "cat"}})


def test_a_certain_cue_decides_the_mood() -> None:
    slots = {
        "sky": {"given": "mood", "words": {"good": "blue", "bad": "grey"}},
        "mind": {"given": "mood", "words": {"good": "glad calm", "bad": "sad"}},
    }
    grammar = Grammar(["{sky} {mind}"], slots, {"mood": ["good", "bad"]})
    assert grammar.next_word("grey") == {"sad": 1.0}
    with pytest.raises(ValueError, match="'glad' at position 2"):
        grammar.next_word("grey glad")
    exact = {"blue glad": 1 / 3, "blue calm": 1 / 6, "grey sad": 1 / 2}
    assert story_entropy(grammar) == pytest.approx(
        -sum(p * math.log(p) for p in exact.values()), abs=1e-12
    )
