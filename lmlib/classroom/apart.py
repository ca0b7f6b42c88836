"""What lies among the downloads and is no student's: other assignments' folders, lists of names, zip files."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from lmlib.classroom.handed_in import is_notebook
from lmlib.classroom.names import is_topic, of_program
from lmlib.classroom.owners import Owned

ELSEWHERE = "This is another assignment's folder: it was left out."
NOBODYS = (
    "It is no notebook, and the others lie in folders or have names that a program gave: it was left out. "
    "If it is a student's, give --student."
)
ZIPPED = (
    "It is a zip file, which was left out. If it holds a class, name it. If it is a student's, unpack it, "
    "and name the notebook with --student."
)


def apart(
    owned: dict[str, list[Owned]], downloads: Path, topic: str, others: list[str]
) -> dict[str, str]:
    """By name, why something is no student's. ``others`` are the other topics.

    Raises ValueError where nothing else is there.
    """
    if not owned:
        raise ValueError(
            f"downloads: {downloads} holds no files; name the folder of downloads"
        )
    by_hand = {n: found for n, found in owned.items() if _by_hand(found, topic)}
    reasons = {n: ELSEWHERE for n, f in owned.items() if _is_elsewhere(f, others)}
    reasons |= {n: ZIPPED for n, f in by_hand.items() if _all_end(f, ".zip")}
    # Where most names were given by people, any file may be a student's.
    if 2 * len(by_hand.keys() - reasons.keys()) < len(owned):
        lists = {n for n, f in by_hand.items() if not _has_notebook(f)}
        reasons = dict.fromkeys(lists, NOBODYS) | reasons
    if len(reasons) == len(owned):
        found = ", ".join(sorted({_outermost(f) for f in owned.values()}))
        raise ValueError(
            f"downloads: {downloads} holds nothing of {topic!r}, only {found}; "
            "name the folder or the zip file with what was handed in"
        )
    return reasons


def _by_hand(found: list[Owned], topic: str) -> bool:
    return all(
        owner.place
        and all(is_topic(folder, topic) for folder in file.path.parts[:-1])
        and not of_program(file.path.name, topic)
        for file, owner in found
    )


def _is_elsewhere(found: list[Owned], others: list[str]) -> bool:
    place = found[0][1].place
    name = PurePosixPath(place).name
    folders = all(owner.place.endswith("/") for _, owner in found)
    return folders and any(is_topic(name, other) for other in others)


def _all_end(found: list[Owned], ending: str) -> bool:
    return all(file.path.suffix.lower() == ending for file, _ in found)


def _has_notebook(found: list[Owned]) -> bool:
    return any(is_notebook(file.path) for file, _ in found)


def _outermost(found: list[Owned]) -> str:
    return found[0][0].path.parts[0]
