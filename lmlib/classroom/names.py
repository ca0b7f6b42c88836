"""Whose a file is, by the names that Moodle, Canvas, Blackboard and people give to files and folders."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from pathlib import PurePath, PurePosixPath
from typing import NamedTuple

NAME_LIMIT = 200
"""Bytes of a student's name. A file system allows 255, and Moodle's ending is put behind it."""


class Owner(NamedTuple):
    """A student's name, and where it was read. Two places with one name may be two students."""

    student: str
    place: str
    """A folder ends in ``/``."""


def owner_of(path: PurePath, topic: str) -> Owner:
    """The student who handed in a file, by its ``path`` inside the folder of downloads.

    Of names inside names the outermost counts: the inner one was chosen by whoever handed the file in.

    >>> owner_of(PurePath("Lovelace Ada_4711_assignsubmission_file_/softmax.ipynb"), "softmax").student
    'Lovelace-Ada_4711'
    >>> owner_of(PurePath("lovelaceada_LATE_4711_90210_softmax-1.ipynb"), "softmax").student
    'lovelaceada_4711'
    >>> owner_of(PurePath("ada/softmax (1).ipynb"), "softmax"), owner_of(PurePath("softmax_ada.ipynb"), "softmax")
    (Owner(student='ada', place='ada/'), Owner(student='ada', place='softmax_ada'))
    """
    path = PurePosixPath(unicodedata.normalize("NFC", path.as_posix()))
    folders = [
        n for n, p in enumerate(path.parts[:-1]) if not _words(topic).fullmatch(p)
    ]
    if moodle := _MOODLE.search(path.as_posix()):
        return Owner(_plain(moodle[1]), moodle[1])
    if folders:
        return _by_folder(path.parts[: folders[-1] + 1])
    return of_program(path.name, topic) or _by_hand(path, topic)


def of_program(file: str, topic: str) -> Owner | None:
    """The owner of a file that Canvas or Blackboard named."""
    if name := _of_canvas(file, topic):
        return Owner(_plain(name), name)
    if blackboard := re.match(r"(.+?)_attempt_\d{4}(-\d\d){5}", file):
        return Owner(_plain(_without(topic, blackboard[1])), blackboard[1])
    return None


_MOODLE = re.compile(r"(?:^|/)([^/]+?_\d+)_assignsubmission_")
# Canvas: blind grading, then name, LATE and numbers: of the user, of the attachment, and those that a file begins with.
_BLIND = re.compile(r"(?:LATE_)?(anon_[^_]+)_(?:\d+_|(?:text|link)\.html$)")
_TEXT = re.compile(r"(.+?)(?:_LATE)?_(\d+)_(?:text|link)\.html$")
_UPLOAD = re.compile(r"(.+?)(_LATE)?((?:_\d{1,19}){2,9})_")


def _of_canvas(file: str, topic: str) -> str | None:
    """Name and number of the user: ``<name>_<user>_<attachment>_<file>``, where a name may end in ``_1``."""
    if blind := _BLIND.match(file):
        return blind[1]
    if text := _TEXT.match(file):
        return f"{text[1]}_{text[2]}"
    upload = _UPLOAD.match(file)
    if upload is None or _words(topic).search(
        upload[1]
    ):  # such as softmax_ada_2026_10_1.ipynb
        return None
    numbers = upload[3].split("_")[1:]
    # LATE stands right before the user's number; and there are far more attachments than users.
    ends_in_number = len(numbers) > 2 and int(numbers[1]) < int(numbers[2])
    user = 2 if ends_in_number and not upload[2] else 1
    return "_".join([upload[1], *numbers[:user]])


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


def _by_folder(parts: tuple[str, ...]) -> Owner:
    return Owner(_plain(DOCUMENT.sub("", parts[-1])), "/".join(parts) + "/")


def _by_hand(path: PurePosixPath, topic: str) -> Owner:
    """The owner of a file that a person named: what stands there beside the topic, whatever copy it is."""
    whole = DOCUMENT.sub("", path.name)
    stem = _without_copies(whole)
    name = _without(topic, stem)
    if not name:  # such as softmax (1).ipynb, which may be anybody's
        name = stem = whole
    return Owner(_plain(name), (path.parent / stem).as_posix())


def _without_copies(stem: str) -> str:
    # No file system has longer names, and in them these searches would take long.
    while len(stem) < 256:
        short = COPY_BEHIND.sub("", COPY_BEFORE.sub("", DOCUMENT.sub("", stem)))
        if short in (stem, ""):
            break
        stem = short
    return stem


def _words(topic: str) -> re.Pattern[str]:
    """The topic as words of its own, however they are joined: there is none in ``pascale`` for ``scale``."""
    return re.compile(
        rf"(?<![^\W_]){topic.replace('_', '[-_ ]?')}(?![^\W_])", re.IGNORECASE
    )


def _without(topic: str, text: str) -> str:
    pieces = (piece.strip(" -_.") for piece in _words(topic).split(text))
    return "_".join(filter(None, pieces))


def _plain(name: str) -> str:
    """A name for a folder: letters with their marks, digits, and a hyphen for anything else."""
    letters = (
        c if unicodedata.category(c)[0] in "LMN" or c in "_.-" else " " for c in name
    )
    plain = re.sub(" +", "-", "".join(letters)).strip("-._")
    if len(plain.encode()) > NAME_LIMIT:
        digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:8]
        plain = f"{plain.encode()[: NAME_LIMIT // 2].decode(errors='ignore')}-{digest}"
    return plain or "unnamed"


def shown(path: PurePath) -> str:
    """A path that any terminal can print: names may come in another encoding, or to play tricks.

    >>> shown(PurePath("J\\udcfcrgen/\\x1b[2J.ipynb"))
    'J?rgen/?[2J.ipynb'
    """
    return "".join(c if c.isprintable() else "?" for c in path.as_posix())
