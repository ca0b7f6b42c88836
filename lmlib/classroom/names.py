"""Whose a file is, by the names that Moodle, Canvas, Blackboard and people give to files and folders."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePath, PurePosixPath
from typing import NamedTuple

from lmlib.classroom.spelling import DOCUMENT, plain, without, without_copies, words


class Owner(NamedTuple):
    """A student's name, and where it was read. Two places with one name may be two students."""

    student: str
    place: str
    """A folder ends in ``/``."""


def owner_of(path: PurePath, topic: str) -> Owner:
    """The student who handed in a file, by its ``path`` inside the folder of downloads.

    Of names inside names the outermost counts: the inner ones were chosen by whoever handed the file in. Only
    folders with the topic's own name are no student's.

    >>> owner_of(PurePath("Lovelace Ada_4711_assignsubmission_file_/softmax.ipynb"), "softmax").student
    'Lovelace-Ada_4711'
    >>> owner_of(PurePath("lovelaceada_LATE_4711_90210_softmax-1.ipynb"), "softmax").student
    'lovelaceada_4711'
    >>> owner_of(PurePath("ada/bob/softmax.ipynb"), "softmax"), owner_of(PurePath("softmax_ada.ipynb"), "softmax")
    (Owner(student='ada', place='ada/'), Owner(student='ada', place='softmax_ada'))
    """
    path = PurePosixPath(unicodedata.normalize("NFC", path.as_posix()))
    outer = 0
    while outer < len(path.parts) - 1 and is_topic(path.parts[outer], topic):
        outer += 1
    name = path.parts[outer]
    if owner := of_program(name, topic, folder=outer < len(path.parts) - 1):
        return owner
    if outer < len(path.parts) - 1:
        place = "/".join(path.parts[: outer + 1]) + "/"
        return Owner(plain(DOCUMENT.sub("", name)), place)
    return _by_hand(path, topic)


def is_topic(folder: str, topic: str) -> bool:
    """Whether a folder has the name of a topic, however its words are joined."""
    return words(topic).fullmatch(folder) is not None


def of_program(name: str, topic: str, folder: bool = False) -> Owner | None:
    """The owner of a file that Moodle, Canvas or Blackboard named, or of a folder that Moodle named.

    The program's own part comes first. What stands behind it was chosen by whoever handed the file in.
    """
    moodle = re.match(r"(.+?_\d+)_assignsubmission_", name)
    found = [(moodle.end(), moodle[1], moodle[1])] if moodle else []
    if not folder:
        found += _of_canvas(name, topic)
        if blackboard := re.match(r"(.+?)_attempt_\d{4}(-\d\d){5}", name):
            place = blackboard[1]
            found.append((blackboard.end(), without(topic, place), place))
    if not found:
        return None
    _, student, place = min(found)
    return Owner(plain(student), place)


# Blind grading, then name, LATE and numbers: of the user, of the attachment, and those that a file begins with.
_BLIND = re.compile(r"(?:LATE_)?(anon_[^_]+)_(?:\d+_|(?:text|link)\.html$)")
_TEXT = re.compile(r"(.+?)(?:_LATE)?_(\d+)_(?:text|link)\.html$")
_UPLOAD = re.compile(r"(.+?)(_LATE)?((?:_\d{1,19}){2,9})_")


def _of_canvas(file: str, topic: str) -> list[tuple[int, str, str]]:
    """Where Canvas's part ends, and name and number of the user, twice: ``<name>_<user>_<attachment>_<file>``.

    A name may end in ``_1``.
    """
    if blind := _BLIND.match(file):
        return [(blind.end(), blind[1], blind[1])]
    text, upload = _TEXT.match(file), _UPLOAD.match(file)
    if text and not _UPLOAD.match(text[1]):
        name = f"{text[1]}_{text[2]}"
        return [(text.end(), name, name)]
    if not upload or words(topic).search(upload[1]):  # as in softmax_ada_2026_10_1
        return []
    numbers = upload[3].split("_")[1:]
    # LATE stands right before the user's number; and there are far more attachments than users.
    ends_in_number = len(numbers) > 2 and int(numbers[1]) < int(numbers[2])
    user = 2 if ends_in_number and not upload[2] else 1
    name = "_".join([upload[1], *numbers[:user]])
    return [(upload.end(), name, name)]


def _by_hand(path: PurePosixPath, topic: str) -> Owner:
    """The owner of a file that a person named: what stands there beside the topic, whatever copy it is."""
    whole = DOCUMENT.sub("", path.name)
    stem = without_copies(whole)
    name = without(topic, stem)
    if not name:  # such as softmax (1).ipynb, which may be anybody's
        name = stem = whole
    return Owner(plain(name), (path.parent / stem).as_posix())


def shown(path: PurePath) -> str:
    """A path that any terminal can print: names may come in another encoding, or to play tricks.

    >>> shown(PurePath("J\\udcfcrgen/\\x1b[2J.ipynb"))
    'J?rgen/?[2J.ipynb'
    """
    return "".join(c if c.isprintable() else "?" for c in path.as_posix())
