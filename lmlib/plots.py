"""The book's figures: few words, all of them arguments; names at lines and points, and no legends.

Every function that begins a figure returns its Axes, so that a chapter can add to it. Words are text: a "$" in them
is a dollar, and :func:`lmlib.notebook.visible` says how spaces and line breaks look. Where a formula is meant, say so
to matplotlib: ``ax.set_xlabel("$x$", parse_math=True)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from lmlib.colours import (
    AMBER,
    BLACK,
    BLUE,
    COLOURS,
    GREEN,
    GREY,
    ORANGE,
    PINK,
    RED,
    SHADES,
    SIGNED,
    SKY,
    YELLOW,
    ink,
)
from lmlib.drawings import PAGE
from lmlib.figures import SMALL, axes, figure_of, name_ticks, panels, require
from lmlib.labels import WORDS, PointNames
from lmlib.lines import MARKS, curves, floor, level, lines, name

__all__ = [
    "AMBER", "BLACK", "BLUE", "COLOURS", "GREEN", "GREY", "ORANGE", "PINK", "RED", "SHADES", "SIGNED", "SKY",
    "SMALL", "YELLOW", "axes", "bars", "curves", "floor", "heatmap", "ink", "level", "lines", "name", "panels",
    "scatter",
]  # fmt: skip


def bars(
    words: Sequence[str], values: Sequence[float], digits: int = 3, **labels: Any
) -> Axes:
    """One horizontal bar a word, its value written at its end."""
    ax = axes(height=0.6 + 0.32 * len(words), **labels)
    rows = ax.barh(range(len(words)), values, color=BLUE)
    ax.bar_label(rows, fmt=f"%.{digits}f", padding=3, fontsize=SMALL)
    name_ticks(ax.yaxis, words)
    ax.grid(visible=False)
    ax.invert_yaxis()
    ax.margins(x=0.16)
    return ax


def heatmap(
    weights: Sequence[Sequence[float]],
    rows: Sequence[str],
    columns: Sequence[str],
    digits: int = 2,
    **labels: Any,
) -> Axes:
    """A table of numbers as colours, light for 0; the numbers are written in where there are at most 12 columns.

    Raises ValueError where the names do not fit the table.
    """
    values = np.asarray(weights)
    named = f"{len(rows)} rows and {len(columns)} columns are named"
    fits = values.shape == (len(rows), len(columns))
    require(fits, f"weights: shape {values.shape}; {named}")
    width, height = max(0.5 * len(columns), 2.4), max(0.34 * len(rows), 1.4)
    ax = axes(width=min(width + 1.2, PAGE), height=height + 0.8, **labels)
    ax.grid(visible=False)
    low, high = min(0.0, values.min()), values.max()
    edges = [np.arange(size + 1) - 0.5 for size in values.T.shape]
    ax.pcolormesh(*edges, values, cmap=SHADES, vmin=low, vmax=high)
    ax.invert_yaxis()
    name_ticks(ax.xaxis, columns, rotation=45, ha="right", rotation_mode="anchor")
    name_ticks(ax.yaxis, rows)
    if len(columns) <= 12:
        _write_in(ax, values, digits, white_from=low + 0.77 * (high - low))
    return ax


def _write_in(ax: Axes, values: np.ndarray, digits: int, white_from: float) -> None:
    for (i, j), value in np.ndenumerate(values):
        # Black reads well on a middling blue.
        colour = "white" if value > white_from else "black"
        ax.text(
            j, i, f"{value:.{digits}f}", color=colour, ha="center", va="center", **WORDS
        )


def scatter(
    points: Sequence[Sequence[float]],
    words: Sequence[str | None],
    groups: Sequence[int] | None = None,
    names: Sequence[str | None] = (),
    **labels: Any,
) -> Axes:
    """Words at their place in the plane, (N, 2) points; words of one group share colour and mark.

    ``None`` leaves a point without a word, and a group without a name; ``names`` stand in the middle of their groups.
    Raises ValueError where there is not one word, or not one group, a point.
    """
    of = [0] * len(words) if groups is None else list(groups)
    for kind, given in (("words", words), ("groups", of)):
        fits = len(given) == len(points)
        require(fits, f"{kind}: {len(given)} for {len(points)} points; give one each")
    ax = axes(**{"height": 4.2} | labels)
    ax.grid(visible=False)
    beside = PointNames(ax, points)
    figure_of(ax).settle.append(beside)
    for (x, y), group in zip(points, of, strict=True):
        colour = COLOURS[group % len(COLOURS)]
        ax.plot(x, y, MARKS[group % len(MARKS)], color=colour, markersize=5)
    for group, title in enumerate(names):
        if title is not None:
            place = _middle(points, [g == group for g in of])
            beside.add(
                title, place, color=ink(COLOURS[group % len(COLOURS)]), weight="bold"
            )
    for point, word, group in zip(points, words, of, strict=True):
        if word is not None:
            beside.add(word, point, color=ink(COLOURS[group % len(COLOURS)]))
    ax.margins(0.1)
    return ax


def _middle(points: Sequence[Sequence[float]], chosen: Sequence[bool]) -> list[float]:
    """The one of the chosen points that is nearest to the mean of them."""
    cloud = np.asarray(points, dtype=float)[np.asarray(chosen)]
    return cloud[np.linalg.norm(cloud - cloud.mean(0), axis=1).argmin()].tolist()
