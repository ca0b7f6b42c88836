"""What people and programs do to names: marks of copies, endings, words joined in one way or another."""

from __future__ import annotations

import hashlib
import re
import unicodedata

NAME_LIMIT = 200
"""Bytes of a student's name. A file system allows 255, and Moodle's ending is put behind it."""

_COPY = r"(?:cop(?:y|ie|ia)|c[óo]pia|kopi[ea]?|копия)"
COPY_BEFORE = re.compile(
    rf"^(?:{_COPY}(?:[ _](?:of|von|van|de|di|do|da|av|af))?[ _]+)+", re.IGNORECASE
)
COPY_BEHIND = re.compile(
    rf"(?:[ _]*\(\d+\)|[ _-]+{_COPY}[ _]?\d*|[ _]*\((?:\w+ )?{_COPY}(?: \d+)?\)| ?のコピー| ?的副本)+$",
    re.IGNORECASE,
)
"""What Drive, Windows, macOS, Jupyter and browsers add to the name of a copy."""
DOCUMENT = re.compile(
    r"(?:\.(?:ipynb|json|py|txt|md|pdf|html?|docx?|odt|rtf|tex|zip|gz|rar|7z|csv|xlsx?|png|jpe?g|heic))+$",
    re.IGNORECASE,
)


def without_copies(stem: str) -> str:
    """The name of which this is a copy, or the copy of a copy."""
    # No file system has longer names, and in them these searches would take long.
    while len(stem) < 256:
        short = COPY_BEHIND.sub("", COPY_BEFORE.sub("", DOCUMENT.sub("", stem)))
        if short in (stem, ""):
            break
        stem = short
    return stem


def words(topic: str) -> re.Pattern[str]:
    """The topic as words of its own, however they are joined: there is none in ``pascale`` for ``scale``."""
    return re.compile(
        rf"(?<![^\W_]){topic.replace('_', '[-_ ]?')}(?![^\W_])", re.IGNORECASE
    )


def without(topic: str, text: str) -> str:
    """What stands beside a topic in a name."""
    pieces = (piece.strip(" -_.") for piece in words(topic).split(text))
    return "_".join(filter(None, pieces))


def plain(name: str) -> str:
    """A name for a folder: letters with their marks, digits, and a hyphen for anything else."""
    letters = (
        c if unicodedata.category(c)[0] in "LMN" or c in "_.-" else " " for c in name
    )
    plain = re.sub(" +", "-", "".join(letters)).strip("-._")
    if len(plain.encode()) > NAME_LIMIT:
        digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:8]
        plain = f"{plain.encode()[: NAME_LIMIT // 2].decode(errors='ignore')}-{digest}"
    return plain or "unnamed"
