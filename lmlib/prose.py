"""The book's own English, as a corpus that is free to use.

>>> prose()[:40], prose().count("\\n")
('A large language model does one thing. I', 361)
"""

from __future__ import annotations

from lmlib.files import DATA, read_text


def prose() -> str:
    """English, one paragraph a line, 55 kB.

    The introduction and the chapters on language models, embeddings, softmax and attention as
    they once stood, without formulas, tables, code and markup. It is never brought up to date,
    so that what is computed from it stays.
    """
    return read_text(DATA / "prose.txt")


def prose_split() -> tuple[str, str]:
    """What a model may learn from, and what it is judged on: nine tenths of the prose, and the tenth before them.

    >>> [len(part.encode()) for part in prose_split()]
    [49856, 5558]
    """
    text = prose()
    cut = text.index("\n", len(text) // 10) + 1
    return text[cut:], text[:cut]
