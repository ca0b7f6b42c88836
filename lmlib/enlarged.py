"""A trained GPT that is given new words, and room for longer texts; what it has learned stays.

>>> model, words = enlarged(GPT(Config(vocab_size=3)), WordTokenizer(["<end>", "a", "b"]), ["?"], block_size=120)
>>> model.config.vocab_size, model.config.block_size, words.vocab
(4, 120, ('<end>', 'a', 'b', '?'))
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import torch

from lmlib.blocks import Config  # noqa: F401  for the example above
from lmlib.tokens import WordTokenizer
from lmlib.transformer import GPT


def with_words(tokenizer: WordTokenizer, words: Iterable[str]) -> WordTokenizer:
    """A tokenizer that also knows ``words``: behind the old ones, in their order, each once.

    >>> with_words(WordTokenizer(["<end>", "a"]), ["b", "a", "b"]).vocab
    ('<end>', 'a', 'b')
    """
    return WordTokenizer([*dict.fromkeys([*tokenizer.vocab, *words])])


def enlarged(
    model: GPT,
    tokenizer: WordTokenizer,
    words: Iterable[str],
    block_size: int | None = None,
    seed: int = 0,
) -> tuple[GPT, WordTokenizer]:
    """A copy of ``model`` with rows for ``words`` that its tokenizer lacks, and a tokenizer that knows them.

    Old rows of embeddings and positions are kept; new ones are drawn, as at the start of a training.
    Until it is trained on, the model says of old words what it said before, but for the share that it
    gives to the new ones. Raises ValueError for a vocabulary of another size than the model's, and a
    ``block_size`` below the model's.
    """
    old = model.config
    size = block_size or old.block_size
    if len(tokenizer.vocab) != old.vocab_size:
        raise ValueError(
            f"tokenizer: {len(tokenizer.vocab)} tokens for a model of {old.vocab_size}; give its own"
        )
    if size < old.block_size:
        raise ValueError(
            f"block_size: {size} is below the model's {old.block_size}; give that or more"
        )
    larger_words = with_words(tokenizer, words)
    config = replace(old, vocab_size=len(larger_words.vocab), block_size=size)
    larger = GPT(config, seed=seed)
    state = larger.state_dict()
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            state[name][: len(tensor)] = tensor
    return larger, larger_words
