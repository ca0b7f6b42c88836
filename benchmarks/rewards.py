"""A GPT whose stories are to end well: REINFORCE, GRPO, their controls, and a policy that changes the last word alone.

    python benchmarks/rewards.py

About twenty minutes on one core. Writes ``lmlib/data/rewards.json``, from which the chapter on rewards draws, after
each part; what stands there is not computed again, so delete the file to begin anew. On another CPU the last digits
differ, and with them the words that are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any

import stored
import torch

import lmlib
from lmlib.last_words import good_cues
from lmlib.policies import (
    GRPO,
    Plan,
    Reward,
    all_log_probs,
    learn,
    of_drawn,
    write_stories,
)
from lmlib.pretrained import load_book_gpt
from lmlib.rewards import ends_well, kl_per_story, whole_story
from lmlib.transformer import GPT

PATH = Path(lmlib.__file__).parent / "data" / "rewards.json"
SEEDS = (0, 1, 2)
LOOKS = (10, 20, 40, 80)


def a_coin(text: str) -> float:
    """A control: a reward that has nothing to do with the text, and is the same each time."""
    return float(Random(text).random() < 0.5)


RUNS: dict[str, tuple[Plan, Reward]] = {
    "baseline": (Plan(), ends_well),
    "no baseline": (Plan(baseline="none"), ends_well),
    "GRPO": (GRPO, ends_well),
    "last word": (Plan(last_word=True), ends_well),
    "no penalty": (Plan(beta=None), ends_well),
    "GRPO, paid in the reward": (replace(GRPO, pay="reward"), ends_well),
    "nats paid in the loss": (Plan(pay="loss"), ends_well),
    "a coin": (Plan(), a_coin),
    "whole stories": (Plan(), whole_story),
}


@cache
def reference() -> GPT:
    return load_book_gpt()


@torch.no_grad()
def marks(policy: GPT, n: int, seed: int = 9_000) -> dict[str, Any]:
    """What a policy's stories are worth and cost, what they say on the way, and how different they are."""
    parts = [
        one_part(policy, 250, torch.Generator().manual_seed(seed + i))
        for i in range(n // 250)
    ]
    mean = {key: sum(part[key] for part in parts) / len(parts) for key in parts[0]}
    return {key: round(value, 4) for key, value in mean.items()}


def one_part(policy: GPT, n: int, generator: torch.Generator) -> dict[str, float]:
    tokens, mask, texts = write_stories(policy, n, generator)
    now, before = (all_log_probs(model, tokens) for model in (policy, reference()))
    return {
        "reward": sum(map(ends_well, texts)) / n,
        "nats": kl_per_story(now, before, mask).mean().item(),
        "whole": sum(whole_story(text) for text in texts) / n,
        "surprise": -(of_drawn(now, tokens) * mask).sum(1).mean().item(),
        "words": sum(len(text.split()) for text in texts) / n,
        **good_cues(texts),
    }


def run(name: str, seed: int) -> dict[str, Any]:
    """Train, with a look at 250 stories now and then; at the end 1,500 are looked at."""
    plan, reward = RUNS[name]
    policy, rewards, path = load_book_gpt(), [], []

    def on_step(step: int, mean: float) -> None:
        rewards.append(mean)
        if step + 1 in LOOKS:
            found = marks(policy, 250)
            path.append([step + 1, found["reward"], found["nats"]])

    learn(policy, reference(), reward, replace(plan, seed=seed), on_step)
    tens = [rewards[i : i + 10] for i in range(0, len(rewards), 10)]
    curve = [round(sum(ten) / len(ten), 4) for ten in tens]
    return {"end": marks(policy, 1_500), "path": path, "curve": curve}


def parts(found: dict[str, Any]) -> Iterator[stored.Part]:
    yield "start", "0", partial(marks, reference(), 6_000)
    for name in RUNS:
        for seed in SEEDS:
            yield name, str(seed), partial(run, name, seed)


def main() -> None:
    torch.set_num_threads(1)
    stored.store_parts(PATH, parts, [*SEEDS])


if __name__ == "__main__":
    main()
