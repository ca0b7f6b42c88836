"""Packages that only a part of the book needs, imported where it begins."""

from __future__ import annotations

import importlib
from typing import Any

_EXTRA = {
    "transformers": "transformers",
    "tokenizers": "transformers",
    "gguf": "real",
    "jinja2": "real",
    "psutil": "real",
}


def needed(name: str) -> Any:
    """The module of that name. Raises ImportError that says how to get it.

    >>> needed("gguf").__name__
    'gguf'
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f'{name} is not installed; run: pip install "how-language-models-work[{_EXTRA[name]}]"'
        ) from error
