"""The book's stories, from the grammar in ``stories.toml``, and a reader for texts of yours.

>>> STORIES.sample(1, seed=0)[0][:37]
'once upon a time a little girl named '
>>> STORIES.next_word("once upon a time a wise")
{'king': 0.25, 'queen': 0.25, 'man': 0.25, 'woman': 0.25}
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from lmlib.grammar import Grammar


def read_text(path: str | Path) -> str:
    """Read a UTF-8 text file of yours, without the byte-order mark that some programs put in front.

    Raises ValueError where there is no such file, where it is empty, or where it is not UTF-8.
    """
    try:
        text = Path(path).read_text(encoding="utf-8").removeprefix("\ufeff")
    except OSError as error:
        raise ValueError(
            f"path: cannot read {str(path)!r} ({error.strerror}); give the path of a text file"
        ) from error
    except UnicodeDecodeError as error:
        raise ValueError(
            f"path: {str(path)!r} is not UTF-8 (byte {error.start} is {error.object[error.start]:#04x}); save it so"
        ) from error
    if not text.strip():
        raise ValueError(f"path: {str(path)!r} is empty; give a file with some text in it")
    return text


def prose() -> str:
    """English that is free to use: this book's own, one paragraph a line, 55 kB.

    The introduction and the chapters on language models, embeddings, softmax and attention as
    they once stood, without formulas, tables, code and markup. It is never brought up to date,
    so that what is computed from it stays.

    >>> prose()[:40], prose().count("\\n")
    ('A large language model does one thing. I', 361)
    """
    return read_text(Path(__file__).with_name("data") / "prose.txt")


def read_grammar(path: str | Path) -> Grammar:
    """Read a grammar from a file in the form of ``lmlib/stories.toml``; raises ValueError as `read_text` does."""
    return Grammar(**tomllib.loads(read_text(path)))


STORIES = read_grammar(Path(__file__).with_name("stories.toml"))
"""The book's grammar."""
