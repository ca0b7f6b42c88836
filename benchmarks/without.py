"""What a GPT loses when one of its parts is left out: `python benchmarks/without.py`. Half an hour on one core.

Every model is trained anew on the book's stories, for the same steps, at each of two learning rates; the better one
counts. Without the mask, a model is also asked for each word apart, on ten of the 100 stories. Stores the held-out loss
of each seed, in nats per token, in ``lmlib/data/without.json``; a row that is there is not computed again.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import torch
from stored import store
from torch import Tensor, nn

import lmlib
from lmlib.batches import Batches
from lmlib.blocks import Block, Config
from lmlib.evaluation import mean_loss
from lmlib.optimisation import Training
from lmlib.pretraining import fit
from lmlib.stories import STORIES, story_split
from lmlib.transformer import GPT, Transformer

PATH = Path(lmlib.__file__).parent / "data" / "without.json"
STEPS, RATES, SEEDS = 400, (4e-3, 1e-3), (0, 1, 2)
PARTS = (
    "nothing",
    "positions",
    "mask",
    "residual",
    "norm",
    "feed-forward",
    "non-linearity",
)


class Replacing(Block):
    """A block whose layers replace what they were given, and do not add to it."""

    def forward(self, x: Tensor, cache: Any = None) -> tuple[Tensor, Tensor]:
        x, weights = self.attention(self.norm_1(x), cache)
        return self.feed_forward(self.norm_2(x)), weights


class Nothing(nn.Module):
    """Adds nothing."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.zeros_like(x)


def without(part: str, n_layer: int, seed: int) -> GPT:
    """The book's GPT with one part left out."""
    config = Config(STORIES.vocab_size, n_layer=n_layer)
    model = GPT(config, seed)
    if part == "mask":
        model.decoder = Transformer(config, causal=False, seed=seed)
    elif part == "positions":
        nn.init.zeros_(model.decoder.position.weight).requires_grad_(False)
    elif part == "norm":
        model.decoder.norm = nn.Identity()
    for block in model.decoder.blocks:
        if part == "residual":
            block.__class__ = Replacing
        elif part == "norm":
            block.norm_1, block.norm_2 = nn.Identity(), nn.Identity()
        elif part == "feed-forward":
            block.feed_forward = Nothing()
        elif part == "non-linearity":
            block.feed_forward.activation = nn.Identity()
    return model


@torch.no_grad()
def honest_loss(model: GPT, stories: list[Tensor]) -> float:
    """The loss where the model is shown only what stands before each token."""
    losses = []
    for ids in stories:
        for n in range(1, len(ids)):
            scores = model(ids[None, :n])[0, -1]
            losses.append(-scores.log_softmax(-1)[ids[n]])
    return torch.stack(losses).mean().item()


def once(part: str, n_layer: int, seed: int, rate: float, steps: int = STEPS) -> Any:
    """Held-out losses of one run: as in training, and shown nothing that comes later."""
    train, held_out = story_split(8 * steps, 100)
    model = without(part, n_layer, seed)
    plan = Training(steps, rate, warmup=min(100, steps // 2), seed=seed)
    try:
        fit(model, Batches(train), plan, progress=False)
    except ValueError:  # the loss is no number any more
        return {"loss": None, "honest": None}
    loss = mean_loss(model, held_out)
    honest = honest_loss(model, held_out[:10]) if part == "mask" else loss
    return {"loss": loss, "honest": honest}


def main() -> None:
    """All rows that are not stored yet."""
    stored = json.loads(PATH.read_text("utf-8")) if PATH.exists() else {"rows": []}
    rows, before = stored["rows"], stored.get("made_by", {"seconds": 0})["seconds"]
    start, done = time.perf_counter(), {(r["n_layer"], r["part"]) for r in rows}
    for n_layer, parts in ((1, PARTS[:2]), (2, PARTS)):
        for part in parts:
            if (n_layer, part) in done:
                continue
            runs = [[once(part, n_layer, s, r) for r in RATES] for s in SEEDS]
            best = [min(two, key=lambda run: run["loss"] or 99) for two in runs]
            rows.append({"part": part, "n_layer": n_layer, "runs": runs, "best": best})
            print(n_layer, part, best, flush=True)
            seconds = before + time.perf_counter() - start
            found = {"steps": STEPS, "rates": RATES, "rows": rows}
            store(PATH, found, list(SEEDS), seconds)


if __name__ == "__main__":
    main()
