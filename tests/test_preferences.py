"""Verdicts, reward models and DPO: against closed forms, loops, and what the judge itself can know."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
import torch.nn.functional as F

from lmlib.batches import IGNORE
from lmlib.optimisation import Training
from lmlib.points import Judge
from lmlib.preferences import DPO, RewardModel, pair_batches, text_log_probs
from lmlib.pretraining import fit
from lmlib.stories import STORIES, WORDS
from lmlib.tilting import frontier, reward_distribution
from lmlib.tokens import sequences
from lmlib.training_step import loss_of
from lmlib.transformer import GPT, Config
from lmlib.verdicts import JUDGE, Pair, agreement, best_of_n, draw_pairs, verdict

REWARDS = {-1.0: 0.2, 0.0: 0.3, 2.0: 0.5}


def small(seed: int = 0) -> GPT:
    return GPT(
        Config(vocab_size=304, block_size=100, n_layer=1, n_head=2, d_model=16), seed
    )


def test_a_verdict_is_a_softmax_over_two() -> None:
    for a, b in itertools.product((-2.0, 0.0, 0.5, 3.0), repeat=2):
        both = torch.tensor([a, b], dtype=torch.float64).softmax(0)
        assert verdict(a, b) == pytest.approx(both[0].item())
        assert verdict(a, b) + verdict(b, a) == pytest.approx(1.0)
        assert verdict(a + 7, b + 7) == pytest.approx(verdict(a, b))


def test_verdicts_are_drawn_as_the_formula_says() -> None:
    stories = STORIES.sample(4_000, 5)
    pairs = draw_pairs(stories, JUDGE, seed=1)
    assert len(pairs) == 2_000
    for gap in (1, 2, 3):
        of = [JUDGE(p.chosen) - JUDGE(p.rejected) for p in pairs]
        wins, n = of.count(gap), of.count(gap) + of.count(-gap)
        p = verdict(gap, 0)
        assert abs(wins - n * p) < 4 * math.sqrt(n * p * (1 - p))
    assert pairs == draw_pairs(stories, JUDGE, seed=1)
    assert pairs != draw_pairs(stories, JUDGE, seed=2)
    with pytest.raises(ValueError, match="texts: 3 make no pairs"):
        draw_pairs(["a", "b", "c"], JUDGE, seed=0)


def test_what_nobody_can_beat_who_guesses_verdicts() -> None:
    pairs = draw_pairs(STORIES.sample(8_000, 6), JUDGE, seed=1)
    right, nats = agreement(reward_distribution(STORIES, JUDGE))
    gaps = [JUDGE(p.chosen) - JUDGE(p.rejected) for p in pairs]
    found = sum((gap > 0) + 0.5 * (gap == 0) for gap in gaps) / len(gaps)
    assert found == pytest.approx(right, abs=0.025)
    paid = -sum(math.log(verdict(gap, 0)) for gap in gaps) / len(gaps)
    assert paid == pytest.approx(nats, abs=0.025)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_the_best_of_n_by_enumeration(n: int) -> None:
    share = dict.fromkeys(REWARDS, 0.0)
    for drawn in itertools.product(REWARDS, repeat=n):
        share[max(drawn)] += math.prod(REWARDS[r] for r in drawn)
    reward, nats = best_of_n(REWARDS, n)
    assert reward == pytest.approx(sum(r * p for r, p in share.items()))
    assert nats == pytest.approx(
        sum(p * math.log(p / REWARDS[r]) for r, p in share.items())
    )
    bound = math.log(n) - (n - 1) / n
    assert nats <= bound + 1e-12
    # No policy exceeds the frontier: at every price it is worth no more than the best one.
    for beta in (0.3, 1.0, 3.0):
        best, its = frontier(REWARDS, beta)
        assert reward - beta * nats <= best - beta * its + 1e-12


def test_without_ties_the_best_of_n_costs_what_is_written() -> None:
    many = {i / 2_000: 1 / 2_000 for i in range(2_000)}
    for n in (2, 4, 16):
        nats = best_of_n(many, n)[1]
        assert nats == pytest.approx(math.log(n) - (n - 1) / n, abs=5e-3)
    assert best_of_n({0.0: 0.5, 1.0: 0.5}, 10_000) == pytest.approx((1.0, math.log(2)))
    for n in (0, -1, 0.5, 2.5):
        with pytest.raises(ValueError, match=f"n: {n} texts cannot be drawn"):
            best_of_n(REWARDS, n)  # type: ignore[arg-type]


def test_rewards_that_are_far_apart() -> None:
    assert (verdict(0, 800), verdict(800, 0)) == (0.0, 1.0)
    assert agreement({0.0: 0.5, 900.0: 0.5}) == pytest.approx((0.75, math.log(2) / 2))


def test_pairs_in_batches() -> None:
    pairs = [
        Pair(a, b) for a, b in zip(*[iter(STORIES.sample(12, 0))] * 2, strict=True)
    ]
    batch = pair_batches(pairs, WORDS, batch_size=2, seed=3)
    seen = []
    for step in range(3):
        (chosen, rejected), targets = batch(step)
        assert targets.tolist() == [0, 0]
        for one, other in zip(chosen, rejected, strict=True):
            seen.append(Pair(*(WORDS.decode(x[x > 0].tolist()) for x in (one, other))))
    with pytest.raises(ValueError, match="pairs: there are none"):
        pair_batches([], WORDS)
    assert sorted(seen) == sorted(pairs)  # an epoch: each pair once, its sides together


def test_a_text_s_log_probability_is_the_sum_of_its_tokens() -> None:
    model = small()
    texts = sequences(STORIES.sample(3, 1), WORDS)
    padded = torch.nn.utils.rnn.pad_sequence(texts, True, IGNORE)
    for tokens, found in zip(texts, text_log_probs(model, padded), strict=True):
        logs = model(tokens[None, :-1])[0].log_softmax(-1)
        by_hand = sum(row[i] for row, i in zip(logs, tokens[1:], strict=True))
        torch.testing.assert_close(found, by_hand)


def test_the_two_losses_are_those_of_their_formulas() -> None:
    pairs = draw_pairs(STORIES.sample(8, 2), JUDGE, seed=0)
    inputs, targets = pair_batches(pairs, WORDS, 4)(0)
    model = RewardModel(small())
    torch.nn.init.normal_(model.head.weight, generator=torch.Generator().manual_seed(0))
    gaps = model.score(inputs[0]) - model.score(inputs[1])
    torch.testing.assert_close(
        loss_of(model, (inputs, targets)), -F.logsigmoid(gaps).mean()
    )
    assert gaps.abs().min() > 1e-3

    policy, reference = small(1), small(2)
    learner = DPO(policy, reference, beta=0.3)
    logs = [text_log_probs(m, x) for m in (policy, reference) for x in inputs]
    margin = 0.3 * ((logs[0] - logs[2]) - (logs[1] - logs[3]))
    torch.testing.assert_close(
        loss_of(learner, (inputs, targets)), -F.logsigmoid(margin).mean()
    )


def test_a_reward_is_read_at_the_last_token() -> None:
    model = RewardModel(small())
    torch.nn.init.normal_(model.head.weight, generator=torch.Generator().manual_seed(0))
    tokens = torch.tensor([[0, 5, 7, 0]])
    longer = torch.tensor([[0, 5, 7, 0, IGNORE, IGNORE]])
    torch.testing.assert_close(model.score(tokens), model.score(longer))
    assert not torch.allclose(model.score(tokens), model.score(tokens[:, :3]))


def test_a_policy_that_is_the_reference_pays_ln_2() -> None:
    learner = DPO(small(), small(), beta=0.5)
    batch = pair_batches(draw_pairs(STORIES.sample(8, 0), JUDGE, 0), WORDS, 4)(0)
    assert loss_of(learner, batch).item() == pytest.approx(math.log(2))


def test_dpo_moves_the_policy_and_not_the_reference() -> None:
    policy, reference = small(), small()
    before = [p.clone() for p in reference.parameters()]
    pairs = draw_pairs(STORIES.sample(64, 0), Judge({"ending": {"happy": 9.0}}), 0)
    learner = DPO(policy, reference, beta=1.0)
    log = fit(
        learner,
        pair_batches(pairs, WORDS, 8),
        Training(steps=12, warmup=2, learning_rate=3e-3, eval_interval=6),
        progress=False,
    )
    assert log[-1].loss < log[0].loss
    assert all(
        torch.equal(p, q) for p, q in zip(before, reference.parameters(), strict=True)
    )
    moved = zip(policy.parameters(), before, strict=True)
    assert any(not torch.equal(p, q) for p, q in moved)


def test_a_policy_is_not_its_own_reference() -> None:
    model = small()
    with pytest.raises(ValueError, match="reference: it is the policy itself"):
        DPO(model, model, beta=1.0)


@pytest.mark.parametrize("beta", [0.0, -0.1, math.nan, math.inf])
def test_dpo_has_a_price(beta: float) -> None:
    with pytest.raises(ValueError, match=r"beta: .* must be above 0"):
        DPO(small(), small(), beta)
