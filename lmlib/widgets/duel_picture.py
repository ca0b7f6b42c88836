"""The picture of the duel: what the words cost everybody, end to end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lmlib.widgets.colours import BLUE, FLOOR, FLOOR_INK, INK


def duel_picture(
    bars: Sequence[tuple[str, Sequence[float]]],
    floor: float,
    n: int,
    floor_name: str,
    label: str,
) -> Figure:
    """Bars of the surprise of ``n`` words, end to end, each with its mean, and a line where the floor's sum is."""
    figure = Figure(figsize=(6, 1.3 + 0.4 * len(bars)), layout="constrained")
    axes = figure.subplots()
    longest = max(floor, *(sum(nats) for _, nats in bars))
    text: dict[str, Any] = {"fontsize": 12, "parse_math": False}
    for place, (_, nats) in enumerate(bars):
        starts = np.cumsum([0.0, *nats[:-1]])
        axes.barh(place, nats, left=starts, color=BLUE, edgecolor="white", height=0.6)
        mean = f"{abs(sum(nats)) / n:.2f}"
        axes.text(
            1.16 * longest, place, mean, va="center", ha="right", color=INK, **text
        )
    axes.axvline(floor, color=FLOOR, linewidth=3)
    axes.text(floor, -0.65, f"{floor_name} {floor / n:.2f}", ha="center", color=FLOOR_INK, **text)  # fmt: skip
    axes.set(xlim=(0, 1.16 * longest), ylim=(len(bars) - 0.5, -0.6))
    axes.set_yticks(range(len(bars)), [name for name, _ in bars], **text)
    axes.set_xlabel(label, fontsize=12, parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
