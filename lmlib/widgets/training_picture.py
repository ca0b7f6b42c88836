"""The picture of a training run: how near the floor it comes, and what it learns when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from lmlib.widgets.colours import BLUE, INK, ORANGE, SOFT

PARTS = ("fitting", "copied", "looking")


def training_picture(
    records: Sequence[Mapping[str, Any]],
    floor: float,
    step: int,
    labels: Mapping[str, str],
) -> Figure:
    """The loss in floors, and three shares, against the step; an upright line at the step that is shown."""
    figure = Figure(figsize=(6, 4.2), layout="constrained")
    above, below = figure.subplots(2, sharex=True)
    steps = [record["step"] for record in records]
    above.plot(steps, [record["loss"] / floor for record in records], color=BLUE)
    above.set(yscale="log", yticks=[1, 1.5, 3, 10], ylim=(0.95, 14))
    above.set_yticklabels(["1", "1.5", "3", "10"], fontsize=12)
    above.set_yticks([], minor=True)
    above.axhline(1, color=INK, linewidth=1.5, linestyle=":")
    above.set_title(labels["loss"], fontsize=13, loc="left", parse_math=False)
    for name, colour in zip(PARTS, (SOFT, BLUE, ORANGE), strict=True):
        shares = [record[name] for record in records]
        below.plot(steps, shares, color=colour, label=labels[name])
    below.legend(fontsize=11, frameon=False, loc="center right")
    below.set_ylim(-0.02, 1.05)
    below.set_xlabel(labels["steps"], fontsize=12, parse_math=False)
    for axes in (above, below):
        axes.axvline(step, color=SOFT, linewidth=1)
        axes.tick_params(labelsize=12)
        axes.spines[["top", "right"]].set_visible(False)
    return figure
