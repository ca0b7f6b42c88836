"""Writing with the book's GPT against Transformers' GPT-2 of the same size, both with a cache, on one core.

    python benchmarks/generation.py

Both have 4 layers, 4 heads, 128 numbers a token, 304 words; 200 new tokens from a prompt of 4.
The other side gets the same weights, so that what both write greedily can be compared.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Iterable
from typing import Any

import torch
import transformers

from lmlib.blocks import Config
from lmlib.generation import generate
from lmlib.interop.peers import Peer
from lmlib.interop.timing import Work, medians
from lmlib.transformer import GPT

CONFIG = Config(vocab_size=304, block_size=256, n_layer=4, n_head=4, d_model=128)
NEW = 200


def in_turn(first: Work, second: Work, rounds: int) -> Iterable[float]:
    """Median seconds of each."""
    return medians({"first": first, "second": second}, rounds, warm_up=0).values()


def rows_of(model: GPT, peer: Peer, batch: int, rounds: int) -> list[dict[str, Any]]:
    prompt = torch.arange(4 * batch).reshape(batch, 4)

    def ours(temperature: float = 0.0, use_cache: bool = True) -> torch.Tensor:
        return generate(model, prompt, NEW, temperature, use_cache=use_cache)

    def theirs(sample: bool = False) -> torch.Tensor:
        return peer.generate(prompt, NEW, sample)

    if not torch.equal(ours(), theirs()):
        raise ValueError(
            "model: the two sides write different texts, so their times compare nothing"
        )
    pairs = {
        f"greedy, batch {batch}": (ours, theirs),
        f"sampling, batch {batch}": (lambda: ours(1.0), lambda: theirs(True)),
        f"greedy, batch {batch}, against ours without cache": (
            ours,
            lambda: ours(use_cache=False),
        ),
    }
    return [
        row(work, *(batch * NEW / spent for spent in in_turn(*pair, rounds)))
        for work, pair in pairs.items()
    ]


def measure(rounds: int = 7) -> list[dict[str, Any]]:
    """Medians over ``rounds``, in each of which both sides take their turn."""
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    model = GPT(CONFIG).eval()
    peer = Peer(model)
    return [*rows_of(model, peer, 1, rounds), *rows_of(model, peer, 16, rounds)]


def row(work: str, ours: float, peer: float) -> dict[str, Any]:
    return {
        "work": work,
        "ours": ours,
        "peer": peer,
        "ratio": ours / peer,
        "unit": "tokens/s",
    }


if __name__ == "__main__":
    print(
        f"lmlib against transformers {transformers.__version__}, one thread, 200 tokens"
    )
    for result in measure():
        print(
            "{work:46} {ours:8.0f} and {peer:8.0f} {unit} ratio {ratio:.2f}".format(
                **result
            )
        )
