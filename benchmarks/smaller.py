"""How much of the book's GPT can be left out: pruned, in few bits, and trained again; and how fast what is left is.

    python benchmarks/smaller.py

Some two minutes on one core. Every model reads 100 new stories: its loss in nats per token, its share of right facts,
and that of words of the right kind. Stored in ``lmlib/data/compression.json``; what is there is not computed again.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from stored import Part, store_parts
from torch import Tensor

import lmlib
from lmlib.batches import Batches
from lmlib.compression import quantised, without_neurons
from lmlib.evaluation import mean_loss, token_losses
from lmlib.facts import facts_and_grammar
from lmlib.generation import generate
from lmlib.language_models import LanguageModel
from lmlib.optimisation import Training
from lmlib.pretrained import load_book_gpt
from lmlib.pretraining import fit
from lmlib.pruning import held, magnitude_masks, pruned, random_masks
from lmlib.quantisation import quantise
from lmlib.stories import STORIES, WORDS, story_sequences
from lmlib.tokens import sequences
from lmlib.transformer import GPT

PATH = Path(lmlib.__file__).parent / "data" / "compression.json"
SEEDS = (1, 2)
MORE, MORE_RATE = 200, 2e-3
HELD_OUT = STORIES.sample(100, seed=1)
SHARED = {
    "a tensor": ("tensor", False),
    "a row": ("row", False),
    "32": (32, False),
    "32, with lowest": (32, True),
}
BITS = (8, 6, 5, 4, 3, 2)
KEEP = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)


@cache
def texts() -> list[Tensor]:
    return story_sequences(16_000, seed=0)


@cache
def held_out() -> list[Tensor]:
    return sequences(HELD_OUT, WORDS)


@cache
def losses(model: LanguageModel) -> list[Tensor]:
    return token_losses(model, held_out(), batch_size=50 if model is not STORIES else 1)


def marks(model: GPT) -> dict[str, float]:
    """Nats per token and the shares; ``half`` an interval of the loss less the floor's, over stories."""
    own, exact = losses(model), losses(STORIES)
    above = torch.stack([(a - b).sum() for a, b in zip(own, exact, strict=True)])
    tokens = sum(map(len, own)) / len(own)
    facts, kind = facts_and_grammar(model, HELD_OUT)
    found = {
        "loss": float(torch.cat(own).mean()),
        "half": float(1.96 * above.std() / len(own) ** 0.5 / tokens),
    }
    found |= {"facts": facts, "kind": kind}
    return {name: round(value, 4) for name, value in found.items()}


def cut() -> dict[str, Callable[[float], GPT]]:
    """The book's GPT with a share of its weights, or of the neurons of its feed-forward networks."""
    gpt = load_book_gpt()
    return {
        "largest": lambda keep: pruned(gpt, magnitude_masks(gpt, keep)),
        "largest of each matrix": lambda keep: pruned(
            gpt, magnitude_masks(gpt, keep, together=False)
        ),
        "by lot": lambda keep: pruned(gpt, random_masks(gpt, keep)),
        "neurons": lambda keep: without_neurons(gpt, keep),
        "neurons by lot": lambda keep: without_neurons(gpt, keep, by_lot=0),
    }


def retrained(seed: int, keep: float) -> dict[str, float]:
    """Pruned, then trained on for some steps with its zeros held."""
    model = load_book_gpt()
    plan = Training(MORE, MORE_RATE, warmup=20, seed=seed)
    with held(model, magnitude_masks(model, keep)):
        fit(model, Batches(texts(), seed=seed + 100), plan, progress=False)
    return marks(model)


def by_turns(
    works: Mapping[str, Callable[[], object]], rounds: int
) -> dict[str, float]:
    """Median seconds of the processor for each work; they take turns, and the first turn does not count."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(1 + rounds):
        for name, work in works.items():
            start = time.process_time()
            work()
            times[name].append(time.process_time() - start)
    return {name: round(statistics.median(t[1:]), 7) for name, t in times.items()}


def speeds() -> dict[str, dict[str, float]]:
    """Of the book's GPT that writes 90 tokens, and of a large matrix times a vector."""
    model, start = load_book_gpt(), torch.zeros(1, 1, dtype=torch.long)
    half = pruned(model, magnitude_masks(model, 0.5))
    models = {"whole": model, "half its weights 0": half}
    models |= {"4 bits, read back": quantised(model, 4)}
    models |= {"half the neurons gone": without_neurons(model, 0.5)}
    writing = {
        name: partial(
            generate, one, start, 90, generator=torch.Generator().manual_seed(0)
        )
        for name, one in models.items()
    }
    g = torch.Generator().manual_seed(0)
    large, x = torch.randn(2048, 2048, generator=g), torch.randn(2048, generator=g)
    return {"writing": by_turns(writing, rounds=9), "product": product(large, x)}


def product(large: Tensor, x: Tensor) -> dict[str, float]:
    def zeros(keep: float) -> Tensor:
        least = large.abs().flatten().sort().values[int((1 - keep) * large.numel())]
        return large.where(large.abs() >= least, 0.0)

    half, tenth, small = zeros(0.5), zeros(0.1), quantise(large, 4)
    sparse_half, sparse_tenth = half.to_sparse_csr(), tenth.to_sparse_csr()
    upper = large[:1024].contiguous()
    return by_turns(
        {
            "whole": lambda: large @ x,
            "half of it 0": lambda: half @ x,
            "the other half, with places": lambda: sparse_half @ x,
            "a tenth, with places": lambda: sparse_tenth @ x,
            "half its rows": lambda: upper @ x,
            "4 bits, to numbers each time": lambda: small.numbers() @ x,
        },
        rounds=25,
    )


def parts(found: dict[str, Any]) -> Iterable[Part]:
    gpt = load_book_gpt()
    yield "about", "floor", lambda: round(mean_loss(STORIES, held_out()), 4)
    yield "about", "whole", lambda: marks(gpt)
    for name, how in SHARED.items():
        for bits in BITS:
            made = partial(quantised, gpt, bits, *how)
            yield f"bits, {name}", str(bits), lambda made=made: marks(made())
    for name, way in cut().items():
        for keep in KEEP:
            made = partial(way, keep)
            yield name, str(keep), lambda made=made: marks(made())
    for seed in SEEDS:
        for keep in (0.5, 0.3, 0.1):
            again = partial(retrained, seed, keep)
            yield f"trained again, {keep}", str(seed), again
    yield "about", "seconds", speeds


def main() -> None:
    torch.set_num_threads(1)
    store_parts(PATH, parts, [*SEEDS])


if __name__ == "__main__":
    main()
