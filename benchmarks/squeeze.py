"""Translators of growing texts: all through one vector, or with a look across, or with attention alone.

    python benchmarks/squeeze.py

Some minutes on one core. It writes ``lmlib/data/squeeze.json``, which the chapter on translation draws.
On another CPU the last digits differ.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from stored import store
from torch import Tensor, nn

import lmlib
from lmlib.bilingual import bilingual_tokenizer, english_sentences, translation
from lmlib.blocks import Config
from lmlib.optimisation import Training
from lmlib.pretraining import fit
from lmlib.transformer import count_parameters
from lmlib.translation import EncoderDecoder, RecurrentTranslator

DATA = Path(lmlib.__file__).parent / "data" / "squeeze.json"
WORDS = bilingual_tokenizer()
SENTENCES = english_sentences()
HELD_OUT, REST = SENTENCES[:1_000], SENTENCES[1_000:]
CLAUSES = (1, 2, 3, 4)  # sentences with "and" between them, as many in each text
STEPS, BATCH, TESTED = 1_500, 32, 200
SEEDS = [0, 1, 2]
MODELS: dict[str, Callable[[Config, int], nn.Module]] = {
    "one vector": lambda config, seed: RecurrentTranslator(config, False, seed),
    "a look across": lambda config, seed: RecurrentTranslator(config, True, seed),
    "transformer": EncoderDecoder,
}


def texts(
    among: list[str], clauses: int, count: int, seed: int
) -> tuple[Tensor, Tensor]:
    """English (B, S), and French between two <end> (B, T + 1), of texts drawn with this seed."""
    draw = random.Random(seed)
    english = [" and ".join(draw.choices(among, k=clauses)) for _ in range(count)]
    french = [[0, *WORDS.encode(translation(text)), 0] for text in english]
    return torch.tensor([WORDS.encode(text) for text in english]), torch.tensor(french)


def batch(step: int) -> tuple[tuple[Tensor, Tensor], Tensor]:
    """All texts of a batch have the same length, so nothing is padded."""
    english, french = texts(REST, CLAUSES[step % 4], BATCH, seed=10**6 + step)
    return (english, french[:, :-1]), french[:, 1:]


@torch.no_grad()
def marks(model: nn.Module, clauses: int) -> dict[str, float]:
    """Of held-out texts: the share whose every word is the likeliest one, and nats per token."""
    english, french = texts(HELD_OUT, clauses, TESTED, seed=clauses)
    logits = model(english, french[:, :-1])
    hits = logits.argmax(-1) == french[:, 1:]
    loss = nn.functional.cross_entropy(logits.mT, french[:, 1:])
    found = {
        "texts": hits.all(1).float().mean(),
        "words": hits.float().mean(),
        "nats": loss,
    }
    return {name: round(float(value), 4) for name, value in found.items()}


def run(kind: str, width: int, seed: int, steps: int = STEPS) -> dict[str, Any]:
    """Train one translator, and test it on texts of each number of clauses."""
    config = Config(len(WORDS.vocab), block_size=32, n_layer=1, d_model=width)
    model = MODELS[kind](config, seed)
    rate = 0.384 / width
    plan = Training(steps, rate, warmup=steps // 10, eval_interval=steps)
    start = time.process_time()
    fit(model, batch, plan, progress=False)
    seconds = round(time.process_time() - start, 1)
    row = {"kind": kind, "width": width, "seed": seed, "steps": steps}
    row |= {"parameters": count_parameters(model), "seconds": seconds}
    return row | {"clauses": {str(n): marks(model, n) for n in CLAUSES}}


def main() -> None:
    torch.set_num_threads(1)
    rows = [run("one vector", 64, 0, steps=100)]  # to be done anew by a test
    for kind, width in [(kind, 64) for kind in MODELS] + [("one vector", 128)]:
        for seed in SEEDS:
            rows.append(run(kind, width, seed))
            print(rows[-1], flush=True)
    store(DATA, {"runs": rows}, SEEDS, sum(row["seconds"] for row in rows))


if __name__ == "__main__":
    main()
