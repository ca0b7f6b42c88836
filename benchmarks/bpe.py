"""Byte-level BPE against Hugging Face's tokenizers, on one core and 1 MB of real English.

    python benchmarks/bpe.py

The text comes from the book and from Python itself, so that anyone can run it.
"""

from __future__ import annotations

import os

# Read when the library is loaded: one thread for both.
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

import ast
import statistics
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

import tokenizers
from tokenizers import models, pre_tokenizers, trainers

from lmlib.bpe import BPETokenizer
from lmlib.interop.tokenizer_files import load_tokenizer, save_tokenizer
from lmlib.prose import prose
from lmlib.tokens import END

VOCAB_SIZE = 1024


def documentation() -> Iterator[str]:
    """The help texts of Python's own modules, in the order of their names."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, kinds) and (text := ast.get_docstring(node)):
                yield text


def english(size: int = 1_000_000) -> str:
    """``size`` bytes: the book's prose, Python's help topics, then documentation of its library."""
    text = "\n\n".join([prose(), *topics.values(), *documentation()]).encode()
    if len(text) < size:
        raise ValueError(
            f"size: {size} is more than the {len(text)} bytes there are; ask for fewer"
        )
    return text[:size].decode(errors="ignore")


def peer_trained(text: str) -> tokenizers.Tokenizer:
    """What the other side does for the same result as ``BPETokenizer.train(text, VOCAB_SIZE)``."""
    peer = tokenizers.Tokenizer(models.BPE())
    peer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    peer.train_from_iterator([text], trainer)
    return peer


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(rounds: int = 7) -> list[dict[str, Any]]:
    """Medians over ``rounds``, in each of which both sides take their turn, with nothing remembered."""
    text = english()
    megabytes = len(text.encode()) / 1e6
    ours, peer = BPETokenizer.train(text, VOCAB_SIZE), peer_trained(text)
    if ours.encode(text) != peer.encode(text).ids:
        raise ValueError(
            "text: the two sides give it different ids, so their times compare nothing"
        )
    times: dict[str, list[float]] = {
        name: [] for name in ("train", "train peer", "encode", "encode peer")
    }
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "tokenizer.json")
        save_tokenizer(ours, file)
        for _ in range(rounds):
            times["train"].append(seconds(lambda: BPETokenizer.train(text, VOCAB_SIZE)))
            times["train peer"].append(seconds(lambda: peer_trained(text)))
            ours, peer = load_tokenizer(file), tokenizers.Tokenizer.from_file(file)
            times["encode"].append(seconds(lambda: ours.encode(text)))  # noqa: B023
            times["encode peer"].append(seconds(lambda: peer.encode(text)))  # noqa: B023
    median = {name: statistics.median(values) for name, values in times.items()}
    rate = {name: megabytes / value for name, value in median.items()}
    return [
        row(
            f"train BPE to {VOCAB_SIZE} tokens on 1 MB",
            median["train"],
            median["train peer"],
            "s",
        ),
        row("encode 1 MB in one string", rate["encode"], rate["encode peer"], "MB/s"),
    ]


def row(work: str, ours: float, peer: float, unit: str) -> dict[str, Any]:
    return {
        "work": work,
        "ours": ours,
        "peer": peer,
        "ratio": ours / peer,
        "unit": unit,
    }


if __name__ == "__main__":
    print(f"lmlib against tokenizers {tokenizers.__version__}, one thread")
    for result in measure():
        print(
            "{work:36} {ours:7.3f} and {peer:7.3f} {unit:5} ratio {ratio:.2f}".format(
                **result
            )
        )
