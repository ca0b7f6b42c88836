"""Which part of a GPT is written where, in the order of the chapters.

>>> len(ROAD), ROAD["attend"]
(30, Step(chapter='attention', exercise='attend'))
"""

from __future__ import annotations

from typing import NamedTuple


class Step(NamedTuple):
    """The chapter of a part, and the name of its exercise."""

    chapter: str
    exercise: str


ROAD = {
    "merge_pair": Step("tokens", "merge-pair"),
    "encode_word": Step("tokens", "encode-word"),
    "look_up": Step("embeddings", "look-up"),
    "word_scores": Step("embeddings", "word-scores"),
    "probabilities": Step("softmax", "probabilities"),
    "next_word_loss": Step("softmax", "next-word-loss"),
    "hide_later": Step("attention", "hide-later"),
    "attend": Step("attention", "attend"),
    "to_heads": Step("attention", "to-heads"),
    "from_heads": Step("attention", "from-heads"),
    "heads": Step("attention", "heads"),
    "with_positions": Step("transformer", "with-positions"),
    "normalise": Step("transformer", "normalise"),
    "feed_forward": Step("transformer", "feed-forward"),
    "block": Step("transformer", "block"),
    "gpt": Step("transformer", "gpt"),
    "shifted": Step("pretraining", "shifted"),
    "rate": Step("pretraining", "schedule"),
    "clipped": Step("pretraining", "clipped"),
    "adam_step": Step("pretraining", "adam-step"),
    "training_step": Step("pretraining", "training-step"),
    "classify": Step("finetuning", "classify"),
    "lora_linear": Step("finetuning", "lora-linear"),
    "sampling_probs": Step("generation", "sampling-probs"),
    "write": Step("generation", "write"),
    "cached_heads": Step("generation", "cached-heads"),
    "rms_norm": Step("modern", "rms-norm"),
    "swiglu": Step("modern", "swiglu"),
    "turned": Step("modern", "turned"),
    "grouped_heads": Step("modern", "grouped-heads"),
}
"""Each part by the name of its function."""
