"""The picture of the layer stream: the likeliest words behind each part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from lmlib.widgets.colours import BLUE, INK, SOFT


def stream_picture(
    rows: Sequence[tuple[str, str, Sequence[tuple[str, float]]]], title: str, below: str
) -> Figure:
    """For each part of a model its name, what is told of it, and bars of the likeliest words, one below the other."""
    lines = sum(len(words) + 1 for _, _, words in rows)
    figure = Figure(figsize=(6, 0.9 + 0.24 * lines), layout="constrained")
    axes = figure.subplots()
    top = 0
    for name, told, words in rows:
        style: dict[str, Any] = {"va": "top", "parse_math": False}
        axes.text(-1.12, top - 0.45, name, fontsize=12, color=INK, **style)
        axes.text(-1.12, top + 0.62, told, fontsize=10, color=SOFT, **style)
        for place, (word, p) in enumerate(words, top):
            style = {"va": "center", "fontsize": 12, "color": INK, "parse_math": False}
            axes.text(-0.02, place, word, ha="right", **style)
            axes.barh(place, p, color=BLUE, height=0.7)
            axes.text(p + 0.02, place, f"{p:.3f}", **style)
        top += len(words) + 1
    axes.plot([0, 0], [-0.5, top - 1.5], color=SOFT, linewidth=1)
    axes.set(xlim=(-1.12, 1.2), ylim=(top - 1.4, -0.6))
    axes.set_axis_off()
    axes.set_title(title, fontsize=12, loc="left", color=INK, parse_math=False)
    figure.supxlabel(below, fontsize=11, color=SOFT, parse_math=False)
    return figure
