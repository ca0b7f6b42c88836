"""Whose a file is, by the names that Moodle, Canvas and people give to files and folders."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import NamedTuple


class Owner(NamedTuple):
    """A student's name, and where it was read. Two places with one name may be two students."""

    student: str
    place: str


def owner_of(path: Path, topic: str) -> Owner:
    """The student who handed in a file, by its ``path`` inside the folder of downloads.

    Of names inside names the outermost counts: the inner one was chosen by whoever handed the file in.

    >>> owner_of(Path("Lovelace Ada_4711_assignsubmission_file_/softmax.ipynb"), "softmax").student
    'Lovelace-Ada_4711'
    >>> owner_of(Path("lovelaceada_LATE_4711_90210_softmax-1.ipynb"), "softmax").student
    'lovelaceada_4711'
    >>> owner_of(Path("ada/softmax (1).ipynb"), "softmax"), owner_of(Path("softmax_ada.ipynb"), "softmax")
    (Owner(student='ada', place='ada'), Owner(student='ada', place='ada'))
    """
    parts = (re.match(r"(.+?_\d+)_assignsubmission_", part) for part in path.parts)
    folders = [n for n, part in enumerate(path.parts[:-1]) if part != topic]
    if moodle := next(filter(None, parts), None):
        name = place = moodle[1]
    elif folders:
        name, place = path.parts[folders[-1]], "/".join(path.parts[: folders[-1] + 1])
    elif canvas := CANVAS.match(path.name):
        name = place = "_".join(filter(None, canvas.groups()))
    else:
        name = re.sub(r"\s*\(\d+\)$", "", path.stem)
        name = re.sub(rf"[-_ ]*{topic}[-_ ]*", "", name, flags=re.IGNORECASE) or path.stem
        place = name
    return Owner(_plain(name), unicodedata.normalize("NFC", place))


# Canvas: <name>_<user>_<attachment>_…, anon_<letters>_… where grading is blind, LATE in either.
CANVAS = re.compile(
    r"(?:([^_]+)(?:_LATE)?_(\d+)|(?:LATE_)?(anon_[^_]+))_(?:\d+_|(?:text|link)\.html$)"
)


def _plain(name: str) -> str:
    """A name for a folder: letters with their marks, digits, and a hyphen for anything else."""
    letters = (
        c if unicodedata.category(c)[0] in "LMN" or c in "_.-" else " "
        for c in unicodedata.normalize("NFC", name)
    )
    return re.sub(" +", "-", "".join(letters)).strip("-._")[:100] or "unnamed"


def shown(path: Path) -> str:
    """A path that any terminal can print: names may come in another encoding, or to play tricks.

    >>> shown(Path("J\\udcfcrgen/\\x1b[2J.ipynb"))
    'J?rgen/?[2J.ipynb'
    """
    return "".join(c if c.isprintable() else "?" for c in path.as_posix())
