"""The picture of the frontier: reward against nats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lmlib.tilting import Rewards, frontier
from lmlib.widgets.colours import BLUE, INK, ORANGE, SOFT
from lmlib.widgets.marks import Mark

STEEPEST = 0.1


def frontier_picture(
    rewards: Rewards, beta: float, marks: Sequence[Mark], labels: Mapping[str, str]
) -> Figure:
    """A curve, the point at ``beta`` with the line that touches it there, and a letter for each mark."""
    figure = Figure(figsize=(6, 4.2 + 0.2 * len(marks)), layout="constrained")
    axes = figure.subplots()
    most = max(0.02, 1.12 * frontier(rewards, STEEPEST)[1], *(1.06 * m.nats[2] for m in marks))  # fmt: skip
    curve = [frontier(rewards, price) for price in np.logspace(4, -2, 200)]
    inside = [(nats, reward) for reward, nats in curve if nats <= most]
    axes.plot(*zip(*inside, strict=True), color=BLUE, linewidth=2.5, label=labels["key_curve"])  # fmt: skip
    reward, nats = frontier(rewards, beta)
    heights = [r for _, r in inside] + [r for mark in marks for r in mark.reward]
    room = 0.08 * (max(heights) - min(heights)) or 0.5
    axes.set(xlim=(0, most), ylim=(min(heights) - room, max(heights) + room))
    line: Any = {"color": INK, "linewidth": 1.2, "linestyle": "--"}
    axes.axline((nats, reward), slope=beta, label=f"β = {beta:g}", **line)
    axes.plot(nats, reward, "o", color=BLUE, markersize=9, clip_on=False)
    for place, (name, (x, *across), (y, *up)) in enumerate(marks):
        letter = chr(ord("A") + place)
        axes.plot(across, [y, y], color=ORANGE)
        axes.plot([x, x], up, color=ORANGE)
        axes.plot(x, y, "s", color=ORANGE, label=f"{letter}  {name}".replace("$", r"\$"))  # fmt: skip
        axes.annotate(letter, (x, y), (6, -14), textcoords="offset points", fontsize=12, color=ORANGE)  # fmt: skip
    axes.set_xlabel(labels["axis_nats"], fontsize=12, parse_math=False)
    axes.set_ylabel(labels["axis_reward"], fontsize=12, parse_math=False)
    axes.legend(fontsize=11, frameon=False, loc="lower right")
    axes.tick_params(labelsize=12, colors=SOFT)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
