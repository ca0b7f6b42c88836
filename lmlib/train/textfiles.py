"""Text files of any length: read, cut into tokens and trained on piece by piece, never as a whole.

>>> import tempfile
>>> folder = Path(tempfile.mkdtemp())
>>> _ = (folder / "a.txt").write_text("to be or not to be, that is the question. " * 9)
>>> tokens = encode_file(folder / "a.txt", folder / "tokens", BPETokenizer.train("to be or not"))
>>> Windows(tokens, block_size=8, batch_size=2)(step=0)[0].shape
torch.Size([2, 8])
"""

from __future__ import annotations

import codecs
import json
import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from lmlib.batches import Batch, next_token
from lmlib.bpe import BPETokenizer

PIECE = 2**20
"""Bytes that are read at once."""
FORGET = 8
"""Pieces after which a tokeniser forgets the words it has seen, which are long in a text without spaces."""
# A token of GPT-2's kind never goes from what is no space to a space, so a text may be cut there.
_CUT = re.compile(r"(?s:.*)[\S\x1c-\x1f](?=[^\S\x1c-\x1f])")


def pieces(path: Path, start: int = 0) -> Iterator[tuple[str, int]]:
    """The text of a UTF-8 file from byte ``start`` on, in pieces, each with the byte where it ends.

    Encoding the pieces gives the tokens of the whole, unless a piece has no space in it.
    Raises ValueError where there is no such file, or it is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            while True:
                file.seek(start)
                data = file.read(PIECE)
                last = len(data) < PIECE
                text, used = codecs.utf_8_decode(data, "strict", last)
                cut = None if last else _CUT.match(text)
                piece = text[: cut.end()] if cut else text
                start += len(piece.encode()) if cut else used
                if piece:
                    yield piece, start
                if last:
                    return
    except OSError as error:
        raise ValueError(
            f"path: cannot read {str(path)!r} ({error.strerror}); give the path of a text file"
        ) from error
    except UnicodeDecodeError as error:
        byte, value = start + error.start, error.object[error.start]
        raise ValueError(
            f"path: {str(path)!r} is not UTF-8 (byte {byte} is {value:#04x}); save it so, "
            "or give a text file"
        ) from error


def check_text(path: Path) -> None:
    """Raise ValueError where a file is missing, empty, or does not begin as UTF-8."""
    if next(pieces(path), None) is None:
        raise ValueError(
            f"path: {str(path)!r} is empty; give a file with some text in it"
        )


@dataclass(frozen=True)
class Tokens:
    """A text as ids in a file, and how far it has come: all of it when ``offset`` is the text's size."""

    path: Path
    source: str  # name, size and time of the text, and what cut it
    item: str  # numpy's name of a number in the file
    offset: int = 0  # bytes of the text that are done
    count: int = 0  # tokens so far
    checksum: int = 0  # of them

    def after(self, ids: np.ndarray, offset: int) -> Tokens:
        """With some more ids, which come from the text up to byte ``offset``."""
        checksum = zlib.crc32(ids.tobytes(), self.checksum)
        count = self.count + len(ids)
        return replace(self, offset=offset, count=count, checksum=checksum)

    def save(self) -> None:
        """Write down how far it has come, beside the ids."""
        about = {**asdict(self), "path": self.path.name}
        unfinished = self.path.with_suffix(".json.part")
        unfinished.write_text(json.dumps(about), encoding="utf-8")
        os.replace(unfinished, self.path.with_suffix(".json"))

    def read(self, start: int, length: int) -> Tensor:
        """``length`` ids from place ``start`` on, read from the disk."""
        size = np.dtype(self.item).itemsize
        found = np.fromfile(self.path, self.item, length, offset=start * size)
        return torch.from_numpy(found.astype(np.int64))


