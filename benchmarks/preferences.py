"""What is learned from verdicts on pairs of stories, beside the exact optimum: `python benchmarks/preferences.py`.

About twenty minutes on one core. Reward models on few and on many pairs, the best of n by one, DPO at several
prices, and its controls: few pairs read often, verdicts drawn by a coin, and training on the chosen stories alone; the
same with a judge who takes a long text for a good one. Every seed has pairs, verdicts and batches of its own. Stores
what each run reaches in ``lmlib/data/preferences.json``; a run that is there is not done again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import stored
import torch
from torch import Tensor

import lmlib
from lmlib.batches import IGNORE, Batches
from lmlib.optimisation import Training
from lmlib.points import Judge
from lmlib.policies import all_log_probs, write_stories
from lmlib.preferences import DPO, RewardModel, pair_batches
from lmlib.pretrained import load_book_gpt
from lmlib.pretraining import fit
from lmlib.rewards import kl_per_story, whole_story
from lmlib.stories import STORIES, WORDS
from lmlib.tokens import sequences
from lmlib.training_step import loss_of
from lmlib.transformer import GPT
from lmlib.verdicts import JUDGE, WORDY_JUDGE, Pair, draw_pairs

DATA = Path(lmlib.__file__).parent / "data" / "preferences.json"
SEEDS = (0, 1, 2)
PAIRS, BATCH, RATE = 4_000, 16, 3e-4
READ = {100: 60, 1_000: 125, 4_000: 250}  # pairs, and steps of a reward model
PRICES = (1.0, 0.5, 2.0)
WRITTEN, GROUPS = 600, (2, 4, 8, 16)
COIN = Judge({})
"""A judge to whom all is equal."""


@cache
def pairs(judge_name: str, n: int, seed: int) -> list[Pair]:
    judge = {"judge": JUDGE, "wordy": WORDY_JUDGE, "coin": COIN}[judge_name]
    return draw_pairs(STORIES.sample(2 * n, 10_000 + seed), judge, seed)


@cache
def reward_model(judge: str, n: int, seed: int) -> RewardModel:
    model = RewardModel(load_book_gpt())
    plan = Training(READ[n], 1e-3, warmup=10, seed=seed, fused=True)
    batches = pair_batches(pairs(judge, n, seed), WORDS, BATCH, seed)
    fit(model, batches, plan, progress=False)
    return model


def verdicts(judge: str, n: int, seed: int) -> dict[str, float]:
    """How often a reward model is right on new pairs, and its nats per verdict."""
    model, test = reward_model(judge, n, seed), pairs(judge, 2_000, 77)
    batch = pair_batches(test, WORDS, 100, 0)
    with torch.no_grad():
        both = [
            (model(*inputs), loss_of(model, (inputs, y)))
            for inputs, y in map(batch, range(20))
        ]
    right = torch.cat([logits[:, 0] > logits[:, 1] for logits, _ in both])
    nats = sum(loss.item() for _, loss in both) / len(both)
    return {"right": round(right.double().mean().item(), 4), "nats": round(nats, 4)}


@torch.no_grad()
def scores(model: RewardModel, texts: list[str]) -> Tensor:
    room = load_book_gpt().config.block_size  # a text that found no end is one longer
    cut = [tokens[:room] for tokens in sequences(texts, WORDS)]
    batch = torch.nn.utils.rnn.pad_sequence(cut, True, IGNORE)
    return torch.cat([model.score(part) for part in batch.split(200)])


@cache
def pool() -> list[str]:
    """Stories of the book's GPT."""
    return write_stories(load_book_gpt(), 4_800, torch.Generator().manual_seed(5)).texts


def best_of(judge: str, seed: int | None) -> dict[str, list[float]]:
    """Points and words of the best of n stories: by the judge, or by a reward model of this judge."""
    texts, judges = pool(), {"judge": JUDGE, "wordy": WORDY_JUDGE}
    points = torch.tensor([JUDGE(text) for text in texts])
    words = torch.tensor([float(len(text.split())) for text in texts])
    if seed is None:
        by = torch.tensor([judges[judge](text) for text in texts])
    else:
        by = scores(reward_model(judge, 4_000, seed), texts)
    found: dict[str, list[float]] = {"points": [], "words": []}
    for n in GROUPS:
        best = by.view(-1, n).argmax(1, keepdim=True)
        for name, values in (("points", points), ("words", words)):
            found[name].append(
                round(values.view(-1, n).gather(1, best).mean().item(), 4)
            )
    return found


