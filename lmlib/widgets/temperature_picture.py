"""The picture of the temperature scrubber: a bar for each word at each temperature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from lmlib.widgets.colours import BLUE, GREEN, INK


def temperature_picture(
    words: Sequence[str], series: Mapping[str, Sequence[float]], title: str, label: str
) -> Figure:
    """Horizontal bars of probability, the likeliest on top, each with its number; a colour for each temperature."""
    thick = 0.76 / len(series)
    room = 0.34 if len(series) == 1 else 0.52
    figure = Figure(figsize=(6, 0.9 + room * len(words)), layout="constrained")
    axes = figure.subplots()
    for nth, ((name, row), colour) in enumerate(
        zip(series.items(), (BLUE, GREEN), strict=False)
    ):
        places = [i + (nth - (len(series) - 1) / 2) * thick for i in range(len(words))]
        axes.barh(places, row, color=colour, height=0.92 * thick, label=name)
        for place, p in zip(places, row, strict=True):
            axes.text(p + 0.015, place, f"{p:.4f}", va="center", fontsize=12, color=INK)
    axes.set(xlim=(0, 1.16), xticks=[0, 0.5, 1], ylim=(len(words) - 0.5, -0.5))
    axes.set_yticks(range(len(words)), words, fontsize=12, parse_math=False)
    axes.set_title(title, fontsize=13, loc="left", parse_math=False)
    axes.set_xlabel(label, fontsize=12, parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    if len(series) > 1:
        axes.legend(frameon=False, fontsize=12, loc="lower right")
    return figure
