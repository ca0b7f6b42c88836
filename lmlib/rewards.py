"""Rewards that a program can check, and the losses that learn from them: REINFORCE and GRPO.

>>> ends_well("in the end he was happy ."), whole_story("in the end he was happy .")
(1.0, 0.0)
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import torch
from torch import Tensor

from lmlib.points import ENDS_WELL, GOOD, Judge
from lmlib.states import read_state
from lmlib.validation import check_choice, check_positive

ENDING = re.compile(rf"\bin the end s?he was ({'|'.join(GOOD)}) \.$")
BASELINES = ("none", "others", "group")
"""What is taken from a reward: nothing, the mean of the others, or the mean, divided by the spread."""


def ends_well(text: str) -> float:
    """1 if the last sentence of a text is a good ending of the stories; nothing else is read."""
    return float(bool(ENDING.search(text)))


def whole_story(text: str, judge: Judge = ENDS_WELL) -> float:
    """What a text is worth to a judge who reads all of it with the grammar; 0 for what is no whole story."""
    try:
        read_state(text)
    except ValueError:
        return 0.0
    return judge(text)


def advantages(rewards: Sequence[float] | Tensor, baseline: str = "group") -> Tensor:
    """How much better each of G answers to one prompt was than expected, (G,) → (G,).

    ``none`` leaves rewards as they are. ``others`` subtracts the mean of the other answers, formula `eq:baseline`
    (Kool et al. 2019). ``group`` is GRPO's, `eq:grpo-advantage` (Shao et al. 2024). Raises ValueError for a group that
    is empty, a reward that is not finite and, with a baseline, for rewards that are all equal: they have no gradient.

    >>> advantages([1.0, 0.0, 0.0, 1.0])
    tensor([ 0.8660, -0.8660, -0.8660,  0.8660])
    >>> advantages([1.0, 0.0, 0.0], "others")
    tensor([ 1.0000, -0.5000, -0.5000])
    """
    check_choice("baseline", baseline, BASELINES)
    given = torch.as_tensor(rewards, dtype=torch.float32)
    check_rewards(given, several=baseline != "none")
    if baseline == "none":
        return given
    if baseline == "others":
        return (given - given.mean()) * len(given) / (len(given) - 1)
    return (given - given.mean()) / given.std()


def check_rewards(rewards: Tensor, several: bool) -> None:
    """Raise ValueError for no rewards, one that is not finite and, where ``several`` are to differ, equal ones."""
    if rewards.dim() != 1 or not len(rewards):
        raise ValueError(
            f"rewards: shape {tuple(rewards.shape)} is no group; give one reward for each of 1 or more answers"
        )
    if not rewards.isfinite().all():
        bad = rewards[~rewards.isfinite()][0].item()
        raise ValueError(f"rewards: {bad} is not finite; let the check return a number")
    if several and (rewards == rewards[0]).all():
        raise ValueError(
            f"rewards: all {len(rewards)} are {rewards[0].item():g}, so no answer is better than another and there is "
            "no gradient; draw a larger group, or leave this prompt out"
        )


def reinforce_loss(log_probs: Tensor, advantages: Tensor, mask: Tensor) -> Tensor:
    """A number whose gradient is that of −E[reward]: formula `eq:reinforce`.

    Williams (1992). ``log_probs`` (G, T) are those of the tokens that were drawn, ``mask`` (G, T) where they count;
    ``advantages`` (G,) belong to whole texts.

    >>> reinforce_loss(torch.tensor([[-1.0, -2.0]]), torch.tensor([2.0]), torch.tensor([[True, True]]))
    tensor(6.)
    """
    texts = log_probs.masked_fill(~mask, 0).sum(1)  # (G,)
    return -torch.dot(advantages, texts) / len(texts)


def clipped(ratio: Tensor, advantages: Tensor, clip: float) -> Tensor:
    """What a token is worth with the policy's ``ratio`` to the one that drew it: formula `eq:clip`.

    Schulman et al. (2017). Raises ValueError for ``clip`` that is not above 0.

    >>> clipped(torch.tensor([0.5, 1.5, 1.5]), torch.tensor([1.0, 1.0, -1.0]), clip=0.2)
    tensor([ 0.5000,  1.2000, -1.5000])
    """
    check_positive(clip=clip)
    return torch.minimum(
        ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages
    )


def k3(log_probs: Tensor, reference: Tensor) -> Tensor:
    """An estimate of KL(π‖π₀) from each drawn token that is never negative: formula `eq:k3`. Schulman (2020).

    >>> k3(torch.tensor([-1.0, -1.0]), torch.tensor([-1.0, -1.0 - math.log(2)]))
    tensor([0.0000, 0.1931])
    """
    log_ratio = reference - log_probs
    return log_ratio.exp() - log_ratio - 1


def grpo_loss(
    log_probs: Tensor,
    old: Tensor,
    reference: Tensor,
    advantages: Tensor,
    mask: Tensor,
    clip: float = 0.2,
    beta: float = 0.0,
) -> Tensor:
    """The loss of GRPO: formula `eq:grpo`, a mean over the tokens of each answer and then over answers.

    All (G, T) but ``advantages`` (G,): log-probabilities of the drawn tokens under the policy, the policy that drew
    them, and the frozen reference. Shao et al. (2024). Raises ValueError for a ``beta`` below 0, another number of
    advantages, or an answer without a token that counts.
    """
    if advantages.shape != log_probs.shape[:1] or not mask.any(1).all():
        given = f"{[*advantages.shape]} for {len(mask)} answers"
        raise ValueError(f"advantages: {given}; give each one, and a token")
    if not 0 <= beta < math.inf:
        raise ValueError(f"beta: {beta} must be 0 or more, and finite")
    worth = clipped((log_probs - old).exp(), advantages[:, None], clip)
    each = (worth - beta * k3(log_probs, reference)).masked_fill(~mask, 0)
    return -(each.sum(1) / mask.sum(1)).mean()


def kl_per_story(log_probs: Tensor, reference: Tensor, mask: Tensor) -> Tensor:
    """Nats that each story's distribution is away from the reference's, (G, T, V) twice → (G,): formula `eq:kl-story`.

    >>> half, sure = torch.tensor([[[0.5, 0.5]]]).log(), torch.tensor([[[1.0, 0.0]]]).log()
    >>> kl_per_story(sure, half, torch.tensor([[True]]))
    tensor([0.6931])
    """
    probs = log_probs.exp()
    terms = torch.where(probs > 0, probs * (log_probs - reference), 0.0)
    return (terms.sum(-1) * mask).sum(1)
