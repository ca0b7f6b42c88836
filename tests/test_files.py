"""Files that are read whole, and written whole or not at all."""

import os
from pathlib import Path

import pytest

from lmlib.files import DATA, read_text, unfinished, write_whole


def test_read_text(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("Füchse lügen.\n人工智能", encoding="utf-8")
    assert read_text(path) == read_text(str(path)) == "Füchse lügen.\n人工智能"


@pytest.mark.parametrize("content", [b"", b" \n\t\n"])
def test_read_empty_text(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "empty.txt"
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=r"path: '.*empty\.txt' is empty; give a file with some text"
    ):
        read_text(path)


def test_read_what_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError,
        match=r"path: cannot read '.*missing\.txt' \(No such file.*give the path",
    ):
        read_text(tmp_path / "missing.txt")
    with pytest.raises(
        ValueError, match=rf"path: cannot read '{tmp_path}' \(Is a directory\)"
    ):
        read_text(tmp_path)
    path = tmp_path / "latin.txt"
    path.write_bytes("Füchse".encode("latin-1"))
    with pytest.raises(
        ValueError,
        match=r"path: '.*latin\.txt' is not UTF-8 \(byte 1 is 0xfc\); save it",
    ):
        read_text(path)


def test_line_ends_and_byte_order_mark_are_no_part_of_a_text(tmp_path: Path) -> None:
    path = tmp_path / "windows.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\rthree\n")
    assert read_text(path) == "one\ntwo\nthree\n"
    path.write_bytes(b"\xef\xbb\xbfab\xff")  # the byte is counted in the file
    with pytest.raises(ValueError, match=r"is not UTF-8 \(byte 5 is 0xff\)"):
        read_text(path)
    path.write_bytes(b"\xef\xbb\xbf")
    with pytest.raises(ValueError, match="is empty"):
        read_text(path)


@pytest.mark.parametrize("content", ["Füchse\n人工", "", b"\x00\xff\r\n"])
def test_written_as_it_is_into_a_folder_that_is_made(
    tmp_path: Path, content: str | bytes
) -> None:
    path = tmp_path / "a" / "b" / "file.txt"
    write_whole(path, content)
    write_whole(str(path), content)  # over the old one
    expected = content.encode() if isinstance(content, str) else content
    assert path.read_bytes() == expected
    assert [found.name for found in path.parent.iterdir()] == ["file.txt"]


@pytest.mark.parametrize("moment", ["write_bytes", "replace"])
def test_a_program_killed_while_it_writes_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    path = tmp_path / "file.txt"
    write_whole(path, "old")

    def half(part: Path, data: bytes) -> None:
        with part.open("wb") as file:
            file.write(data[: len(data) // 2])
        raise KeyboardInterrupt

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if moment == "replace":
            patch.setattr(os, "replace", die)
        else:
            patch.setattr(Path, "write_bytes", half)
        with pytest.raises(KeyboardInterrupt):
            write_whole(path, "something new")
    assert path.read_text() == "old"
    write_whole(path, "new")  # what was left half written is in nobody's way
    assert path.read_text() == "new" and not unfinished(path).exists()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):
        write_whole(tmp_path / "file" / "other", "text")


def test_what_ships_with_the_package() -> None:
    assert (DATA / "prose.txt").exists()
