"""What a run writes down as it goes: a line for each record, as JSON, with the tokens of a second.

>>> import tempfile
>>> from lmlib.pretraining import Record
>>> path = Path(tempfile.mkdtemp()) / "log.jsonl"
>>> RunLog(path)(Record(step=10, loss=3.2, measured=3.1), tokens_per_second=900.0)
>>> path.read_text()
'{"step": 10, "loss": 3.2, "held_out": 3.1, "tokens_per_second": 900.0}\\n'
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from lmlib.batches import IGNORE, Pair, next_token
from lmlib.devices import device_of, move
from lmlib.pretraining import Learner, Record


class RunLog:
    """A log file. What a run that was killed had written after its last checkpoint is written over."""

    def __init__(self, path: Path) -> None:
        self.path, self.lines = path, [*self._read(path)]

    @staticmethod
    def _read(path: Path) -> list[dict]:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        try:
            return [json.loads(line) for line in lines]
        except ValueError as error:
            raise ValueError(f"folder: {str(path)!r} is damaged; delete it") from error

    def __call__(self, record: Record, tokens_per_second: float) -> None:
        """Add a record."""
        line = {
            "step": record.step,
            "loss": record.loss,
            "held_out": record.measured,
            "tokens_per_second": round(tokens_per_second, 1),
        }
        self.lines = [old for old in self.lines if old["step"] < record.step] + [line]
        unfinished = self.path.with_suffix(".part")
        text = "".join(json.dumps(line) + "\n" for line in self.lines)
        unfinished.write_text(text, encoding="utf-8")
        os.replace(unfinished, self.path)


class Meter:
    """Batches that are counted on their way to the model: how many tokens a second were asked for."""

    def __init__(self, batches: Callable[[int], Pair]) -> None:
        self.batches, self.tokens = batches, 0
        self.start = self.rate = 0.0

    def __repr__(self) -> str:
        return repr(self.batches)

    def __call__(self, step: int) -> Pair:
        if not self.tokens:
            self.start = time.perf_counter()
        pair = self.batches(step)
        self.tokens += int((pair[1] != IGNORE).sum())
        return pair

    def stop(self) -> None:
        """Set ``rate``, tokens a second since the first batch after the last stop."""
        self.rate = self.tokens / (time.perf_counter() - self.start)
        self.tokens = 0


@torch.no_grad()
def held_out_loss(
    model: nn.Module, texts: Sequence[Tensor], batch_size: int, precision: str = "float32"
) -> float:
    """Mean loss in nats a token of ``texts``, some at a time, on the device of the model."""
    learner, device = Learner(model, precision), device_of(model)
    total, asked = 0.0, 0
    for i in range(0, len(texts), batch_size):
        padded = nn.utils.rnn.pad_sequence([*texts[i : i + batch_size]], True, IGNORE)
        pair = next_token(padded, torch.Generator())
        total += float(learner(move(pair, device), reduction="sum"))
        asked += int((pair[1] != IGNORE).sum())
    return total / asked
