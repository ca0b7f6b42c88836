"""What a run writes down as it goes: a line for each record, as JSON, with the tokens of a second.

>>> import tempfile
>>> from lmlib.pretraining import Record
>>> path = Path(tempfile.mkdtemp()) / "log.jsonl"
>>> RunLog(path)(Record(step=10, loss=3.2, eval_loss=3.1), tokens_per_second=900.0)
>>> path.read_text()
'{"step": 10, "loss": 3.2, "eval_loss": 3.1, "tokens_per_second": 900.0}\\n'
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from lmlib.batches import IGNORE, Batch
from lmlib.files import write_whole
from lmlib.pretraining import Record


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
            "eval_loss": record.eval_loss,
            "tokens_per_second": round(tokens_per_second, 1),
        }
        self.lines = [old for old in self.lines if old["step"] < record.step] + [line]
        write_whole(self.path, "".join(json.dumps(line) + "\n" for line in self.lines))


class Meter:
    """Batches that are counted on their way to the model: how many targets a second."""

    def __init__(self, batches: Callable[[int], Batch]) -> None:
        self.batches, self.tokens = batches, 0
        self.start = self.rate = 0.0

    def __repr__(self) -> str:
        return repr(self.batches)

    def __call__(self, step: int) -> Batch:
        if not self.tokens:
            self.start = time.perf_counter()
        batch = self.batches(step)
        self.tokens += int((batch[1] != IGNORE).sum())
        return batch

    def stop(self) -> None:
        """Set ``rate``, tokens per second since the first batch after the last stop."""
        self.rate = self.tokens / (time.perf_counter() - self.start)
        self.tokens = 0
