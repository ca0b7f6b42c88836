"""Text files of any length: read and cut into tokens piece by piece, never as a whole.

>>> import tempfile
>>> folder = Path(tempfile.mkdtemp())
>>> _ = (folder / "a.txt").write_text("to be or not to be")
>>> encode_file(folder / "a.txt", folder / "tokens", BPETokenizer.train("", 257)).count
18
"""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO

from tqdm import tqdm

from lmlib.bpe import BPETokenizer
from lmlib.streams import FORGET, cut_stream
from lmlib.train.token_files import Tokens, resume

PIECE = 2**20
"""About how many bytes are cut into tokens at once."""


def pieces(
    path: Path, start: int = 0, specials: Collection[str] = (), pattern: str = "gpt2"
) -> Iterator[tuple[str, int]]:
    """The text of a UTF-8 file from byte ``start`` on, in pieces, each with the byte where it ends.

    Encoding the pieces gives the tokens of the whole, as :func:`~lmlib.streams.cut_stream` makes
    them. A byte-order mark is left out. Raises ValueError where there is no such file, or it is not
    UTF-8.
    """
    try:
        with path.open("rb") as file:
            if start == 0 and file.read(3) == codecs.BOM_UTF8:
                start = 3
            file.seek(start)
            chunks = _decoded(path, file, start)
            for piece in cut_stream(chunks, PIECE, specials, pattern):
                start += len(piece.encode())
                yield piece, start
    except OSError as error:
        raise ValueError(
            f"path: cannot read {str(path)!r} ({error.strerror}); give the path of a text file"
        ) from error


def _decoded(path: Path, file: BinaryIO, start: int) -> Iterator[str]:
    """The rest of ``file``, which begins at byte ``start`` of it."""
    held, last = b"", False  # a character may be cut at the end of what was read
    while not last:
        data = file.read(PIECE // 64 + 1)
        held, last = held + data, not data
        try:
            text, used = codecs.utf_8_decode(held, "strict", last)
        except UnicodeDecodeError as error:
            byte, value = start + error.start, held[error.start]
            raise ValueError(
                f"path: {str(path)!r} is not UTF-8 (byte {byte} is {value:#04x}); save it so, "
                "or give a text file"
            ) from error
        start, held = start + used, held[used:]
        yield text


def check_text(path: Path) -> None:
    """Raise ValueError where a file is missing, empty, or does not begin as UTF-8."""
    if next(pieces(path), None) is None:
        raise ValueError(
            f"path: {str(path)!r} is empty; give a file with some text in it"
        )


def _fresh(path: Path, folder: Path, tokenizer: BPETokenizer) -> Tokens:
    """No tokens yet, with what they depend on."""
    about, size = path.stat(), len(tokenizer.vocab)
    whole = tokenizer.specials, tokenizer.added
    parts = tokenizer.vocab, tokenizer.merges, *whole, tokenizer.pattern
    source = f"{path.name}, {about.st_size} bytes, {about.st_mtime_ns}"
    cutter = f"{zlib.crc32(repr(parts).encode()):08x}"
    item = "<u2" if size <= 2**16 else "<u4"
    return Tokens(folder / "tokens.bin", f"{source}, {cutter}", item)


def encode_file(
    path: Path, folder: Path, tokenizer: BPETokenizer, progress: bool = False
) -> Tokens:
    """Cut a text file into tokens, which are written to ``folder``; goes on where an earlier call was stopped.

    Raises ValueError where the file is missing, empty, or not UTF-8.
    """
    check_text(path)
    folder.mkdir(parents=True, exist_ok=True)
    done = resume(_fresh(path, folder, tokenizer))
    whole = tokenizer.specials + tokenizer.added
    rest = pieces(path, done.offset, whole, tokenizer.pattern)
    hidden = {} if progress else {"disable": True}  # else TQDM_DISABLE decides
    sizes = {"total": path.stat().st_size, "initial": done.offset, "unit_scale": True}
    with (
        done.opened() as file,
        tqdm(desc="tokens", unit="B", leave=False, **sizes, **hidden) as bar,
    ):
        for i, (piece, end) in enumerate(rest):
            if i % FORGET == 0:
                tokenizer.forget()
            bar.update(end - done.offset)
            done = done.append(file, tokenizer.encode(piece), end)
    return done
