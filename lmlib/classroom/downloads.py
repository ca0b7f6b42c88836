"""What was downloaded: a folder, or the zip file that Moodle and Canvas make of one."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ZIP_LIMIT = 4 << 30
"""Bytes of all that a zip file holds, unpacked."""


@contextmanager
def opened(downloads: Path) -> Iterator[Path]:
    """The folder of downloads. A zip file is one for as long as it is open.

    Raises ValueError where the zip file is damaged or holds more than `ZIP_LIMIT`.
    """
    if not downloads.is_file():
        yield downloads
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            _unpack(downloads, Path(folder))
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
            raise ValueError(
                f"downloads: {downloads} is no zip file that can be read ({error}); "
                "download it again, or unpack it and name the folder"
            ) from error
        yield Path(folder)


def _unpack(file: Path, folder: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        # No more is read of a member than it says, so what all say together is a limit.
        total = sum(member.file_size for member in members)
        if total > ZIP_LIMIT:
            raise ValueError(
                f"downloads: {file} holds {total >> 20} MB, and at most {ZIP_LIMIT >> 20} MB are "
                "unpacked here; unpack it yourself and name the folder"
            )
        for member in members:
            # Never outside: `..` and `/` are taken out.
            path = archive.extract(member, folder)
            with contextlib.suppress(ValueError, OverflowError):  # no such date
                date = time.mktime((*member.date_time, 0, 0, -1))
                os.utime(path, (date, date))


def files_in(folder: Path) -> list[Path]:
    """All files, the older ones first, without hidden ones and what macOS adds."""
    hidden = re.compile(r"(^|/)(\.|__MACOSX/)")
    found = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    seen = (
        path for path in found if not hidden.search(path.relative_to(folder).as_posix())
    )
    return sorted(seen, key=_age)


def _age(path: Path) -> tuple:
    """Notebooks after other files, then by date, then by the number that browsers add: the last one counts."""
    copy = re.search(r"\((\d+)\)", path.stem)
    number = int(copy[1]) if copy else 0
    return path.suffix == ".ipynb", path.stat().st_mtime, number, path.as_posix()
