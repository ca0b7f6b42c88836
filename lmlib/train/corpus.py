"""What a run from the terminal reads: the book's stories, or a text file, with the tokeniser that cuts it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from lmlib.batches import Batch, Batches
from lmlib.bpe import BPETokenizer
from lmlib.interop.tokenizer_files import load_tokenizer, save_tokenizer
from lmlib.stories import WORDS, story_split
from lmlib.tokens import Tokenizer
from lmlib.train.textfiles import encode_file, pieces
from lmlib.train.token_files import Windows

SAMPLE = 4
"""Chunks at the beginning of a text, 1 MiB each, on which its tokeniser is trained."""


@dataclass(frozen=True)
class Corpus:
    """Batches to train on, texts to measure with, what cuts them, and how a text of it begins."""

    batches: Callable[[int], Batch]
    held_out: list[Tensor]
    tokenizer: Tokenizer
    prompt: Tensor  # (T,)


def stories(batch_size: int, seed: int = 0, n: int = 20_000) -> Corpus:
    """``n`` stories of the book's grammar, and 200 others held out.

    >>> stories(batch_size=2, n=4).batches
    Batches(4 sequences, checksum ..., 2, seed 0)
    """
    train, held_out = story_split(n, 200)
    return Corpus(Batches(train, batch_size, seed), held_out, WORDS, torch.tensor([0]))


def run_tokenizer(
    path: Path, folder: Path, given: str, vocab_size: int
) -> BPETokenizer:
    """The tokeniser of a run, kept in its folder: ``given`` is ``bytes``, a ``tokenizer.json``, or nothing.

    With nothing, it is trained on the beginning of the text. Raises ValueError where there is no
    such file, and as `load_tokenizer` does.
    """
    own = folder / "tokenizer.json"
    if own.exists():
        return load_tokenizer(own)
    if given and given != "bytes":
        tokenizer = load_tokenizer(given)
    elif given:
        tokenizer = BPETokenizer.train("", vocab_size=257)  # the bytes and END
    else:
        beginning = zip(range(SAMPLE), pieces(path), strict=False)
        tokenizer = BPETokenizer.train((text for _, (text, _) in beginning), vocab_size)
    save_tokenizer(tokenizer, own)
    return tokenizer


def text_file(
    path: Path,
    folder: Path,
    tokenizer: BPETokenizer,
    block_size: int,
    batch_size: int,
    seed: int = 0,
    progress: bool = False,
) -> Corpus:
    """Windows of a text file, whose tokens are written to ``folder``, with 16 tokens held out as a prompt.

    Raises ValueError where the file is missing, empty, not UTF-8 or too short.
    """
    tokens = encode_file(path, folder, tokenizer, progress)
    windows = Windows(tokens, block_size, batch_size, seed)
    held_out = windows.held_out()
    return Corpus(windows, held_out, tokenizer, held_out[0][: min(16, block_size // 2)])
