"""The losses of rewards and preferences beside those of TRL, where that is installed: the nightly run does so.

TRL's trainers want datasets and a tokenizer of their own, so that here their loss alone is asked, on our numbers.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
import torch
from torch import Tensor

from lmlib.preferences import DPO, RewardModel, pair_batches, text_log_probs
from lmlib.rewards import advantages, grpo_loss
from lmlib.stories import STORIES, WORDS
from lmlib.training_step import loss_of
from lmlib.transformer import GPT, Config
from lmlib.verdicts import JUDGE, draw_pairs

trl = pytest.importorskip("trl")
SMALL = Config(vocab_size=304, block_size=100, n_layer=1, n_head=2, d_model=16)


def trainer(**settings: Any) -> MagicMock:
    """What stands for a trainer: its settings, and an accelerator of one process."""
    accelerator = SimpleNamespace(
        device="cpu",
        num_processes=1,
        gather=lambda x: x,
        gather_for_metrics=lambda x: x,
        reduce=lambda x, reduction: x,
    )
    found = MagicMock(accelerator=accelerator, aux_loss_enabled=False, _tp_size=1)
    found._total_train_tokens = 0
    found.configure_mock(**settings)
    return found


def pairs() -> tuple[tuple[Tensor, Tensor], Tensor]:
    drawn = draw_pairs(STORIES.sample(8, 2), JUDGE, seed=0)
    return pair_batches(drawn, WORDS, 4)(0)  # type: ignore[return-value]


def test_the_loss_of_dpo() -> None:
    (chosen, rejected), targets = pairs()
    policy, reference = GPT(SMALL, seed=1), GPT(SMALL, seed=2)
    ours = loss_of(DPO(policy, reference, beta=0.3), ((chosen, rejected), targets))

    both = torch.nn.utils.rnn.pad_sequence([*chosen, *rejected], True, -100)
    mask = (both != -100).long()
    with torch.no_grad():
        kept = [text_log_probs(reference, part) for part in (chosen, rejected)]

    def model(labels: Tensor, **inputs: Any) -> SimpleNamespace:
        logs = policy(labels[:, :-1].clamp(min=0)).log_softmax(-1)
        drawn = logs.gather(-1, labels[:, 1:, None].clamp(min=0))[..., 0]
        drawn = drawn * (labels[:, 1:] != -100)
        return SimpleNamespace(
            log_probs=drawn, entropy=drawn, mean_logits=drawn, is_top1=drawn > 0
        )

    theirs = trl.DPOTrainer._compute_loss(
        trainer(
            beta=0.3,
            ld_alpha=None,
            precompute_ref_logps=True,
            f_divergence_type="reverse_kl",
            loss_types=["sigmoid"],
            loss_weights=[1.0],
            use_weighting=False,
        ),
        model,
        {
            "input_ids": both.clamp(min=0),
            "attention_mask": mask,
            "completion_mask": mask,
            "ref_chosen_logps": kept[0],
            "ref_rejected_logps": kept[1],
        },
        False,
    )
    torch.testing.assert_close(theirs, ours)


def test_the_loss_of_a_reward_model() -> None:
    (chosen, rejected), targets = pairs()
    model = RewardModel(GPT(SMALL, seed=1))
    torch.nn.init.normal_(model.head.weight, generator=torch.Generator().manual_seed(0))
    ours = loss_of(model, ((chosen, rejected), targets))
    rewards = torch.cat([model.score(chosen), model.score(rejected)])[:, None]
    theirs = trl.RewardTrainer.compute_loss(
        trainer(args=SimpleNamespace(center_rewards_coefficient=None)),
        lambda **inputs: SimpleNamespace(logits=rewards),
        {"attention_mask": torch.ones(8, 2)},
    )
    torch.testing.assert_close(theirs, ours)


@pytest.mark.parametrize("beta", [0.0, 0.25])
def test_the_loss_of_grpo(beta: float) -> None:
    generator = torch.Generator().manual_seed(0)
    new, old, reference = (-torch.rand(4, 6, generator=generator) * 3 for _ in range(3))
    old = new + 0.5 * (old - new)  # ratios on both sides of the clip
    mask = torch.arange(6) < torch.tensor([[6], [4], [5], [2]])
    better = advantages([1.0, 0.0, 0.0, 1.0])
    ours = grpo_loss(new, old, reference, better, mask, clip=0.2, beta=beta)
    settings = trainer(
        beta=beta,
        loss_type="grpo",
        importance_sampling_level="token",
        epsilon_low=0.2,
        epsilon_high=0.2,
        top_entropy_quantile=1.0,
        off_policy_mask_threshold=None,
        use_vllm=False,
        _entropy_bonus_enabled=False,
        current_gradient_accumulation_steps=1.0,
        args=SimpleNamespace(delta=None, use_bias_correction_kl=False),
    )
    settings._get_per_token_logps_and_entropies.return_value = new, -new, None
    theirs = trl.GRPOTrainer._compute_loss(
        settings,
        None,
        {
            "prompt_ids": torch.zeros(4, 1).long(),
            "prompt_mask": torch.ones(4, 1).long(),
            "completion_ids": torch.zeros(4, 6).long(),
            "completion_mask": mask.long(),
            "advantages": better,
            "old_per_token_logps": old,
            "ref_per_token_logps": reference,
        },
    )
    torch.testing.assert_close(theirs, ours)
