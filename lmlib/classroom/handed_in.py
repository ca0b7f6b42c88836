"""One file that was handed in, wherever it lies."""

from __future__ import annotations

import re
import time
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
    def when(self) -> float:
        """Seconds since 1970, or 0 where nobody knows: a date in a zip file is taken for local time, as by unzip."""
        try:
            if not self.in_zip:
                when = self.date[0]
            else:
                year, month, day, hour, minute, second = map(int, self.date)
                date = (year, month, day, hour, minute, second, 0, 0, -1)
                when = time.mktime(date)
        except (ValueError, OverflowError):
            return 0.0
        return when if when > _NO_DATE else 0.0

    @property
    def in_zip(self) -> bool:
        """Whether the date is that of a zip file: two seconds long, and of no time zone."""
        return len(self.date) > 1

    @property
    def hidden(self) -> bool:
        """Whether it lies where programs put what people need not see."""
        return any(part.startswith(".") for part in self.path.parts)

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


_NO_DATE = 366 * 24 * 3600 * 10
"""The end of 1980 nearly: programs that know no date write the first day of 1970 or 1980."""


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


def unreadable(said: str) -> Callable[[], bytes]:
    """The content of what has none, with a sentence that says why."""

    def read() -> bytes:
        raise Unreadable(said)

    return read


def empty_folder(path: PurePosixPath) -> Callable[[], bytes]:
    """What an empty folder holds that is named as a notebook is."""
    return unreadable(f"{shown(path)!r} is an empty folder and no notebook.")


def only_a_link(path: PurePosixPath) -> Callable[[], bytes]:
    """What a link holds. Nobody follows it, since it may lead to any file of the teacher's."""
    return unreadable(f"{shown(path)!r} is only a link to another file.")
