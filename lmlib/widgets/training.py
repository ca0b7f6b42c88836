"""The book's GPT trained in the page, beside a run that is stored."""

from __future__ import annotations

import base64
import json
import tomllib
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure
from traitlets import validate

from lmlib.blocks import Config
from lmlib.files import DATA, read_text
from lmlib.milestones import cue
from lmlib.stories import TOML, WORDS
from lmlib.widgets.base import Widget, script, with_defaults
from lmlib.widgets.checks import Given, whole
from lmlib.widgets.labels import TRAINING
from lmlib.widgets.training_picture import training_picture

STORED = DATA / "training_run.json"


class TrainingRun(Widget):
    """A GPT from random weights to nearly the floor: its loss, whether its words fit, and whether it looks back.

    First it shows the run that `benchmarks/training_run.py` stored. In a page the reader starts another, from weights
    that ``seed`` decides, on stories drawn there; Python does not see it. ``shown`` is the number of the record that is
    shown, None for the last. Both can be set and observed. Raises ValueError for what is no seed, and for a record
    that the stored run does not have.

    >>> w = TrainingRun(shown=0)
    >>> w.record["step"], round(w.record["loss"] / w.floor, 1)
    (0, 11.7)
    """

    _kind = "training"
    _is_live = True
    _state = ("shown", "seed")
    _esm = script("training", live=True)

    shown = Given(None, allow_none=True).tag(sync=True)
    seed = Given(0).tag(sync=True)

    def __init__(
        self,
        *,
        shown: int | None = None,
        seed: int = 0,
        labels: dict[str, str] | None = None,
    ) -> None:
        run = json.loads(read_text(STORED))
        self.records: list[dict[str, Any]] = run["records"]
        """Of the stored run: `lmlib.milestones.Milestone` as dictionaries."""
        self.floor: float = run["floor"]
        """The least loss that any model can expect on the stories of these records, in nats per token."""
        self._steps = run["plan"]["steps"]
        config = Config(vocab_size=len(WORDS.vocab))
        tests = [{"ids": ids, "looks": cue(torch.tensor(ids))} for ids in run["tests"]]
        super().__init__(
            _data={
                "labels": with_defaults(labels, TRAINING),
                "config": {"vocab_size": config.vocab_size, "block_size": config.block_size}
                | {"n_layer": config.n_layer, "n_head": config.n_head, "d_model": config.d_model},
                "vocab": [*WORDS.vocab],
                "grammar": tomllib.loads(read_text(TOML)),
                "tests": tests,
                "floor": self.floor,
                "plan": run["plan"],
                "records": self.records,
            },
            provides={"train.js": packed_wasm()},
            shown=shown,
            seed=seed,
        )  # fmt: skip

    @property
    def record(self) -> dict[str, Any]:
        """The record that is shown."""
        return self.records[-1 if self.shown is None else self.shown]

    def sentence(self) -> str:
        """How far the stored run is at the record that is shown."""
        record = self.record
        return self._data["labels"]["sentence"].format(
            step=record["step"],
            steps=self._steps,
            loss=f"{record['loss']:.3f}",
            times=f"{record['loss'] / self.floor:.2f}",
            fitting=f"{record['fitting']:.3f}",
            copied=f"{record['copied']:.3f}",
            looking=f"{record['looking']:.3f}",
            text=WORDS.decode(record["text"][:12]),
        )

    def picture(self) -> Figure:
        """Two panels: the loss in floors, and what the model has learned."""
        return training_picture(
            self.records, self.floor, self.record["step"], self._data["labels"]
        )

    @validate("shown")
    def _valid_shown(self, proposal: Any) -> int | None:
        value, last = proposal["value"], len(self.records) - 1
        return None if value is None else whole("shown", value, 0, last, ", or None")

    @validate("seed")
    def _valid_seed(self, proposal: Any) -> int:
        return whole("seed", proposal["value"], 0, 2**32 - 1)


def packed_wasm() -> str:
    """``train.wasm`` as base64."""
    code = (Path(__file__).parent / "train.wasm").read_bytes()
    return base64.b64encode(code).decode("ascii")
