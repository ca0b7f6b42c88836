"""What changed since GPT-2, one change at a time, on the book's stories: `python benchmarks/modern.py`.

Half an hour on one core. Every variant of the book's GPT is trained anew with each of five seeds, for the same steps,
on the same batches and at the same learning rate. ``LENGTHS`` are trained on windows of 50 tokens, with three seeds,
and read stories of up to 100. Stores the held-out loss of each run, in nats per token, in ``lmlib/data/modern.json``;
a run that is there is not computed again.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from stored import store
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import lmlib
from lmlib.batches import Batches
from lmlib.blocks import Config, FeedForward, draw_weights
from lmlib.evaluation import mean_loss, token_losses
from lmlib.experts import Experts, route
from lmlib.grouped_query import GroupedQueryAttention
from lmlib.llama import Llama
from lmlib.modern import ModernConfig, RMSNorm, SwiGLU
from lmlib.optimisation import Training
from lmlib.positions import rotations
from lmlib.pretraining import fit
from lmlib.stories import STORIES, story_sequences
from lmlib.transformer import GPT, Transformer, count_parameters

PATH = Path(lmlib.__file__).parent / "data" / "modern.json"
STEPS, RATE, SEEDS = 1_000, 4e-3, (0, 1, 2, 3, 4)
WINDOW, TESTED = 50, 500
C, V = 64, STORIES.vocab_size


class Grouped(nn.Module):
    """Attention of today in the book's GPT; without a ``base``, nothing is turned."""

    def __init__(self, n_kv_head: int, base: float | None = None) -> None:
        super().__init__()
        self.base = base
        self.inner = GroupedQueryAttention(C, 4, n_kv_head, 16, True, True)

    def forward(self, x: Tensor, cache: None = None) -> tuple[Tensor, Tensor]:
        places = torch.arange(x.shape[1])
        if not self.base:
            places = torch.zeros_like(places)
        return self.inner(x, rotations(places, 16, self.base or 1.0))


class Untied(Transformer):
    """The last layer is a table of its own."""

    def logits(self, x: Tensor) -> Tensor:
        return self.head(x)


def dense(d_ff: int = 4 * C) -> FeedForward:
    """The book's feed-forward network of any width."""
    made = FeedForward(C)
    made.up, made.down = nn.Linear(C, d_ff), nn.Linear(d_ff, C)
    return made


def mixture(d_ff: int, n_active: int) -> Experts:
    return Experts(C, [dense(d_ff) for _ in range(4)], n_active)


def changed(
    positions: Any = "learned", untied: bool = False, **parts: Callable[[], nn.Module]
) -> Callable[[int], nn.Module]:
    """Seed → the book's GPT in which these parts of each block are others."""

    def make(seed: int) -> nn.Module:
        model = GPT(Config(V, positions=positions), seed)
        if "norm_1" in parts:
            model.decoder.norm = parts["norm_1"]()
        for block in model.decoder.blocks:
            for name, part in parts.items():
                setattr(block, name, part())
        if untied:
            model.decoder.__class__ = Untied
            model.decoder.head = nn.Linear(C, V, bias=False)
        draw_weights(model.decoder, model.config.d_model, model.config.n_layer, seed)
        return model

    return make


def llama(d_ff: int) -> Callable[[int], nn.Module]:
    return partial(Llama, ModernConfig(V, d_ff=d_ff))


def wide(d_ff: int) -> Callable[[], nn.Module]:
    return partial(dense, d_ff)


# Where a change saves or costs parameters, `d_ff` makes their number equal again in a second row.
VARIANTS = {
    "the book's GPT": changed(),
    "RMSNorm": changed(norm_1=partial(RMSNorm, C), norm_2=partial(RMSNorm, C)),
    "SwiGLU": changed(feed_forward=partial(SwiGLU, C, 172)),
    "rotary": changed("rotary"),
    "2 heads of keys, d_ff 288": changed(
        attention=partial(Grouped, 2), feed_forward=wide(288)
    ),
    "untied, d_ff 181": changed(untied=True, feed_forward=wide(181)),
    "2 of 4 experts of 128": changed(feed_forward=partial(mixture, 128, 2)),
    "all together, d_ff 212": llama(212),
    "1 head of keys, d_ff 304": changed(
        attention=partial(Grouped, 1), feed_forward=wide(304)
    ),
    "1 of 4 experts of 256": changed(feed_forward=partial(mixture, 256, 1)),
    "sinusoidal": changed("sinusoidal"),
    "2 heads of keys": changed(attention=partial(Grouped, 2)),
    "1 head of keys": changed(attention=partial(Grouped, 1)),
    "untied": changed(untied=True),
    "all together, d_ff 196": llama(196),
    "d_ff 512": changed(feed_forward=wide(512)),
    "d_ff 1024": changed(feed_forward=wide(1024)),
}
LENGTHS = {
    "learned": changed(),
    "sinusoidal": changed("sinusoidal"),
    "rotary": changed("rotary"),
    "rotary, base 1,000,000": changed("rotary", attention=partial(Grouped, 4, 1e6)),
}


