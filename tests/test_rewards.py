"""Rewards that are checked, advantages, and the losses of REINFORCE and GRPO."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor

from lmlib.points import GOOD, Judge
from lmlib.rewards import (
    BASELINES,
    advantages,
    clipped,
    ends_well,
    grpo_loss,
    k3,
    kl_per_story,
    reinforce_loss,
    whole_story,
)
from lmlib.states import read_state
from lmlib.stories import STORIES


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# What is checked


def test_both_checks_of_stories_of_the_grammar() -> None:
    stories = STORIES.sample(60, seed=7)
    good = [float(read_state(story)["ending"] in GOOD) for story in stories]
    assert 0 < sum(good) < 60
    assert [*map(ends_well, stories)] == [*map(whole_story, stories)] == good


@pytest.mark.parametrize(
    "text, ending",
    [
        ("in the end she was happy .", 1.0),
        ("in the end she was happy", 0.0),
        ("in the end she was happy . in the end she was sad .", 0.0),
        ("begin the end he was glad .", 0.0),
        ("", 0.0),
    ],
)
def test_only_the_last_sentence_is_read(text: str, ending: float) -> None:
    assert ends_well(text) == ending
    assert whole_story(text) == 0.0  # none of them is a story


def test_a_story_with_one_wrong_word_passes_the_weak_check_alone() -> None:
    story = next(s for s in STORIES.sample(20, seed=3) if ends_well(s))
    broken = story.replace(read_state(story)["town"], "winter", 1)
    assert (ends_well(broken), whole_story(broken)) == (1.0, 0.0)


def test_another_judge_of_whole_stories() -> None:
    judge = Judge({"sky": {"sunny": 2.5}})
    story = next(s for s in STORIES.sample(60, seed=3) if "was sunny ." in s)
    assert whole_story(story, judge) == 2.5


# Advantages


def test_the_baseline_of_the_others_by_a_loop() -> None:
    rewards = random(7)
    others = [
        r - sum(x for j, x in enumerate(rewards) if j != i) / 6
        for i, r in enumerate(rewards)
    ]
    assert torch.allclose(advantages(rewards, "others"), torch.stack(others), atol=1e-6)


def test_a_group_has_mean_0_and_spread_1() -> None:
    found = advantages(random(9) * 5 + 3)
    assert found.mean().item() == pytest.approx(0, abs=1e-6)
    assert found.std().item() == pytest.approx(1)
    assert advantages([2.0, 3.0], "none").tolist() == [2.0, 3.0]
    for baseline in ("others", "group"):
        once, more = (advantages(random(9) + 100 * i, baseline) for i in (0, 1))
        assert torch.allclose(once, more, atol=1e-3)


@pytest.mark.parametrize("baseline", BASELINES)
@pytest.mark.parametrize("bad", [[], [1.0, math.nan], [1.0, math.inf], [[1.0, 0.0]]])
def test_rewards_that_cannot_be(bad: list[float], baseline: str) -> None:
    with pytest.raises(ValueError, match="rewards"):
        advantages(bad, baseline)


def test_equal_rewards_have_no_gradient() -> None:
    for baseline in ("others", "group"):
        for equal in ([1.0] * 4, [0.3]):
            with pytest.raises(ValueError, match="no gradient"):
                advantages(equal, baseline)
    assert advantages([1.0, 1.0], "none").tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match="baseline: 'mean' is not known"):
        advantages([1.0, 0.0], "mean")


# REINFORCE


@pytest.mark.parametrize("baseline", BASELINES)
def test_its_mean_over_all_groups_is_the_exact_gradient(baseline: str) -> None:
    """Every group of three words, by its probability; with the spread it is another one."""
    logits = torch.tensor([0.3, -0.2, 0.9], requires_grad=True)
    rewards = torch.tensor([1.0, 0.0, 3.0])
    probs = logits.softmax(0)
    (exact,) = torch.autograd.grad((probs * rewards).sum(), logits)
    total = torch.zeros(3)
    for group in itertools.product(range(3), repeat=3):
        chosen = torch.tensor(group)
        given = rewards[chosen]
        if baseline != "none" and (given == given[0]).all():
            continue  # which has no gradient
        log_probs = logits.log_softmax(0)[chosen, None]
        mask = torch.ones(3, 1, dtype=torch.bool)
        loss = reinforce_loss(log_probs, advantages(given, baseline), mask)
        (gradient,) = torch.autograd.grad(-loss, logits)
        total += probs[chosen].prod().item() * gradient
    assert torch.allclose(total, exact, atol=1e-5) == (baseline != "group")


def test_tokens_behind_the_end_do_not_count() -> None:
    log_probs, better = random(3, 5), random(3, seed=1)
    mask = torch.tensor([[1, 1, 1, 0, 0], [1, 0, 0, 0, 0], [1] * 5]).bool()
    loop = -sum(
        better[i] * log_probs[i, t] for i in range(3) for t in range(5) if mask[i, t]
    )
    assert torch.allclose(reinforce_loss(log_probs, better, mask), loop / 3)


# GRPO


def documented(
    now: Tensor, old: Tensor, ref: Tensor, better: Tensor, mask: Tensor, beta: float
) -> Tensor:
    """GRPO as Shao et al. have it, and TRL with ``loss_type="grpo"``: one token after the other."""
    answers = []
    for i in range(len(now)):
        tokens = []
        for t in range(now.shape[1]):
            if mask[i, t]:
                ratio = math.exp(now[i, t] - old[i, t])
                first, second = ratio * better[i], max(0.8, min(1.2, ratio)) * better[i]
                gap = ref[i, t] - now[i, t]
                tokens.append(-min(first, second) + beta * (math.exp(gap) - gap - 1))
        answers.append(sum(tokens) / len(tokens))
    return torch.as_tensor(sum(answers) / len(answers))


@pytest.mark.parametrize("beta", [0.0, 0.04])
def test_the_loss_is_the_documented_one(beta: float) -> None:
    now = -random(4, 6).abs()
    old, ref = now + 0.3 * random(4, 6, seed=1), now + 0.5 * random(4, 6, seed=2)
    better = advantages(random(4, seed=3))
    mask = torch.arange(6) < torch.tensor([[6], [3], [1], [4]])
    found = grpo_loss(now, old, ref, better, mask, beta=beta)
    expected = documented(now, old, ref, better, mask, beta)
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_on_its_own_answers_it_is_reinforce_per_token() -> None:
    now = random(4, 6).requires_grad_()
    mask, better = torch.ones(4, 6, dtype=torch.bool), random(4, seed=3)
    loss = grpo_loss(now, now.detach(), now.detach(), better, mask)
    gradients = [
        torch.autograd.grad(one, now)[0]
        for one in (loss, reinforce_loss(now, better, mask) / 6)
    ]
    assert torch.allclose(*gradients)


def test_nothing_is_gained_beyond_the_clip() -> None:
    ratio = torch.tensor([0.5, 1.0, 1.19, 1.21, 3.0], requires_grad=True)
    for sign, moves in ((1.0, [1, 1, 1, 0, 0]), (-1.0, [0, 1, 1, 1, 1])):
        worth = clipped(ratio, torch.full((5,), sign), 0.2).sum()
        (gradient,) = torch.autograd.grad(worth, ratio)
        assert gradient.tolist() == [sign * m for m in moves]
    with pytest.raises(ValueError, match="clip: 0"):
        clipped(ratio, ratio, 0)


@pytest.mark.parametrize("beta", [-0.1, math.nan, math.inf])
def test_prices_that_cannot_be(beta: float) -> None:
    one = torch.zeros(1, 1)
    with pytest.raises(ValueError, match="beta"):
        grpo_loss(one, one, one, torch.ones(1), one == 0, beta=beta)


# Nats


def test_both_estimates_have_the_exact_mean() -> None:
    log_p, log_q = (random(3, 2, 8, seed=i).log_softmax(-1) for i in (0, 1))
    exact = (log_p.exp() * (log_p - log_q)).sum(-1)
    assert torch.allclose((log_p.exp() * k3(log_p, log_q)).sum(-1), exact, atol=1e-5)
    assert (k3(log_p, log_q) >= 0).all()
    mask = torch.tensor([[1, 1], [1, 0], [0, 1]]).bool()
    found = kl_per_story(log_p, log_q, mask)
    assert torch.allclose(found, (exact * mask).sum(1), atol=1e-6)


def test_the_gradient_of_k3_is_that_of_the_other_divergence() -> None:
    """What the chapter says of it: in the mean over drawn tokens, KL from the reference to the policy."""
    logits, log_q = random(8).requires_grad_(), random(8, seed=1).log_softmax(-1)
    log_p = logits.log_softmax(-1)
    drawn = (log_p.exp().detach() * k3(log_p, log_q)).sum()
    other = (log_q.exp() * (log_q - log_p)).sum()
    same = (log_p.exp() * (log_p - log_q)).sum()
    found, back, forth = (
        torch.autograd.grad(one, logits, retain_graph=True)[0]
        for one in (drawn, other, same)
    )
    assert torch.allclose(found, back, atol=1e-5)
    assert not torch.allclose(found, forth, atol=1e-2)


def test_each_answer_has_one_advantage_and_a_token() -> None:
    logs, mask = -torch.ones(3, 2), torch.ones(3, 2, dtype=torch.bool)
    with pytest.raises(ValueError, match=r"advantages: \[3, 1\] for 3 answers"):
        grpo_loss(logs, logs, logs, torch.ones(3, 1), mask)
    with pytest.raises(RuntimeError, match="1D"):
        reinforce_loss(logs, torch.ones(3, 1), mask)
    mask[1] = False
    with pytest.raises(ValueError, match="give each one, and a token"):
        grpo_loss(logs, logs, logs, torch.ones(3), mask)
    # What does not count may be impossible.
    logs[1] = -torch.inf
    assert reinforce_loss(logs, torch.ones(3), mask) == torch.tensor(4 / 3)
