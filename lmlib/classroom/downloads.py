"""What was downloaded: a folder, or the zip file that Moodle and Canvas make of one.

Nothing is unpacked onto the disk, so no name, no size and no damage of one file can be in another's way.
"""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from lmlib.classroom.answers import FILE_LIMIT
from lmlib.classroom.handed_in import (
    Download,
    Unreadable,
    inside,
    is_notebook,
    read_nothing,
)
from lmlib.classroom.names import shown

ZIP_LIMIT = 4 << 30
"""Bytes that are read of all files in a zip file together."""
_NO_ZIP = (
    zipfile.BadZipFile,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)


@contextmanager
def opened(downloads: Path) -> Iterator[list[Download]]:
    """All files of a folder or a zip file, the older ones first, without hidden ones and what macOS adds.

    They can be read for as long as it is open. Raises ValueError where a zip file is damaged as a whole or
    holds more than `ZIP_LIMIT`.
    """
    if downloads.is_file():
        with _archive(downloads) as archive:
            yield _visible(_of_zip(archive))
    else:
        yield _visible(_of_folder(downloads))


def _visible(found: Iterable[Download]) -> list[Download]:
    hidden = re.compile(r"(^|/)(\.|__MACOSX/)")
    seen = (one for one in found if not hidden.search(one.path.as_posix()))
    return sorted(seen, key=lambda one: one.age)


def _of_folder(folder: Path) -> Iterator[Download]:
    for file in folder.rglob("*"):
        if file.is_symlink():
            continue
        path, date = inside(file.relative_to(folder).as_posix()), file.stat().st_mtime
        if file.is_file():
            yield Download(path, (date,), partial(_read_file, file))
        elif is_notebook(path) and file.is_dir() and not any(file.iterdir()):
            yield Download(path, (date,), partial(read_nothing, path))


def _read_file(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(FILE_LIMIT + 1)
    except OSError:
        return b"unreadable"  # as any file that is no notebook


def _archive(file: Path) -> zipfile.ZipFile:
    """A zip file in which one file at least can be read."""
    try:
        archive = zipfile.ZipFile(file)
        members = archive.infolist()
        total = sum(min(member.file_size, FILE_LIMIT) for member in members)
        if total <= ZIP_LIMIT:
            _require_one(archive)
            return archive
    except _NO_ZIP as error:
        raise ValueError(
            f"downloads: {file} is no zip file that can be read ({error}); "
            "download it again, or unpack it and name the folder"
        ) from error
    raise ValueError(
        f"downloads: {file} holds {total >> 20} MB, and at most {ZIP_LIMIT >> 20} MB are "
        "unpacked here; unpack it yourself and name the folder"
    )


def _require_one(archive: zipfile.ZipFile) -> None:
    """Raise what is wrong with the last file if something is wrong with each."""
    error = None
    for one in _of_zip(archive):
        try:
            one.read()
            return
        except Unreadable as unreadable:
            error = unreadable.__cause__ or error
    if error:
        raise RuntimeError(str(error)) from error


def _of_zip(archive: zipfile.ZipFile) -> Iterator[Download]:
    members = [(inside(member.filename), member) for member in archive.infolist()]
    for path, member in members:
        if not member.filename.endswith(("/", "\\")):
            yield Download(
                path, member.date_time, partial(_read_member, archive, member)
            )
        elif is_notebook(path) and all(path not in p.parents for p, _ in members):
            yield Download(path, member.date_time, partial(read_nothing, path))


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(member) as file:
            return file.read(FILE_LIMIT + 1)
    except Exception as error:  # zipfile and five ways of packing have no common one
        name = shown(inside(member.filename))
        if member.flag_bits & 1:
            raise Unreadable(f"{name!r} is locked with a password.") from error
        raise Unreadable(f"{name!r} is damaged inside the zip file.") from error
