"""A policy that writes, is rewarded and learns."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from lmlib.policies import (
    GRPO,
    Plan,
    all_log_probs,
    learn,
    of_drawn,
    policy_loss,
    write_stories,
)
from lmlib.pretrained import load_book_gpt
from lmlib.rewards import ends_well, kl_per_story
from lmlib.stories import WORDS
from lmlib.tokens import sequences
from lmlib.transformer import GPT, Config

GPT_OF_THE_BOOK = load_book_gpt()


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(
    "name, value",
    [
        ("beta", 0.0),
        ("beta", -0.1),
        ("beta", math.nan),
        ("group", 1),
        ("steps", 0),
        ("learning_rate", 0.0),
        ("baseline", "mean"),
        ("pay", "later"),
    ],
)
def test_plans_that_cannot_be(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name):
        Plan(**{name: value})  # type: ignore[arg-type]
    assert Plan(beta=None).beta is None


def test_what_was_written_counts_up_to_its_end() -> None:
    tokens, mask, texts = write_stories(GPT_OF_THE_BOOK, 20, generator())
    assert tokens.shape[1] == mask.shape[1] + 1
    for row, own, text in zip(tokens, mask, texts, strict=True):
        (again,) = sequences([text], WORDS)
        length = int(own.sum())
        assert own[:length].all() and row[: length + 1].tolist() == again.tolist()


def test_a_text_without_an_end_counts_whole() -> None:
    model = GPT(Config(len(WORDS.vocab), block_size=12), seed=0)
    tokens, mask, texts = write_stories(model, 30, generator())
    for row, own, text in zip(tokens, mask, texts, strict=True):
        ended = 0 in row[1:].tolist()
        assert own.sum() == len(text.split()) + ended


def test_probabilities_of_what_was_drawn() -> None:
    written = write_stories(GPT_OF_THE_BOOK, 3, generator())
    found = of_drawn(all_log_probs(GPT_OF_THE_BOOK, written.tokens), written.tokens)
    logits = GPT_OF_THE_BOOK(written.tokens)
    for t in (0, 7, 40):
        probs = logits[1, t].softmax(-1)
        assert found[1, t].exp().item() == pytest.approx(
            probs[written.tokens[1, t + 1]].item(), rel=1e-4
        )


@pytest.mark.parametrize(
    "plan", [Plan(), Plan(baseline="none"), GRPO, Plan(last_word=True)]
)
def test_one_step_makes_the_rewarded_texts_likelier(plan: Plan) -> None:
    plan = replace(plan, steps=1, group=32, learning_rate=1e-4, seed=3)
    policy, told = load_book_gpt(), []
    learn(policy, GPT_OF_THE_BOOK, ends_well, plan, lambda *found: told.append(found))
    written = write_stories(GPT_OF_THE_BOOK, 32, generator(3))  # the same ones
    assert told == [(0, pytest.approx(sum(map(ends_well, written.texts)) / 32))]
    gain = of_drawn(all_log_probs(policy, written.tokens), written.tokens)
    gain -= of_drawn(all_log_probs(GPT_OF_THE_BOOK, written.tokens), written.tokens)
    each = (gain * written.mask).sum(1)
    good = torch.tensor([bool(ends_well(text)) for text in written.texts])
    assert each[good].mean() > each[~good].mean()


def test_before_the_first_step_nothing_is_paid() -> None:
    written = write_stories(GPT_OF_THE_BOOK, 8, generator())
    now = all_log_probs(GPT_OF_THE_BOOK, written.tokens)
    assert kl_per_story(now, now, written.mask).tolist() == [0.0] * 8
    rewards = torch.tensor([1.0, 0.0] * 4)
    losses = [
        policy_loss(GPT_OF_THE_BOOK, GPT_OF_THE_BOOK, written, rewards, Plan(beta=b))
        for b in (None, 0.25, 4.0)
    ]
    assert losses[0] == losses[1] == losses[2]


def test_a_price_is_paid_for_what_has_become_likelier() -> None:
    written = write_stories(GPT_OF_THE_BOOK, 8, generator())
    moved = load_book_gpt()
    with torch.no_grad():
        moved.decoder.embed.weight[WORDS.ids["sunny"]] *= 1.5
    now, before = (
        of_drawn(all_log_probs(m, written.tokens), written.tokens)
        for m in (moved, GPT_OF_THE_BOOK)
    )
    nats = ((now - before) * written.mask).sum(1)
    rewards = torch.zeros(8)
    plan = Plan(baseline="none", beta=0.5)
    loss = policy_loss(moved, GPT_OF_THE_BOOK, written, rewards, plan)
    expected = (0.5 * nats * (now * written.mask).sum(1)).mean()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-3)


def test_where_all_are_equal_only_the_penalty_acts() -> None:
    written = write_stories(GPT_OF_THE_BOOK, 4, generator())
    rewards = torch.ones(4)
    for plan in (GRPO, Plan(beta=None)):
        policy = load_book_gpt()
        loss = policy_loss(policy, GPT_OF_THE_BOOK, written, rewards, plan)
        loss.backward()
        assert loss.item() == pytest.approx(0, abs=1e-6)
        longest = max(p.grad.abs().max() for p in policy.parameters())
        assert longest < 1e-6


def test_a_policy_of_the_last_word_changes_little_else() -> None:
    policy = load_book_gpt()
    plan = Plan(last_word=True, steps=8, group=32, seed=1)
    learn(policy, GPT_OF_THE_BOOK, ends_well, plan)
    tokens, mask, _ = write_stories(policy, 60, generator(9))
    nats = [
        kl_per_story(
            all_log_probs(policy, tokens), all_log_probs(GPT_OF_THE_BOOK, tokens), part
        )
        for part in (mask, torch.arange(mask.shape[1]) == mask.sum(1, keepdim=True) - 3)
    ]
    assert nats[1].mean() > 0.6 * nats[0].mean()


def test_a_last_word_that_pays_in_the_loss_is_none() -> None:
    with pytest.raises(ValueError, match="last_word: with pay='loss'"):
        Plan(pay="loss", last_word=True)