@torch.no_grad()
def marks(policy: GPT) -> dict[str, float]:
    """Points of both judges, nats per story away from the book's GPT, words, and how many are whole stories."""
    reference = load_book_gpt()
    written = write_stories(policy, WRITTEN, torch.Generator().manual_seed(9))
    rows = zip(written.tokens.split(100), written.mask.split(100), strict=True)
    nats = torch.cat(
        [
            kl_per_story(all_log_probs(policy, x), all_log_probs(reference, x), mask)
            for x, mask in rows
        ]
    )
    each = [
        {
            "points": JUDGE(text),
            "wordy": WORDY_JUDGE(text),
            "words": len(text.split()),
            "whole": whole_story(text, Judge({}, 1.0)) > 0,
        }
        for text in written.texts
    ]
    found = {name: sum(one[name] for one in each) / WRITTEN for name in each[0]}
    found["nats"] = nats.mean().item()
    return {name: round(value, 4) for name, value in found.items()}


def dpo(judge: str, beta: float, n: int, seed: int) -> dict[str, Any]:
    """A policy from so many pairs, in as many steps as all others; what it reaches on the way, and its loss."""
    policy = load_book_gpt()
    batches = pair_batches(pairs(judge, n, seed), WORDS, BATCH, seed)
    steps = PAIRS // BATCH
    plan = Training(
        steps, RATE, warmup=10, seed=seed, eval_interval=steps // 5, fused=True
    )
    curve: list[dict[str, float]] = []

    def look(model: Any) -> float:
        curve.append(marks(policy))
        return 0.0

    learner = DPO(policy, load_book_gpt(), beta)
    log = fit(learner, batches, plan, look, progress=False)
    return curve[-1] | {"loss": round(log[-1].loss, 4), "curve": curve[:-1]}


def chosen_alone(seed: int) -> dict[str, float]:
    """Training goes on with the stories that were chosen, and those that lost are not read."""
    policy = load_book_gpt()
    chosen = [pair.chosen for pair in pairs("judge", PAIRS, seed)]
    batches = Batches(sequences(chosen, WORDS), BATCH, seed)
    plan = Training(PAIRS // BATCH, RATE, warmup=10, seed=seed, fused=True)
    fit(policy, batches, plan, progress=False)
    return marks(policy)


def of_the_pool() -> dict[str, int]:
    """How many stories of the book's GPT have each number of points."""
    return {str(k): n for k, n in sorted(Counter(map(JUDGE, pool())).items())}


def parts(found: Any) -> Iterator[stored.Part]:
    yield "best of n", "judge", partial(best_of, "judge", None)
    yield "reference", "stories", of_the_pool
    yield "dpo", "before", lambda: marks(load_book_gpt())
    for seed in SEEDS:
        yield (
            "dpo",
            f"judge 1.0 {PAIRS} {seed}",
            partial(dpo, "judge", 1.0, PAIRS, seed),
        )
        yield "chosen", str(seed), partial(chosen_alone, seed)
        for n in READ:
            yield (
                "reward model",
                f"judge {n} {seed}",
                partial(verdicts, "judge", n, seed),
            )
        yield (
            "reward model",
            f"wordy {PAIRS} {seed}",
            partial(verdicts, "wordy", PAIRS, seed),
        )
        for judge in ("judge", "wordy"):
            yield "best of n", f"model of {judge} {seed}", partial(best_of, judge, seed)
        yield (
            "dpo",
            f"wordy 1.0 {PAIRS} {seed}",
            partial(dpo, "wordy", 1.0, PAIRS, seed),
        )
        yield "dpo", f"judge 1.0 500 {seed}", partial(dpo, "judge", 1.0, 500, seed)
        for beta in PRICES[1:]:
            yield (
                "dpo",
                f"judge {beta} {PAIRS} {seed}",
                partial(dpo, "judge", beta, PAIRS, seed),
            )
        yield "dpo", f"coin 1.0 {PAIRS} {seed}", partial(dpo, "coin", 1.0, PAIRS, seed)


def main() -> None:
    torch.set_num_threads(1)
    stored.store_parts(DATA, parts, [*SEEDS])


if __name__ == "__main__":
    main()
