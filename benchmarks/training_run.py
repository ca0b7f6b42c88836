"""A run of 1,000 steps from random weights, looked at every twenty: the page shows it beside its reader's own.

python benchmarks/training_run.py    about a minute on one core
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict

from stored import store

from lmlib.batches import Batches
from lmlib.evaluation import mean_loss
from lmlib.files import DATA
from lmlib.milestones import milestone
from lmlib.optimisation import Training
from lmlib.pretraining import fit
from lmlib.stories import STORIES, WORDS, story_sequences
from lmlib.transformer import GPT, Config

EVERY, LONGEST = 20, 60
PLAN = Training(1_000, learning_rate=6e-3, warmup=50, eval_interval=20)
TESTS = story_sequences(8, seed=77)


def main() -> None:
    model = GPT(Config(vocab_size=len(WORDS.vocab)), seed=0)
    batches = Batches(story_sequences(PLAN.steps * 8, seed=0), batch_size=8)
    found = [milestone(model, 0, TESTS, LONGEST)]

    def look(model: GPT) -> float:
        found.append(milestone(model, len(found) * EVERY, TESTS, LONGEST))
        return found[-1].loss

    start = time.process_time()
    fit(model, batches, PLAN, evaluate=look)  # type: ignore[arg-type]
    stored = {
        "plan": {"steps": PLAN.steps, "learning_rate": PLAN.learning_rate}
        | {
            "warmup": PLAN.warmup,
            "clip": PLAN.clip,
            "batch_size": 8,
            "every": EVERY,
            "longest": LONGEST,
        },
        "tests": [ids.tolist() for ids in TESTS],
        "floor": mean_loss(STORIES, TESTS),
        "records": [json.loads(json.dumps(asdict(one))) for one in found],
    }
    store(DATA / "training_run.json", stored, [0, 77], time.process_time() - start)


if __name__ == "__main__":
    main()
