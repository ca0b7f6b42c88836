"""Files: text that is read, data that ships with the package, and files that are written whole or not at all."""

from __future__ import annotations

import os
from codecs import BOM_UTF8
from pathlib import Path

DATA = Path(__file__).with_name("data")
"""What ships with the package: weights, texts, and results that took long to compute."""


def unfinished(path: Path) -> Path:
    """Where a file is written before it gets its name."""
    return path.with_name(path.name + ".part")


def write_whole(path: str | Path, content: bytes | str) -> None:
    """Write a file whole or not at all: beside it first, then renamed.

    So a program that is killed while it writes leaves the old file as it was. Text is written as UTF-8. Raises
    OSError where it cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    unfinished(path).write_bytes(data)
    os.replace(unfinished(path), path)


def read_text(path: str | Path) -> str:
    """Read a UTF-8 text file of yours; a byte-order mark at its beginning is no part of the text.

    Raises ValueError where there is no such file, where it is empty, or where it is not UTF-8.
    """
    try:
        data = Path(path).read_bytes()
        text = (
            data.removeprefix(BOM_UTF8)
            .decode()
            .replace("\r\n", "\n")
            .replace("\r", "\n")
        )
    except OSError as error:
        raise ValueError(
            f"path: cannot read {str(path)!r} ({error.strerror}); give the path of a text file"
        ) from error
    except UnicodeDecodeError as error:
        raise ValueError(
            f"path: {str(path)!r} is not UTF-8 (byte {error.start + len(data) - len(error.object)} "
            f"is {error.object[error.start]:#04x}); save it so"
        ) from error
    if not text.strip():
        raise ValueError(
            f"path: {str(path)!r} is empty; give a file with some text in it"
        )
    return text
