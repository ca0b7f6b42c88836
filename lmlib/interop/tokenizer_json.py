"""What a ``tokenizer.json`` must say for a way of cutting that the book has to give the ids that Hugging Face gives.

>>> odd_field({"model": {"type": "WordPiece"}}), odd_field({"model": "BPE"})
('model', 'model')
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}  # fmt: skip
_DIGITS = {"type": "Digits", "individual_digits": True}
PRE_TOKENIZERS = {
    "gpt2": LEVEL,
    "smollm": {"type": "Sequence", "pretokenizers": [_DIGITS, LEVEL]},
}
"""How a pattern is written as a pre-tokenizer."""
_FLAGS = ("single_word", "lstrip", "rstrip")
_HARMLESS = (
    "ByteLevel",
    "TemplateProcessing",
)  # the second adds special tokens, if it has any
_MODEL_KEYS = (
    "dropout",
    "continuing_subword_prefix",
    "end_of_word_suffix",
    "ignore_merges",
)


def odd_field(content: dict[str, Any]) -> str | None:
    """The name of the first field with which ids or texts would differ; None where all is as in GPT-2's."""
    return next((name for name, fits in _demands(content) if not fits), None)


def pattern_of(content: dict[str, Any]) -> str:
    """The pattern by which a file that has no `odd_field` cuts words."""
    return "smollm" if _steps(content["pre_tokenizer"])[0] else "gpt2"


def _steps(pre: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """What comes before the last step of a pre-tokenizer, and that step, which has no type where it is none."""
    if pre.get("type") != "Sequence":
        return [], pre
    steps = pre.get("pretokenizers")
    *before, last = steps if isinstance(steps, list) and steps else [{}]
    return before, last if isinstance(last, dict) else {}


def added_tokens(content: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The added tokens by their texts; Hugging Face leaves an empty one out, and the second of two."""
    added: dict[str, dict[str, Any]] = {}
    for token in content.get("added_tokens", []):
        if token["content"]:
            added.setdefault(token["content"], token)
    return added


def _demands(content: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Each field with whether it is as it must be; those behind the first that is not may raise."""
    names = ("model", "pre_tokenizer", "post_processor", "decoder")
    sections = {n: {} if content.get(n) is None else content[n] for n in names}
    yield from ((name, isinstance(section, dict)) for name, section in sections.items())
    yield from _demands_of_model(sections["model"])
    pre, post = sections["pre_tokenizer"], sections["post_processor"]
    yield "normalizer", not content.get("normalizer")
    before, level = _steps(pre)
    yield "pre_tokenizer", before in ([], [_DIGITS])
    yield "pre_tokenizer", level.get("type") == "ByteLevel"
    yield "pre_tokenizer.use_regex", level.get("use_regex", True) is True
    yield "pre_tokenizer.add_prefix_space", not level.get("add_prefix_space")
    yield "post_processor", post.get("type", "ByteLevel") in _HARMLESS
    yield "post_processor", not post.get("special_tokens")
    yield "decoder", sections["decoder"].get("type", "ByteLevel") == "ByteLevel"
    yield from ((name, not content.get(name)) for name in ("truncation", "padding"))
    yield from (("added_tokens", fits) for fits in _demands_of_added(content))


def _demands_of_model(model: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    yield (
        "model",
        model.get("type", "BPE") == "BPE" and {"vocab", "merges"} <= model.keys(),
    )
    vocab = model["vocab"]
    yield (
        "model.vocab",
        isinstance(vocab, dict) and all(type(i) is int for i in vocab.values()),
    )
    yield "model.merges", isinstance(model["merges"], list)
    yield from ((f"model.{key}", not model.get(key)) for key in _MODEL_KEYS)


def _demands_of_added(content: dict[str, Any]) -> Iterator[bool]:
    tokens = content.get("added_tokens", [])
    yield isinstance(tokens, list)
    yield all(isinstance(token, dict) for token in tokens)
    yield all(
        isinstance(t.get("content"), str) and type(t.get("id")) is int for t in tokens
    )
    flags = (*_FLAGS, "normalized", "special")
    yield all(isinstance(t.get(flag, False), bool) for t in tokens for flag in flags)
    yield not any(token.get(flag) for token in tokens for flag in _FLAGS)
    # Those that are normalized are looked for after all others, and lose what they share with them.
    late = [t["content"] for t in tokens if t.get("normalized")]
    early = [t["content"] for t in tokens if not t.get("normalized")]
    yield not any(_overlap(a, b) for a, b in product(late, early) if a != b)


def _overlap(a: str, b: str) -> bool:
    """Whether a text can hold both, with letters in common."""
    shared = range(1, min(len(a), len(b)) + 1)
    ends = any(a[-n:] == b[:n] or b[-n:] == a[:n] for n in shared)
    return bool(a and b) and (ends or a in b or b in a)
