"""How near the book's GPT comes to the best possible model in less than a minute of training, on two threads.

python benchmarks/floor.py
"""

from __future__ import annotations

import time
from typing import Any

import torch

from lmlib.batches import Batches
from lmlib.blocks import Config
from lmlib.evaluation import token_losses
from lmlib.optimisation import Training
from lmlib.pretraining import fit
from lmlib.stories import STORIES
from lmlib.tokens import WordTokenizer, sequences
from lmlib.transformer import GPT


def measure(steps: int = 1_500) -> list[dict[str, Any]]:
    """Held-out cross-entropy after training, the grammar's own on the same stories, and the seconds it took."""
    torch.set_num_threads(2)
    words = WordTokenizer(STORIES.vocab)
    train = sequences(STORIES.sample(20_000, seed=0), words)
    held_out = sequences(STORIES.sample(200, seed=1), words)
    model = GPT(Config(vocab_size=STORIES.vocab_size))
    start = time.perf_counter()
    fit(model, Batches(train), Training(steps, learning_rate=4e-3), progress=False)
    seconds = time.perf_counter() - start
    loss, floor = (
        torch.cat(token_losses(m, held_out)).mean().item() for m in (model, STORIES)
    )
    work = f"cross-entropy against the floor, {seconds:.0f} s of training"
    return [
        {
            "work": work,
            "ours": loss,
            "peer": floor,
            "ratio": loss / floor,
            "unit": "nats",
        }
    ]


if __name__ == "__main__":
    for row in measure():
        print(
            "{work:50} {ours:.4f} and {peer:.4f} {unit} ratio {ratio:.4f}".format(**row)
        )
