"""Where a young GPT stands: each number against another way to it."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
import torch

from lmlib.batches import Batches
from lmlib.evaluation import mean_loss
from lmlib.files import DATA
from lmlib.milestones import cue, milestone
from lmlib.optimisation import Training
from lmlib.pretrained import load_book_gpt
from lmlib.pretraining import fit
from lmlib.stories import STORIES, WORDS, story_sequences
from lmlib.transformer import GPT, Config

RUN = json.loads((DATA / "training_run.json").read_text("utf-8"))
TESTS = [torch.tensor(ids) for ids in RUN["tests"]]


def test_the_cue_is_before_the_town_and_the_town_is_where_it_stood_first() -> None:
    for story in TESTS:
        place, town = cue(story)
        words = WORDS.decode(story.tolist()).split()
        assert words[place - 1 : place + 1] == ["back", "to"]
        assert words[town - 2 : town] == ["lived", "in"]
        assert words[town] == words[place + 1] and town < place


def test_a_story_with_no_cue_is_said() -> None:
    with pytest.raises(ValueError, match='story: has no "back to"'):
        milestone(load_book_gpt(), 0, [TESTS[0][:20]])


def test_the_book_s_gpt_has_learned_all_of_it() -> None:
    gpt = load_book_gpt()
    found = milestone(gpt, 2_000, TESTS)
    assert found.loss == pytest.approx(mean_loss(gpt, TESTS), abs=1e-6)
    assert found.fitting > 0.999 and found.copied > 0.99
    _, weights = gpt.with_weights(TESTS[0][None, :-1])
    block, head = found.head
    place, town = cue(TESTS[0])
    assert weights[block, 0, head, place, town] > 0.6 and found.looking > 0.8
    text = WORDS.decode(found.text)
    assert text.startswith("once upon a time") and STORIES.next_word(text)


def test_one_story_alone_gives_what_it_gives_among_others() -> None:
    gpt = GPT(Config(vocab_size=len(WORDS.vocab)), seed=3)
    alone = [milestone(gpt, 0, [story]) for story in TESTS]
    together = milestone(gpt, 0, TESTS)
    mean = sum(one.copied for one in alone) / len(alone)
    assert together.copied == pytest.approx(mean, rel=1e-4)
    count = [len(story) - 1 for story in TESTS]
    for name in ("loss", "fitting"):
        total = sum(n * getattr(one, name) for n, one in zip(count, alone, strict=True))
        assert getattr(together, name) == pytest.approx(total / sum(count), rel=1e-5)


def test_the_stored_run_begins_like_this() -> None:
    """The first twenty steps anew; on another processor the last digits differ."""
    plan = Training(1_000, learning_rate=6e-3, warmup=50, eval_interval=20)
    assert {**RUN["plan"], "steps": 1_000, "learning_rate": 6e-3} == RUN["plan"]
    model = GPT(Config(vocab_size=len(WORDS.vocab)), seed=0)
    found = [milestone(model, 0, TESTS)]

    class Enough(Exception):
        pass

    def look(model: GPT) -> float:
        found.append(milestone(model, 20, TESTS))
        raise Enough

    batches = Batches(story_sequences(8_000, seed=0), batch_size=8)
    with pytest.raises(Enough):
        fit(model, batches, plan, evaluate=look, progress=False)  # type: ignore[arg-type]
    for one, stored in zip(found, RUN["records"], strict=False):
        again = asdict(one)
        for name in ("loss", "fitting", "copied", "looking"):
            assert again[name] == pytest.approx(stored[name], abs=0.02), name
    assert RUN["floor"] == pytest.approx(mean_loss(STORIES, TESTS), abs=1e-9)


def test_the_stored_run_ends_near_the_floor_and_looks_back() -> None:
    first, *_, last = RUN["records"]
    assert last["step"] == RUN["plan"]["steps"] and len(RUN["records"]) == 51
    assert first["loss"] / RUN["floor"] > 10 and last["loss"] / RUN["floor"] < 1.03
    steps = {r["step"]: r for r in RUN["records"]}
    # Grammar first, then memory: at a tenth of the way words fit, and the town is still guessed.
    assert steps[100]["fitting"] > 0.9 and steps[100]["copied"] < 0.2
    assert last["copied"] > 0.98 and last["looking"] > 0.7