@cache
def stories(n: int, seed: int) -> list[Tensor]:
    return story_sequences(n, seed)


def windows(seed: int) -> list[Tensor]:
    """A piece of each story to train on, from anywhere in it: 50 tokens, and the one after them."""
    draw = random.Random(seed)
    whole = stories(8 * STEPS, 0)
    starts = [draw.randrange(len(ids) - WINDOW) for ids in whole]
    return [ids[i : i + WINDOW + 1] for ids, i in zip(whole, starts, strict=True)]


def by_place(losses: list[Tensor]) -> list[float]:
    """Mean losses after positions 0 … 9, 10 … 19, and so on up to 89."""
    return [
        round(float(torch.cat([row[i : i + 10] for row in losses]).mean()), 4)
        for i in range(0, 90, 10)
    ]


@torch.no_grad()
def seen_through(model: nn.Module, sequences: list[Tensor]) -> list[Tensor]:
    """Losses where a model is given the last 50 tokens only, as if a text began there."""
    found = []
    for ids in sequences:
        first = token_losses(model, [ids[:WINDOW]])[0]
        views = ids.unfold(0, WINDOW + 1, 1)  # each with the token that follows it
        logits = model(views[:, :-1])[:, -1]
        later = nn.functional.cross_entropy(logits, views[:, -1], reduction="none")
        found.append(torch.cat([first, later]))
    return found


def flops(model: nn.Module, length: int = 96) -> int:
    """Of matrix products for each token of a text, forwards."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, length, dtype=torch.long))
    return counter.get_total_flops() // length


def shares(model: nn.Module) -> list[list[float]]:
    """The share of tokens' choices that went to each expert of each layer."""
    found: dict[int, Tensor] = {}
    mixtures = [m for m in model.modules() if isinstance(m, Experts)]

    def count(i: int, m: Experts, inputs: Any, output: Tensor) -> None:
        _, chosen = route(m.router(inputs[0].flatten(0, -2)), m.n_active)
        found[i] = chosen.flatten().bincount(minlength=4) / chosen.numel()

    for i, m in enumerate(mixtures):
        m.register_forward_hook(partial(count, i))
    mean_loss(model, stories(TESTED, 1)[:100], batch_size=100)
    return [[round(float(x), 3) for x in found[i]] for i in sorted(found)]


def active(model: nn.Module) -> int:
    """Parameters that one token meets."""
    idle = [m for m in model.modules() if isinstance(m, Experts)]
    return count_parameters(model) - sum(
        count_parameters(m) - m.active_parameters() for m in idle
    )


def once(kind: str, name: str, seed: int, steps: int = STEPS) -> dict[str, Any]:
    """Train and measure one model: ``kind`` is "whole" stories or "windows" of them."""
    start = time.process_time()
    model = (VARIANTS if kind == "whole" else LENGTHS)[name](seed)
    texts = stories(8 * steps, 0) if kind == "whole" else windows(seed)
    row = {"kind": kind, "name": name, "seed": seed, "steps": steps}
    row |= {"parameters": count_parameters(model), "active": active(model)}
    row["flops"] = flops(model)
    plan = Training(steps, RATE, warmup=min(100, steps // 2), seed=seed)
    fit(model, Batches(texts, seed=seed), plan, progress=False)
    held_out = stories(TESTED, 1)
    losses = token_losses(model, held_out, batch_size=50)
    row |= {"loss": float(torch.cat(losses).mean()), "by_place": by_place(losses)}
    if kind == "windows":
        row["last_50"] = by_place(seen_through(model, held_out[:200]))
    if "experts" in name:
        row["shares"] = shares(model)
    return row | {"seconds": round(time.process_time() - start, 1)}


def plan() -> list[tuple[str, str, int]]:
    """All runs, a seed of each before the next seed."""
    rows = [("windows", name, seed) for seed in SEEDS[:3] for name in LENGTHS]
    return rows + [("whole", name, seed) for seed in SEEDS for name in VARIANTS]


def main() -> None:
    """All rows that are not stored yet."""
    torch.set_num_threads(1)
    stored = json.loads(PATH.read_text("utf-8")) if PATH.exists() else {"rows": []}
    rows = stored["rows"]
    exact = token_losses(STORIES, stories(TESTED, 1))
    found = {
        "steps": STEPS,
        "rate": RATE,
        "floor": float(torch.cat(exact).mean()),
        "floor_by_place": by_place(exact),
        # to be done anew by a test
        "short": once("whole", "all together, d_ff 212", 0, steps=60),
        "rows": rows,
    }
    done = {(r["kind"], r["name"], r["seed"]) for r in rows}
    for run in plan():
        if run not in done:
            rows.append(once(*run))
            print(*run, rows[-1]["loss"], rows[-1]["seconds"], flush=True)
            store(PATH, found, [*SEEDS], sum(row["seconds"] for row in rows))


if __name__ == "__main__":
    main()
