"""The tokens of a text as numbers in a file, and windows of them to train on, read from the disk one by one.

>>> import tempfile
>>> tokens = Tokens(Path(tempfile.mkdtemp()) / "tokens.bin", "some text", "<u2", count=40)
>>> _ = tokens.path.write_bytes(np.arange(40, dtype="<u2").tobytes())
>>> tokens.read(5, 3), Windows(tokens, block_size=8, batch_size=2)(step=0)[0].shape
(tensor([5, 6, 7]), torch.Size([2, 8]))
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor

from lmlib.batches import Batch, next_token
from lmlib.files import write_whole


@dataclass(frozen=True)
class Tokens:
    """A text as ids in a file, and how far it has come: all of it when ``offset`` is the text's size."""

    path: Path
    source: str  # name, size and time of the text, and what cut it
    item: str  # numpy's name of a number in the file
    offset: int = 0  # bytes of the text that are done
    count: int = 0  # tokens so far
    checksum: int = 0  # of them

    def opened(self) -> BinaryIO:
        """The file of the ids, to write behind those that are written down."""
        self.path.touch()
        file = self.path.open("r+b")
        file.truncate(self.count * np.dtype(self.item).itemsize)
        file.seek(0, os.SEEK_END)
        return file

    def append(self, file: BinaryIO, ids: Sequence[int], offset: int) -> Tokens:
        """With some more ids, which come from the text up to byte ``offset``; written to ``file``, and down."""
        data = np.array(ids, self.item).tobytes()
        file.write(data)
        file.flush()
        os.fsync(file.fileno())  # on the disk before the note that says so
        checksum, count = zlib.crc32(data, self.checksum), self.count + len(ids)
        longer = replace(self, offset=offset, count=count, checksum=checksum)
        longer.save()
        return longer

    def save(self) -> None:
        """Write down how far it has come, beside the ids."""
        about = {**asdict(self), "path": self.path.name}
        write_whole(self.path.with_suffix(".json"), json.dumps(about))

    def read(self, start: int, length: int) -> Tensor:
        """``length`` ids from place ``start`` on, read from the disk."""
        size = np.dtype(self.item).itemsize
        found = np.fromfile(self.path, self.item, length, offset=start * size)
        return torch.from_numpy(found.astype(np.int64))


def resume(fresh: Tokens) -> Tokens:
    """What is there from an earlier call that was interrupted, or done; ``fresh`` where nothing fits."""
    try:
        about = json.loads(fresh.path.with_suffix(".json").read_text(encoding="utf-8"))
        found = Tokens(**{**about, "path": fresh.path})
        size = np.dtype(found.item).itemsize
        whole = fresh.path.stat().st_size >= found.count * size
    except (OSError, ValueError, TypeError):
        return fresh
    return found if whole and found.source == fresh.source else fresh


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
