"""Models that were read from a GGUF file once, kept as a folder that Transformers would read.

>>> cache_folder().name
'lmlib'
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from lmlib.bpe import BPETokenizer
from lmlib.files import read_text, write_whole
from lmlib.interop.gguf_files import load_gguf
from lmlib.interop.gguf_head import field, read_gguf
from lmlib.interop.gguf_tokenizer import TextEnds, load_gguf_tokenizer, text_ends
from lmlib.interop.llama_files import read_json, save_llama
from lmlib.interop.packages import needed
from lmlib.interop.tokenizer_files import load_tokenizer, save_tokenizer
from lmlib.validation import check_ids

TOKENIZER, SETTINGS, TEMPLATE = (
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
)
FORM = 1
"""To be raised by whoever changes what `convert` writes, so that no older folder is read."""


def cache_folder() -> Path:
    """Where models are kept: ``LMLIB_CACHE``, or ``lmlib`` in the user's folder for such things."""
    usual = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("LMLIB_CACHE") or Path(usual, "lmlib"))


def kept(path: Path) -> Path:
    """The folder of a GGUF file's model, which is made if it is not there. Raises ValueError as its readers do, and
    OSError where it cannot be written.

    What was kept is known by the size of the file, by a mebibyte at its beginning and at its end, and by `FORM`.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        data = file.read(2**20)
        file.seek(max(0, size - 2**20))
        data += file.read() + f"{size} {FORM}".encode()
    digest = hashlib.sha256(data).hexdigest()
    folder = cache_folder() / f"{path.stem}-{digest[:12]}"
    if not folder.is_dir():
        part = folder.with_name(f"{folder.name}.{os.getpid()}.part")
        try:
            convert(path, part)
            part.rename(folder)
        except OSError as error:
            if not folder.is_dir():  # or another process was quicker
                raise OSError(
                    f"cannot keep the model of {str(path)!r} in {str(folder.parent)!r} ({error}); make room there, "
                    "or name another folder in LMLIB_CACHE"
                ) from error
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return folder


def discard(folder: Path) -> None:
    """Take away what was kept: all of it at once, so that no other process meets a part of it."""
    gone = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    with suppress(OSError):  # another process was quicker, or Windows has it in use
        folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def convert(path: Path, folder: Path) -> None:
    """Write the model of a GGUF file, its tokenizer and its template into a folder."""
    reader = read_gguf(path)
    check_memory(path, 4 * sum(int(tensor.n_elements) for tensor in reader.tensors))
    tokenizer, ends = load_gguf_tokenizer(path, reader), text_ends(path, reader)
    save_tokenizer(tokenizer, folder / TOKENIZER)
    write_whole(folder / SETTINGS, json.dumps(_settings(tokenizer, ends), indent=1))
    template = field(reader, "tokenizer.chat_template", "")
    if template.strip():
        write_whole(folder / TEMPLATE, template)
    save_llama(load_gguf(path, reader), folder, eos_token_id=[*ends.after])


def check_memory(path: Path, need: int) -> None:
    """Raise MemoryError, before anything is loaded, where so many bytes of numbers do not fit into what is free."""
    free = needed("psutil").virtual_memory().available
    if need > free:
        raise MemoryError(
            f"path: {str(path)!r} needs {need / 1e9:.2f} GB of memory for its numbers, and {free / 1e9:.2f} GB are "
            "free; close other programs, or name a smaller model"
        )


def _settings(tokenizer: BPETokenizer, ends: TextEnds) -> dict[str, Any]:
    """What Transformers wants to know besides."""
    kind = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "add_bos_token": bool(ends.before),
    }
    return kind | ends.names(tokenizer.vocab)


def read_texts(folder: Path) -> tuple[BPETokenizer, str, TextEnds]:
    """The tokenizer in a folder, its template of chats ("" for none), and what stands around a text.

    Raises ValueError where there is no tokenizer, one that the book does not know, or one of another model.
    """
    tokenizer = load_tokenizer(folder / TOKENIZER)
    settings = read_json(folder / SETTINGS) if (folder / SETTINGS).exists() else {}
    stored = folder / TEMPLATE
    template = (
        read_text(stored) if stored.exists() else settings.get("chat_template", "")
    )
    first = settings.get("bos_token") if settings.get("add_bos_token") else None
    last = read_json(folder / "config.json").get("eos_token_id")
    after = last if isinstance(last, list) else [] if last is None else [last]
    whose = f"; {str(folder)!r} holds the files of two models, give those of one"
    check_ids("eos_token_id", after, len(tokenizer.vocab), whose)
    if first is None:
        return tokenizer, template, TextEnds((), tuple(after))
    if _content(first) not in tokenizer.ids:
        raise ValueError(f"bos_token: {_content(first)!r} is no token{whose}")
    before = (tokenizer.ids[_content(first)],)
    return tokenizer, template, TextEnds(before, tuple(after))


def _content(token: str | Mapping[str, Any]) -> str:
    return token if isinstance(token, str) else token["content"]
