"""Whose each file is, by the names of all files together: one name may stand for two, and a folder for a class."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from lmlib.classroom.handed_in import Download, is_notebook
from lmlib.classroom.names import Owner, is_topic, of_program, owner_of, shown
from lmlib.classroom.sources import Source, kind_of_place
from lmlib.classroom.spelling import words

Owned = tuple[Download, Owner]


def by_student(
    files: list[Download], topic: str, student: str | None
) -> dict[str, list[Owned]]:
    """The files of each student, the older ones first, or of the one ``student`` who is named.

    Many disks take ``Ada`` and ``ada`` for the same, so they stand for one student here as well. A hidden file
    counts only where a student handed in nothing else.
    """
    owned: dict[str, list[Owned]] = {}
    for file in files:
        owner = Owner(student, "") if student else owner_of(file.path, topic)
        owned.setdefault(owner.student.lower(), []).append((file, owner))
    for name, found in owned.items():
        owned[name] = [one for one in found if not one[0].hidden] or found
    return owned


def require_students(
    owned: dict[str, list[Owned]], downloads: Path, topic: str, known: set[str]
) -> None:
    """Raise ValueError where the folder of downloads seems to be one level too high."""
    folders = [found for found in owned.values() if _is_folder(found[0][1])]
    if len(folders) < len(owned):
        return
    named = [str(downloads / found[0][1].place) for found in folders]
    student = folders[0][0][1].student
    if len(folders) == 1 and student not in known and len(folders[0]) > 2:
        raise ValueError(
            f"downloads: all {len(folders[0])} files would be those of one student, {student!r}, "
            f"since one folder holds them; name that folder: {named[0]}; or, if it is one student's, "
            f"give --student {student}"
        )
    if len(folders) > 1 and all(_named_inside(found, topic) for found in folders):
        raise ValueError(
            f"downloads: each folder in {downloads} holds what Moodle, Canvas or Blackboard named for a "
            f"student, so it is no student's; name one of them: {', '.join(named)}"
        )


def _is_folder(owner: Owner) -> bool:
    return owner.place.endswith("/")


def _inner(found: list[Owned]) -> list[tuple[str, ...]]:
    """The paths of files inside of their owner's folder."""
    return [d.path.relative_to(o.place).parts for d, o in found if _is_folder(o)]


def _folders(found: list[Owned]) -> list[str]:
    """Folders with notebooks right inside of a student's own."""
    paths = [p for p in _inner(found) if is_notebook(PurePosixPath(p[-1]))]
    return sorted({parts[0] for parts in paths if len(parts) > 1})


def _named_inside(found: list[Owned], topic: str) -> list[str]:
    """Students after whom Moodle, Canvas or Blackboard named what lies in a folder."""
    owners = (of_program(p[0], topic, folder=len(p) > 1) for p in _inner(found))
    return sorted({owner.student for owner in owners if owner})


def is_flat(owned: dict[str, list[Owned]], topic: str) -> bool:
    """Whether most students have files that a program named, so that it made no folders."""
    top = (found[0][0].path for found in owned.values())
    named = [p for p in top if len(p.parts) == 1 and of_program(p.name, topic)]
    return 2 * len(named) > len(owned)


def crowd(found: list[Owned], topic: str, flat: bool) -> str | None:
    """Why a folder is no student's: Moodle, Canvas or Blackboard named what is in it for several.

    In a ``flat`` download, or in a folder with the topic in its name, for one is enough.
    """
    students = _named_inside(found, topic)
    of_class = words(topic).search(PurePosixPath(found[0][1].place).name)
    if len(students) < (1 if of_class or flat else 2):
        return None
    return (
        f"This folder holds files of {' and of '.join(students)}: nothing was collected. "
        "Name that folder."
    )


def several(found: list[Owned], earlier: str, source: Source | None) -> str | None:
    """Why nobody knows whose these files are, if they stand in several places, or earlier ones in another."""
    student = found[0][1].student
    places: dict[str, PurePosixPath] = {}
    for download, owner in found:
        path = PurePosixPath(owner.place) if _is_folder(owner) else download.path
        places.setdefault(owner.place, path)
    named = [repr(shown(path)) for path in places.values()]
    kinds = {kind_of_place(owner) for _, owner in found} - {""}
    if earlier != student:
        named.insert(0, f"{earlier!r}, who was collected before,")
    elif source and source.place and kinds - {source.place}:
        named.insert(0, f"{source.file!r}, which was collected before,")
    if len(named) == 1:
        return None
    return (
        f"This name stands for {' and for '.join(named)}, so nobody knows whose it is: "
        f"nothing was collected. Rename one, or give --student for a file that is {student}'s."
    )


def as_of_a_class(found: list[Owned], topics: list[str], topic: str) -> str | None:
    """A remark, where a student's folder holds what that of a class does."""
    place = found[0][1].place
    folders = [n for n in _folders(found) if not any(is_topic(n, t) for t in topics)]
    inside = _named_inside(found, topic) or (folders if len(folders) > 1 else [])
    if not inside:
        return None
    names = ", ".join(shown(PurePosixPath(name)) for name in inside)
    return f"It holds {names}: if {place} is no student's, name that folder, and remove {found[0][1].student}."