def _begun(fresh: Tokens) -> Tokens:
    """What is there from an earlier call that was interrupted, or done; ``fresh`` where nothing fits."""
    try:
        about = json.loads(fresh.path.with_suffix(".json").read_text(encoding="utf-8"))
        found = Tokens(**{**about, "path": fresh.path})
        size = np.dtype(found.item).itemsize
        whole = fresh.path.stat().st_size >= found.count * size
    except (OSError, ValueError, TypeError):
        return fresh
    return found if whole and found.source == fresh.source else fresh


def encode_file(
    path: Path, folder: Path, tokenizer: BPETokenizer, progress: bool = False
) -> Tokens:
    """Cut a text file into tokens, which are written to ``folder``; goes on where an earlier call was stopped.

    Raises ValueError where the file is missing, empty, or not UTF-8.
    """
    check_text(path)
    size, time = path.stat().st_size, path.stat().st_mtime_ns
    folder.mkdir(parents=True, exist_ok=True)
    cutter = zlib.crc32(repr((tokenizer.vocab, tokenizer.merges)).encode())
    item = "<u2" if len(tokenizer.vocab) <= 2**16 else "<u4"
    name = f"{path.name}, {size} bytes, {time}, {cutter:08x}"
    done = _begun(Tokens(folder / "tokens.bin", name, item))
    done.path.touch()
    hidden = {} if progress else {"disable": True}  # else TQDM_DISABLE decides
    settings = {"unit": "B", "unit_scale": True, "leave": False, **hidden}
    with (
        done.path.open("r+b") as file,
        tqdm(desc="tokens", total=size, initial=done.offset, **settings) as bar,
    ):
        file.truncate(done.count * np.dtype(item).itemsize)
        file.seek(0, os.SEEK_END)
        for i, (piece, end) in enumerate(pieces(path, done.offset)):
            if i % FORGET == 0:
                tokenizer.forget()
            ids = np.array(tokenizer.encode(piece), item)
            file.write(ids.tobytes())
            file.flush()
            os.fsync(file.fileno())  # on the disk before the note that says so
            bar.update(end - done.offset)
            done = done.after(ids, end)
            done.save()
    return done


class Windows:
    """Windows of ``block_size`` tokens at random places of a text; batch number ``step`` is always the same.

    The last twentieth of the text, at least a window, is held out. Raises ValueError where the text
    has not enough tokens for a window in either part.
    """

    def __init__(
        self, tokens: Tokens, block_size: int, batch_size: int, seed: int = 0
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size: {batch_size} is below 1; use 1 or more")
        window = block_size + 1
        held = max(window, tokens.count // 20)
        if tokens.count - held < window:
            raise ValueError(
                f"path: the text has {tokens.count} tokens, too few for a window of {window} to train on and one "
                f"to hold out; give {2 * window} or more, or a smaller block_size"
            )
        self.tokens, self.window = tokens, window
        self.batch_size, self.seed = batch_size, seed
        self.places = tokens.count - held - window + 1  # where a window may begin
        self.first_held_out = tokens.count - held

    def __repr__(self) -> str:
        text = f"{self.tokens.count} tokens, checksum {self.tokens.checksum:08x}"
        return f"Windows({text}, {self.batch_size} of {self.window}, seed {self.seed})"

    def __call__(self, step: int) -> Batch:
        """Inputs and targets of one step, both (B, T)."""
        seed = zlib.crc32(repr((self.seed, step)).encode())
        generator = torch.Generator().manual_seed(seed)
        places = torch.randint(self.places, (self.batch_size,), generator=generator)
        windows = [self.tokens.read(int(place), self.window) for place in places]
        return next_token(torch.stack(windows), generator)

    def held_out(self, most: int = 64) -> list[Tensor]:
        """Up to ``most`` windows of the part that is never trained on, evenly spread and not overlapping."""
        count = (self.tokens.count - self.first_held_out) // self.window
        chosen = min(most, count)
        places = (i * count // chosen * self.window for i in range(chosen))
        return [self.tokens.read(self.first_held_out + p, self.window) for p in places]
