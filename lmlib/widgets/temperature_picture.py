"""The picture of the temperature scrubber: a bar for each word."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from lmlib.widgets.colours import BLUE, INK


def temperature_picture(
    bars: Sequence[tuple[str, float]], title: str, label: str
) -> Figure:
    """Horizontal bars of probability, the likeliest on top, each with its number."""
    figure = Figure(figsize=(6, 0.9 + 0.34 * len(bars)), layout="constrained")
    axes = figure.subplots()
    places = range(len(bars))
    axes.barh(places, [p for _, p in bars], color=BLUE, height=0.7)
    for place, (_, p) in enumerate(bars):
        axes.text(p + 0.015, place, f"{p:.4f}", va="center", fontsize=12, color=INK)
    axes.set(xlim=(0, 1.16), xticks=[0, 0.5, 1], ylim=(len(bars) - 0.5, -0.5))
    axes.set_yticks(places, [word for word, _ in bars], fontsize=12, parse_math=False)
    axes.set_title(title, fontsize=13, loc="left", parse_math=False)
    axes.set_xlabel(label, fontsize=12, parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
