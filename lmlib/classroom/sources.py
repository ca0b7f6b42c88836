"""Which file a student's collected answers came from, so that an older one does not replace a newer one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from lmlib.classroom.course import Course
from lmlib.classroom.handed_in import Download
from lmlib.classroom.names import Owner, shown
from lmlib.files import write_whole

ZIP_SECONDS, ANY_ZONE = 2, 26 * 3600
"""How far apart dates are at least of which one is the later: those of one kind, and of a zip file and a disk."""


@dataclass(frozen=True)
class Source:
    """A file with answers."""

    file: str
    place: str
    """Where its owner's name was read, as in `Owner`: the last folder or file alone."""
    when: float
    """Seconds since 1970, or 0 where nobody knows."""
    in_zip: bool
    answers: str
    """A digest of what is in it."""
    replaced: tuple[str, ...] = ()
    """Digests of the answers that were collected before."""


def source(download: Download, place: str, answers: dict[str, str]) -> Source:
    """The source that a file is."""
    digest = hashlib.sha256(repr(sorted(answers.items())).encode()).hexdigest()[:16]
    return Source(shown(download.path), place, download.when, download.in_zip, digest)


def kind_of_place(owner: Owner) -> str:
    """Where a student's name was read, without the folders around it: two kinds may be two students."""
    folder = "/" if owner.place.endswith("/") else ""
    return PurePosixPath(owner.place).name.lower() + folder


def _file(course: Course, topic: str, student: str) -> Path:
    return course.path / "collected" / student / f"{topic}.json"


def collected(course: Course, topic: str, student: str) -> Source | None:
    """Where a student's collected answers came from. None where there are none, or nobody knows."""
    if not course.notebook("submitted", topic, student).exists():
        return None
    try:
        kept = json.loads(_file(course, topic, student).read_text("utf-8"))
        return Source(**kept | {"replaced": tuple(kept["replaced"])})
    except (OSError, ValueError, TypeError, LookupError):
        return None


def keep(
    course: Course, topic: str, student: str, old: Source | None, new: Source
) -> None:
    """Remember where the collected answers came from, and which ones they replaced."""
    if old:
        past = dict.fromkeys([*old.replaced, old.answers])
        past.pop(new.answers, None)
        new = replace(new, replaced=tuple(past), place=new.place or old.place)
    write_whole(_file(course, topic, student), json.dumps(asdict(new), indent=1))


def why_older(old: Source, new: Source) -> str | None:
    """Why the answers of a file are older than what was collected, if they are."""
    if new.answers == old.answers:
        return None
    if new.answers in old.replaced:
        return (
            f"these answers were collected before, and those of {old.file!r} after them"
        )
    if old.when and new.when and new.when < old.when - _doubt(old, new):
        return f"{old.file!r} of {_date(old)} is newer than this file of {_date(new)}"
    return None


def in_doubt(old: Source, new: Source) -> str | None:
    """A sentence, where answers replace others and no date says which are newer."""
    if new.answers == old.answers:
        return None
    dated = old.when and new.when and abs(new.when - old.when) > _doubt(old, new)
    return (
        None
        if dated
        else (f"It replaces {old.file!r}, and their dates do not say which is newer.")
    )


def _doubt(old: Source, new: Source) -> int:
    """Seconds. The date in a zip file is in the time zone of whoever made it."""
    return ZIP_SECONDS if old.in_zip == new.in_zip else ANY_ZONE


def _date(source: Source) -> str:
    return datetime.fromtimestamp(source.when).strftime("%Y-%m-%d %H:%M:%S")
