"""A zip file of downloads, read as it is: what is wrong with one file in it is wrong with that file alone."""

from __future__ import annotations

import stat
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

from lmlib.classroom.answers import FILE_LIMIT
from lmlib.classroom.handed_in import (
    Download,
    Unreadable,
    empty_folder,
    inside,
    is_notebook,
    only_a_link,
)
from lmlib.classroom.names import shown

BOMB_SIZE, BOMB_RATIO = 10 << 20, 100
"""Bytes of a packed file, and how many times its size in the zip file: above both, it is not unpacked."""
_NO_ZIP = (
    zipfile.BadZipFile,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)


def archive(file: Path) -> zipfile.ZipFile:
    """A zip file in which one file at least can be read."""
    try:
        opened = zipfile.ZipFile(file)
        _require_one(opened)
    except _NO_ZIP as error:
        raise ValueError(
            f"downloads: {file} is no zip file that can be read ({error}); "
            "download it again, or unpack it and name the folder"
        ) from error
    return opened


def _require_one(archive: zipfile.ZipFile) -> None:
    """Raise what is wrong with the last file if something is wrong with each."""
    error = None
    for one in _all(archive):
        try:
            one.read()
            return
        except Unreadable as unreadable:
            error = unreadable.__cause__ or error
    if error:
        raise RuntimeError(str(error)) from error


def members(archive: zipfile.ZipFile, folder: PurePosixPath) -> Iterator[Download]:
    """The files in a folder of a zip file, by their paths from there."""
    for one in _all(archive):
        if not folder.parts or _within(folder, one.path):
            yield replace(one, path=one.path.relative_to(folder))


def _all(archive: zipfile.ZipFile) -> Iterator[Download]:
    found = [(inside(member.filename), member) for member in archive.infolist()]
    for path, member in found:
        if stat.S_ISLNK(member.external_attr >> 16):
            yield Download(path, member.date_time, only_a_link(path))
        elif not member.filename.endswith(("/", "\\")):
            read = partial(_read_member, archive, member)
            yield Download(path, member.date_time, read)
        elif is_notebook(path) and not any(_within(path, p) for p, _ in found):
            yield Download(path, member.date_time, empty_folder(path))


def _within(folder: PurePosixPath, path: PurePosixPath) -> bool:
    return path.as_posix().startswith(f"{folder.as_posix()}/")


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    name = shown(inside(member.filename))
    if member.file_size > max(BOMB_SIZE, BOMB_RATIO * member.compress_size):
        size = member.file_size >> 20
        raise Unreadable(
            f"{name!r} would be {size} MB, more than {BOMB_RATIO} times its size in the zip file: it was not read."
        )
    try:
        with archive.open(member) as file:
            return file.read(FILE_LIMIT + 1)
    except Exception as error:  # zipfile and five ways of packing have no common one
        if member.flag_bits & 1:
            raise Unreadable(f"{name!r} is locked with a password.") from error
        raise Unreadable(f"{name!r} is damaged inside the zip file.") from error
