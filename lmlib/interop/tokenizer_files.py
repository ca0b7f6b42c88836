"""The files of byte-level BPE: Hugging Face's ``tokenizer.json``, and GPT-2's ``vocab.json`` with ``merges.txt``.

They are read into the three arguments of :class:`lmlib.bpe.BPETokenizer`, which has methods for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lmlib.files import read_text

Merges = list[tuple[str, str]]
Arguments = tuple[list[str], Merges, list[str]]
"""Vocabulary, merges, special tokens."""
_LEVEL = {"add_prefix_space": False, "trim_offsets": True, "use_regex": True}
_HARMLESS = (
    "ByteLevel",
    "TemplateProcessing",
)  # the second adds special tokens, if it has any
_FLAGS = ("single_word", "lstrip", "rstrip")


def write_json(
    path: str | Path,
    ids: Mapping[str, int],
    merges: Sequence[tuple[str, str]],
    specials: Iterable[str],
) -> None:
    """Write a ``tokenizer.json`` as Hugging Face's ``Tokenizer.save`` does."""
    flags = {flag: False for flag in (*_FLAGS, "normalized")}
    content = {
        "version": "1.0",
        "added_tokens": [
            {"id": ids[token], "content": token, **flags, "special": True}
            for token in specials
        ],
        "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", **_LEVEL},
        "post_processor": None,
        "decoder": {"type": "ByteLevel", **_LEVEL},
        "model": {"type": "BPE", "vocab": dict(ids), "merges": merges},
    }
    Path(path).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def read_json(path: str | Path) -> Arguments:
    """Read a ``tokenizer.json``. Raises ValueError where GPT-2's way of cutting would give other ids."""
    content = _object(path)
    if odd := [name for name, fits in _demands(content).items() if not fits]:
        raise ValueError(
            f"path: {str(path)!r} is not a byte-level BPE as GPT-2's (see {odd[0]} in it); "
            "use the library that wrote it"
        )
    added = {
        token["content"]: token["id"] for token in content.get("added_tokens") or []
    }
    model = content["model"]
    return (
        _in_order(path, model["vocab"] | added),
        _pairs(path, model["merges"]),
        [*added],
    )


def read_gpt2(vocab_json: str | Path, merges_txt: str | Path) -> Arguments:
    """Read GPT-2's two files; what is neither a byte nor merged is special, as ``<|endoftext|>``.

    Raises ValueError where they do not look so.
    """
    vocab = _in_order(vocab_json, _object(vocab_json))
    lines = read_text(merges_txt).split("\n")
    merges = _pairs(
        merges_txt, [line for line in lines if line and not line.startswith("#version")]
    )
    merged = {a + b for a, b in merges}
    return (
        vocab,
        merges,
        [token for token in vocab if len(token) > 1 and token not in merged],
    )


def _object(path: str | Path) -> dict[str, Any]:
    try:
        content = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise ValueError(
            f"path: {str(path)!r} is not JSON ({error}); give a file that is"
        ) from None
    if not isinstance(content, dict):
        raise ValueError(
            f"path: {str(path)!r} holds no JSON object; give a tokenizer's file"
        )
    return content


def _demands(content: dict[str, Any]) -> dict[str, bool]:
    """What must hold in a ``tokenizer.json``, or ids would differ from GPT-2's way."""
    model, pre, post = (
        content.get(name) or {} for name in ("model", "pre_tokenizer", "post_processor")
    )
    model_keys = (
        "dropout",
        "continuing_subword_prefix",
        "end_of_word_suffix",
        "ignore_merges",
    )
    added = content.get("added_tokens") or []
    return {
        "model": model.get("type", "BPE") == "BPE"
        and {"vocab", "merges"} <= model.keys(),
        **{f"model.{key}": not model.get(key) for key in model_keys},
        "normalizer": not content.get("normalizer"),
        "pre_tokenizer": pre.get("type") == "ByteLevel" and pre.get("use_regex", True),
        "pre_tokenizer.add_prefix_space": not pre.get("add_prefix_space"),
        "post_processor": post.get("type", "ByteLevel") in _HARMLESS
        and not post.get("special_tokens"),
        **{name: not content.get(name) for name in ("truncation", "padding")},
        "added_tokens": not any(token.get(flag) for token in added for flag in _FLAGS),
    }


def _pairs(path: str | Path, merges: Iterable[Any]) -> Merges:
    pairs = [tuple(m.split(" ") if isinstance(m, str) else m) for m in merges]
    if wrong := [pair for pair in pairs if len(pair) != 2]:
        raise ValueError(
            f"path: {str(path)!r} has the merge {wrong[0]}; give two tokens with one space between them"
        )
    return pairs


def _in_order(path: str | Path, ids: Mapping[str, Any]) -> list[str]:
    if sorted(ids.values()) != [*range(len(ids))]:
        raise ValueError(
            f"path: {str(path)!r} has {len(ids)} tokens, but not each id from 0 to {len(ids) - 1} once; "
            "give a file as Hugging Face writes it"
        )
    return sorted(ids, key=ids.__getitem__)
