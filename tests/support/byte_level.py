"""Hugging Face's byte-level BPE, and a text that is hard to cut."""

from __future__ import annotations

import tokenizers
from tokenizers import decoders, models, pre_tokenizers, trainers

from lmlib.tokens import END

TRICKY = (
    "It's I'll you've WE'LL don't 'twas it''s ’s 's's\n\n\n  two  spaces   three\t\ttabs \r\n"
    "def f(x):\n    return x_1 + 10**7  # 3.14, 1,000 and 2²\u00a0½ Ⅷ ④\u3000全角　空白\n"
    "人工智能是计算机科学的一个分支。大语言模型，一次一个词。👩\u200d👩\u200d👧 👍🏽 🇨🇳🙂🙂🙂 naïve e\u0301 \ufb01"
    " __init__ ---- ======== aaaa aaaaa aaaaaaa abababab \x00\x1c\x1d\x1e\x1f\x85 \u2028end <END> <en d>\n"
) * 3
LEVEL = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
DIGITS = pre_tokenizers.Digits(individual_digits=True)
# How words are cut in each of the book's patterns.
LEVELS = {"gpt2": LEVEL, "smollm": pre_tokenizers.Sequence([DIGITS, LEVEL])}


def hugging_face(
    text: str, vocab_size: int, end: bool = True, pattern: str = "gpt2"
) -> tokenizers.Tokenizer:
    peer = tokenizers.Tokenizer(models.BPE())
    peer.pre_tokenizer, peer.decoder = LEVELS[pattern], decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[END] if end else [],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    peer.train_from_iterator([text], trainer)
    return peer


def vocab_of(peer: tokenizers.Tokenizer) -> tuple[str, ...]:
    ids = peer.get_vocab()
    return tuple(sorted(ids, key=ids.__getitem__))
