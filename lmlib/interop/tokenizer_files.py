"""The files of byte-level BPE: Hugging Face's ``tokenizer.json``, and GPT-2's ``vocab.json`` with ``merges.txt``.

>>> import tempfile
>>> path = Path(tempfile.mkdtemp()) / "tokenizer.json"
>>> save_tokenizer(BPETokenizer.train("low low", vocab_size=260), path)
>>> load_tokenizer(path).vocab[257:]
('lo', 'low', 'Ġlow')
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lmlib.bpe import BPETokenizer
from lmlib.bpe_checks import MergeError
from lmlib.files import read_text, write_whole
from lmlib.interop.tokenizer_json import (
    LEVEL,
    PRE_TOKENIZERS,
    added_tokens,
    odd_field,
    pattern_of,
)
from lmlib.pretokenizer import is_word

_FLAGS = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)


def save_tokenizer(tokenizer: BPETokenizer, path: str | Path) -> None:
    """Write a ``tokenizer.json``, which `load_tokenizer` and Hugging Face's ``Tokenizer.from_file`` read."""
    added = [
        {"id": i, "content": token, **_FLAGS, "special": token in tokenizer.specials}
        for token, i in tokenizer.ids.items()
        if token in tokenizer.specials + tokenizer.added
    ]
    content = {
        "version": "1.0",
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": PRE_TOKENIZERS[tokenizer.pattern],
        "post_processor": None,
        "decoder": LEVEL,
        "model": {"type": "BPE", "vocab": tokenizer.ids, "merges": tokenizer.merges},
    }
    write_whole(path, json.dumps(content, ensure_ascii=False))


def load_tokenizer(path: str | Path) -> BPETokenizer:
    """Read a ``tokenizer.json``. Raises ValueError where none of the book's ways of cutting gives its ids."""
    content = _object(path)
    if odd := odd_field(content):
        raise ValueError(
            f"path: {str(path)!r} is not a byte-level BPE as GPT-2's (see {odd} in it); "
            "use the library that wrote it"
        )
    added = added_tokens(content)
    vocab = _vocab(path, content["model"]["vocab"], added)
    kinds = {text: token.get("special", True) for text, token in added.items()}
    merges = [_pair(path, merge) for merge in content["model"]["merges"]]
    specials = [text for text, special in kinds.items() if special]
    others = [text for text, special in kinds.items() if not special]
    pattern = pattern_of(content)
    try:
        return BPETokenizer(vocab, merges, specials, others, pattern, all_bytes=False)
    except MergeError as error:
        raise error.at(f"model.merges[{error.number}] of {str(path)!r}") from None


def _vocab(
    path: str | Path, own: Mapping[str, int], added: Mapping[str, dict[str, Any]]
) -> list[str]:
    """The model's ``own`` tokens, and behind them those that are only ``added``."""
    ids = {**own, **{text: token["id"] for text, token in added.items()}}
    vocab = _in_order(path, ids, " (see model.vocab and added_tokens)")
    new = [text for text in added if text not in own]
    if vocab != sorted(own, key=own.__getitem__) + new:
        raise ValueError(
            f"path: {str(path)!r} has ids in added_tokens that Hugging Face reads otherwise: a token of "
            "model.vocab has its id from there, and others follow; give a file as Hugging Face writes it"
        )
    return vocab


def load_gpt2_tokenizer(vocab_json: str | Path, merges_txt: str | Path) -> BPETokenizer:
    """Read GPT-2's two files; a token that no merging could make is special, as ``<|endoftext|>``.

    Raises ValueError where they do not look so, or do not belong together.
    """
    vocab = _in_order(vocab_json, _object(vocab_json))
    lines = enumerate(read_text(merges_txt).split("\n"), 1)
    numbered = [
        (n, line.rstrip()) for n, line in lines if not line.startswith("#version")
    ]
    pairs = {n: _pair(merges_txt, line, f" (line {n})") for n, line in numbered if line}
    merged = {a + b for a, b in pairs.values()}
    others = [token for token in vocab if len(token) > 1 and token not in merged]
    specials = [token for token in others if not is_word(token)]
    try:
        tokenizer = BPETokenizer(vocab, pairs.values(), specials)
    except MergeError as error:
        raise error.at(
            f"line {[*pairs][error.number]} of {str(merges_txt)!r}"
        ) from None
    for token in others:
        if is_word(token):
            raise ValueError(
                f"path: {str(merges_txt)!r} makes no {token!r} up to its last line, {max(pairs, default=0)}, "
                f"and {str(vocab_json)!r} has it; give the two whole files of one model"
            )
    return tokenizer


def _object(path: str | Path) -> dict[str, Any]:
    try:
        content = json.loads(read_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(
            f"path: {str(path)!r} is not JSON ({error}); give a file that is"
        ) from None
    if not isinstance(content, dict):
        raise ValueError(
            f"path: {str(path)!r} holds no JSON object; give a tokenizer's file"
        )
    return content


def _pair(path: str | Path, merge: Any, place: str = "") -> tuple[str, str]:
    parts = merge.split(" ") if isinstance(merge, str) else merge
    if isinstance(parts, list) and list(map(type, parts)) == [str, str]:
        return parts[0], parts[1]
    shown = tuple(parts) if isinstance(parts, list) else parts
    raise ValueError(
        f"path: {str(path)!r} has the merge {shown}; give two tokens with one space between them{place}"
    )


def _in_order(path: str | Path, ids: Mapping[str, Any], fields: str = "") -> list[str]:
    numbers = [i for i in ids.values() if type(i) is int]
    if len(numbers) < len(ids) or sorted(numbers) != [*range(len(ids))]:
        raise ValueError(
            f"path: {str(path)!r} has {len(ids)} tokens, but not each id from 0 to {len(ids) - 1} once; "
            f"give a file as Hugging Face writes it{fields}"
        )
    return sorted(ids, key=ids.__getitem__)
