"""The tokenizer in a GGUF file, and what stands around its texts.

Needs the optional package: ``pip install "how-language-models-work[real]"``.

>>> load_gguf_tokenizer("model.gguf")
Traceback (most recent call last):
ValueError: path: there is no file 'model.gguf'; check the name
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmlib.bpe import BPETokenizer
from lmlib.bpe_checks import MergeError
from lmlib.interop.gguf_head import field, read_gguf
from lmlib.validation import check_ids

_PATTERNS = {"gpt-2": "gpt2", "smollm": "smollm"}  # llama.cpp's names, and ours
_CONTROL, _USER_DEFINED = 3, 4  # kinds of tokens that stand in a text as they are


@dataclass(frozen=True)
class TextEnds:
    """The ids that a model expects before every text, and those any of which says that a text is over."""

    before: tuple[int, ...]
    after: tuple[int, ...]

    def names(self, vocab: Sequence[str]) -> dict[str, Any]:
        """The first of each as text, by the names that Transformers and templates of chats have for them.

        >>> TextEnds((), (1, 0)).names(["<end>", "<stop>"])
        {'eos_token': '<stop>'}
        """
        ends = {"bos_token": self.before, "eos_token": self.after}
        return {name: vocab[ids[0]] for name, ids in ends.items() if ids}


def load_gguf_tokenizer(path: str | Path, reader: Any = None) -> BPETokenizer:
    """The tokenizer of a GGUF file; ``reader`` is the file if it is open already.

    Raises ValueError as `read_gguf` does, for a tokenizer of another kind, and for one that is
    damaged. Bytes for which it has no token are in ``missing``.
    """
    reader, where = reader or read_gguf(path), f"path: {str(path)!r}"
    pattern = _pattern(reader, where)
    vocab, kinds, merges = (
        _list(reader, f"tokenizer.ggml.{name}", kind, where)
        for name, kind in (("tokens", str), ("token_type", int), ("merges", str))
    )
    if len(kinds) != len(vocab):
        raise ValueError(
            f"{where} has {len(vocab)} tokens and kinds of {len(kinds)} (tokenizer.ggml.token_type); "
            "copy or download it again"
        )
    kind_of = dict(zip(vocab, kinds, strict=True))
    specials = [token for token in vocab if kind_of[token] == _CONTROL]
    added = [token for token in vocab if kind_of[token] == _USER_DEFINED]
    pairs = [_pair(merge, i, where) for i, merge in enumerate(merges)]
    try:
        return BPETokenizer(vocab, pairs, specials, added, pattern, all_bytes=False)
    except MergeError as error:
        place = f"tokenizer.ggml.merges[{error.number}] of {str(path)!r}"
        raise error.at(place) from None
    except ValueError as error:
        raise ValueError(f"{error} ({where})") from None


def text_ends(path: str | Path, reader: Any = None) -> TextEnds:
    """What stands around a text of the model in a GGUF file. Raises ValueError at an id that is no token's."""
    reader = reader or read_gguf(path)

    def ids(*names: str) -> tuple[int, ...]:
        keys = [f"tokenizer.ggml.{name}_token_id" for name in names]
        found = {key: i for key in keys if (i := field(reader, key)) is not None}
        size = len(reader.get_field("tokenizer.ggml.tokens").data)
        for key, i in found.items():
            check_ids(key, [i], size, f"; {str(path)!r} is damaged, download it again")
        return tuple(dict.fromkeys(found.values()))

    begins = field(reader, "tokenizer.ggml.add_bos_token", False)
    return TextEnds(ids("bos") if begins else (), ids("eos", "eot", "eom"))


def _pattern(reader: Any, where: str) -> str:
    model, pre = (field(reader, f"tokenizer.ggml.{n}") for n in ("model", "pre"))
    if model != "gpt2":
        raise ValueError(
            f"{where} has a tokenizer of the kind {model!r} (tokenizer.ggml.model), and the book reads 'gpt2', "
            "byte-level BPE; use llama.cpp or Transformers for this model"
        )
    if pre not in _PATTERNS:
        raise ValueError(
            f"{where} cuts words by {pre!r} (tokenizer.ggml.pre), and the book knows "
            f"{' and '.join(map(repr, _PATTERNS))}; use llama.cpp or Transformers for this model"
        )
    return _PATTERNS[pre]


def _list(reader: Any, name: str, kind: type, where: str) -> list[Any]:
    values = field(reader, name)
    if not isinstance(values, list) or not all(type(v) is kind for v in values):
        raise ValueError(
            f"{where} has no list of {kind.__name__} called {name}; give a file with its tokenizer"
        )
    return values


def _pair(merge: str, number: int, where: str) -> tuple[str, str]:
    parts = merge.split(" ")
    if len(parts) != 2:
        raise ValueError(
            f"{where} has the merge {merge!r} (tokenizer.ggml.merges[{number}]), which is no two tokens with a "
            "space between them; copy or download it again"
        )
    return parts[0], parts[1]
