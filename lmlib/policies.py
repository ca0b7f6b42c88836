"""A language model as a policy: it writes a group of stories, a check rewards them, and it takes a step.

>>> GRPO.baseline, GRPO.pay, GRPO.beta
('group', 'loss', 0.25)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lmlib.fused import keeping_weights
from lmlib.generation import generate
from lmlib.rewards import BASELINES, advantages, grpo_loss, kl_per_story, reinforce_loss
from lmlib.stories import WORDS
from lmlib.transformer import GPT
from lmlib.validation import check_choice, check_positive

Reward = Callable[[str], float]


@dataclass(frozen=True)
class Plan:
    """How a policy learns. Raises ValueError for what cannot be."""

    baseline: str = "others"  # as lmlib.rewards.advantages calls it
    pay: str = "reward"  # where the nats are paid: each story's in its reward, or each token's in the loss
    beta: float | None = 0.25  # the price of a nat; None for no penalty
    steps: int = 120
    group: int = 48  # stories at each step
    learning_rate: float = 6e-4
    last_word: bool = False  # only the ending may change
    seed: int = 0

    def __post_init__(self) -> None:
        check_choice("baseline", self.baseline, BASELINES)
        check_choice("pay", self.pay, ("reward", "loss"))
        check_positive(steps=self.steps, learning_rate=self.learning_rate)
        if self.beta is not None:
            check_positive(beta=self.beta)
        if self.last_word and self.pay == "loss":
            raise ValueError(
                "last_word: with pay='loss' every word learns; use pay='reward'"
            )
        if self.group < 2:
            raise ValueError(
                f"group: {self.group} stories leave nothing to compare with; use 2 or more"
            )


GRPO = Plan(baseline="group", pay="loss")
"""As Shao et al. (2024) have it."""


class Written(NamedTuple):
    """G texts as (G, T + 1) ids, (G, T) where a token counts, and as words."""

    tokens: Tensor
    mask: Tensor
    texts: list[str]


def write_stories(model: GPT, n: int, generator: torch.Generator) -> Written:
    """``n`` texts that a model draws behind ``END``; each counts up to its next one, or up to the last word."""
    start, longest = torch.zeros(n, 1, dtype=torch.long), model.config.block_size
    tokens = generate(model, start, longest - 1, generator=generator, end=0)
    words = (tokens[:, 1:] == 0).cumsum(1) == 0
    mask = torch.cat([torch.ones(n, 1, dtype=torch.bool), words[:, :-1]], dim=1)
    texts = [WORDS.decode(row[1:][own]) for row, own in zip(tokens, words, strict=True)]
    return Written(tokens, mask, texts)


def all_log_probs(model: GPT, tokens: Tensor) -> Tensor:
    """Log-probabilities of every word behind each token but the last, (G, T + 1) → (G, T, V)."""
    with keeping_weights(False):
        return model(tokens[:, :-1]).log_softmax(-1)


def of_drawn(log_probs: Tensor, tokens: Tensor) -> Tensor:
    """Those of the words that were drawn, (G, T, V) → (G, T)."""
    return log_probs.gather(-1, tokens[:, 1:, None])[..., 0]


def policy_loss(
    policy: GPT, reference: GPT, written: Written, rewards: Tensor, plan: Plan
) -> Tensor:
    """The loss of one group of stories, given a reward for each."""
    beta, tokens, mask = plan.beta or 0.0, written.tokens, written.mask
    with torch.no_grad():
        before = all_log_probs(reference, tokens)
    now = all_log_probs(policy, tokens)
    drawn, was = of_drawn(now, tokens), of_drawn(before, tokens)
    if plan.pay == "loss":
        better = _better(rewards, plan)
        return grpo_loss(drawn, drawn.detach(), was, better, mask, beta=beta)
    paid = rewards - beta * ((drawn - was).detach() * mask).sum(1)
    last = _endings(mask) if plan.last_word else mask
    loss = reinforce_loss(drawn, _better(paid, plan), last)
    if plan.last_word:  # all other places are held where they were
        loss = loss + kl_per_story(now, before, mask & ~last).mean()
    return loss


def _better(rewards: Tensor, plan: Plan) -> Tensor:
    """Advantages; where all rewards are equal they are 0, and the penalty alone acts."""
    if plan.baseline != "none" and (rewards == rewards[0]).all():
        return torch.zeros_like(rewards)
    return advantages(rewards, plan.baseline)


def _endings(mask: Tensor) -> Tensor:
    """The place of the last word of each text: ``word . END``."""
    place = mask.sum(1, keepdim=True) - 3
    return torch.arange(mask.shape[1]) == place


def learn(
    policy: GPT,
    reference: GPT,
    reward: Reward,
    plan: Plan,
    on_step: Callable[[int, float], None] | None = None,
) -> None:
    """Train ``policy`` in place, on stories that it writes itself.

    ``on_step`` is told the number of each step, and the mean reward of its stories.
    """
    generator = torch.Generator().manual_seed(plan.seed)
    optimiser = torch.optim.Adam(policy.parameters(), plan.learning_rate)
    for step in range(plan.steps):
        written = write_stories(policy, plan.group, generator)
        rewards = torch.tensor([*map(reward, written.texts)])
        loss = policy_loss(policy, reference, written, rewards, plan)
        for group in optimiser.param_groups:  # down to 0, in a straight line
            group["lr"] = plan.learning_rate * (1 - step / plan.steps)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
        optimiser.step()
        if on_step:
            on_step(step, float(rewards.mean()))
