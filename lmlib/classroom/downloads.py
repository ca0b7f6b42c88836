"""What was downloaded: a folder, or the zip file that Moodle and Canvas make of one.

Nothing is unpacked onto the disk, so no name, no size and no damage of one file can be in another's way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath

from lmlib.classroom import zips
from lmlib.classroom.answers import FILE_LIMIT
from lmlib.classroom.handed_in import (
    Download,
    empty_folder,
    inside,
    is_notebook,
    only_a_link,
)


@contextmanager
def opened(downloads: Path) -> Iterator[list[Download]]:
    """All files of a folder, a folder inside a zip file, or a zip file, the older ones first; or one notebook.

    Left out are what macOS adds, hidden folders around students' own, and hidden files that are no notebooks.
    They can be read for as long as it is open. Raises ValueError where a zip file is damaged as a whole.
    """
    file = next((p for p in (downloads, *downloads.parents) if p.exists()), downloads)
    if file.is_file() and is_notebook(PurePosixPath(file)):
        yield [_of_file(file, file.parent)]
    elif file.is_file():
        with zips.archive(file) as archive:
            folder = PurePosixPath(downloads.relative_to(file))
            yield _seen(zips.members(archive, folder))
    else:
        yield _seen(_of_folder(downloads))


def _seen(found: Iterable[Download]) -> list[Download]:
    return sorted(filter(_counts, found), key=lambda one: one.age)


def _counts(one: Download) -> bool:
    if "__MACOSX" in one.path.parts or one.path.name.startswith("._"):
        return False
    around = len(one.path.parts) > 1 and one.path.parts[0].startswith(".")
    return not one.hidden or (is_notebook(one.path) and not around)


def _of_folder(folder: Path) -> Iterator[Download]:
    for file in folder.rglob("*"):
        if file.is_symlink() or file.is_file():
            yield _of_file(file, folder)
        elif file.is_dir() and not any(file.iterdir()):
            path = inside(file.relative_to(folder).as_posix())
            if is_notebook(path):
                yield Download(path, (file.stat().st_mtime,), empty_folder(path))


def _of_file(file: Path, folder: Path) -> Download:
    path = inside(file.relative_to(folder).as_posix())
    link = file.is_symlink()
    read = only_a_link(path) if link else partial(_read_file, file)
    return Download(path, (file.lstat().st_mtime,), read)


def _read_file(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(FILE_LIMIT + 1)
    except OSError:
        return b"unreadable"  # as any file that is no notebook
