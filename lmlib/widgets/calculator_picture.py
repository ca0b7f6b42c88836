"""The picture of the cost calculator: its table of results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from lmlib.widgets.colours import INK, SOFT


def calculator_picture(rows: Sequence[tuple[str, str]], title: str) -> Figure:
    """Names on the left, values on the right, a line under each."""
    figure = Figure(figsize=(6, 0.6 + 0.34 * len(rows)), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(0, 1), ylim=(len(rows) - 0.5, -0.5))
    axes.set_axis_off()
    style: dict[str, Any] = {"fontsize": 12, "color": INK, "va": "center", "parse_math": False}  # fmt: skip
    for place, (name, value) in enumerate(rows):
        axes.text(0, place, name, **style)
        axes.text(1, place, value, ha="right", **style)
        axes.axhline(place + 0.5, color="#c9d1d9", linewidth=0.8)
    axes.set_title(title, fontsize=11, loc="left", color=SOFT, parse_math=False)
    return figure
