"""The book's figures: few words, all of them arguments; colours that the colour-blind can tell apart.

Colours are Okabe and Ito's (2008). Every function returns the Axes, so that a chapter can add to it. Words are text:
a "$" in them is a dollar, and :func:`lmlib.notebook.visible` says how spaces and line breaks look. Where a formula is
meant, say so to matplotlib: ``ax.set_xlabel("$x$", parse_math=True)``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from lmlib.figures import axes, legend, name_ticks, panels, plt, require
from lmlib.notebook import visible

__all__ = ["COLOURS", "axes", "bars", "curves", "heatmap", "panels", "plt", "scatter"]

BLUE, ORANGE, GREEN, PINK, SKY, RED, YELLOW, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000",
)  # fmt: skip
COLOURS = (BLUE, RED, GREEN, ORANGE, PINK, SKY, BLACK)


def bars(
    words: Sequence[str],
    values: Sequence[float],
    floor: float | None = None,
    digits: int = 3,
    **labels: Any,
) -> Axes:
    """One horizontal bar a word, its value written at its end; a dashed line at ``floor`` where one is given."""
    ax = axes(height=0.6 + 0.32 * len(words), **labels)
    rows = ax.barh(range(len(words)), values, color=BLUE)
    ax.bar_label(rows, fmt=f"%.{digits}f", padding=3)
    name_ticks(ax.yaxis, words)
    ax.invert_yaxis()
    ax.margins(x=0.16)
    if floor is not None:
        ax.axvline(floor, color=RED, linestyle="--", linewidth=1.5)
    return ax


def curves(
    series: Mapping[str, Sequence[float] | tuple[Sequence[float], Sequence[float]]],
    **labels: Any,
) -> Axes:
    """One line a name, told apart by colour and dashes; a series is values, or a pair (x, values)."""
    ax = axes(**labels)
    dashes = ("-", "--", "-.", ":")
    for i, (name, values) in enumerate(series.items()):
        x, y = values if isinstance(values, tuple) else (range(len(values)), values)
        look = (COLOURS[i % len(COLOURS)], dashes[i % len(dashes)])
        ax.plot(x, y, label=name, color=look[0], linestyle=look[1])
    if len(series) > 1:
        legend(ax, ax.lines, list(series))
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
    width, height = max(0.42 * len(columns), 2.4), max(0.38 * len(rows), 1.4)
    ax = axes(width=width + 1.2, height=height + 0.8, **labels)
    low, high = min(0.0, values.min()), values.max()
    ax.imshow(values, cmap="Blues", vmin=low, vmax=high, aspect="auto")
    name_ticks(ax.xaxis, columns, rotation=45, ha="right", rotation_mode="anchor")
    name_ticks(ax.yaxis, rows)
    if len(columns) <= 12:
        _write_in(ax, values, digits, white_from=low + 0.71 * (high - low))
    return ax


def _write_in(ax: Axes, values: np.ndarray, digits: int, white_from: float) -> None:
    style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 8}
    for (i, j), value in np.ndenumerate(values):
        # Black reads well on a middling blue.
        ink = "white" if value > white_from else "black"
        ax.text(j, i, f"{value:.{digits}f}", color=ink, **style)


def _mark(group: int) -> dict[str, Any]:
    """How the points of a group look."""
    marks = "os^Dv*"
    look = {"marker": marks[group % len(marks)], "linestyle": "none"}
    return look | {"color": COLOURS[group % len(COLOURS)]}


def scatter(
    points: Sequence[Sequence[float]],
    words: Sequence[str | None],
    groups: Sequence[int] | None = None,
    names: Sequence[str] = (),
    **labels: Any,
) -> Axes:
    """Words at their place in the plane, (N, 2) points; words of one group share colour and marker.

    ``None`` leaves a point without a word. ``names`` are those of the groups, for a legend.
    Raises ValueError where there is not one word, or not one group, a point.
    """
    of = [0] * len(words) if groups is None else groups
    for name, given in (("words", words), ("groups", of)):
        fits = len(given) == len(points)
        require(fits, f"{name}: {len(given)} for {len(points)} points; give one each")
    ax = axes(height=3.8, **labels)
    for i, ((x, y), word, group) in enumerate(zip(points, words, of, strict=True)):
        ax.plot(x, y, **_mark(group))
        if word is not None:
            _name_point(ax, word, (x, y), to_the_right=i % 2 == 1)
    if names:
        _name_groups(ax, names)
    ax.margins(0.14)
    return ax


def _name_point(
    ax: Axes, word: str, point: tuple[float, float], to_the_right: bool
) -> None:
    """Called with either side in turn, so that neighbours keep apart."""
    side, dx = ("left", 6) if to_the_right else ("right", -6)
    style: dict[str, Any] = {"ha": side, "va": "center", "fontsize": 9}
    style |= {"textcoords": "offset points", "parse_math": False}
    ax.annotate(visible(word), point, (dx, 0), **style)


def _name_groups(ax: Axes, names: Sequence[str]) -> None:
    lines = [ax.plot([], [], **_mark(group))[0] for group in range(len(names))]
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.02), "ncols": 2}
    legend(ax, lines, names, fontsize=8, **below)
