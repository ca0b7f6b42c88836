"""One file that was handed in, wherever it lies."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from lmlib.classroom.names import shown


class Unreadable(ValueError):
    """A file whose content nobody can get at. The sentence names it."""


@dataclass(frozen=True)
class Download:
    """A file that was handed in: its path inside the folder or zip file, its date, and a way to its bytes."""

    path: PurePosixPath
    date: tuple[float, ...]
    read: Callable[[], bytes]
    """No more than `FILE_LIMIT` bytes and one. Raises `Unreadable`."""

    @property
    def age(self) -> tuple:
        """Notebooks after other files, then by date, then by the number that browsers add: the last one counts."""
        copy = re.search(r"\((\d{1,9})\)", self.path.stem)
        return (
            is_notebook(self.path),
            self.date,
            int(copy[1]) if copy else 0,
            self.path.as_posix(),
        )


def inside(name: str) -> PurePosixPath:
    """A path that leads nowhere else. Windows writes backslashes, and a zip file may hold any name."""
    parts = re.split(r"[/\\]", unicodedata.normalize("NFC", name))
    kept = [
        p
        for p in parts
        if p not in ("", ".", "..") and not re.fullmatch("[A-Za-z]:", p)
    ]
    return PurePosixPath(*kept or ["unnamed"])


def is_notebook(path: PurePosixPath) -> bool:
    """By its name."""
    return path.suffix.lower() == ".ipynb"


def read_nothing(path: PurePosixPath) -> bytes:
    """What an empty folder holds that is named as a notebook is."""
    raise Unreadable(f"{shown(path)!r} is an empty folder and no notebook.")
