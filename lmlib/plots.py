"""The book's figures: few words, all of them arguments; colours that the colour-blind can tell apart.

Colours are Okabe and Ito's (2008). Every function returns the Axes, so that a chapter can add to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

BLUE, ORANGE, GREEN, PINK, SKY, RED, YELLOW, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000",
)  # fmt: skip
COLOURS = (BLUE, RED, GREEN, ORANGE, PINK, SKY, BLACK)


def axes(width: float = 5.2, height: float = 3.0, **labels: Any) -> Axes:
    """An empty figure of the book's size and style, in inches; ``labels`` go to ``Axes.set``, as ``xlabel="step"``."""
    _, ax = plt.subplots(figsize=(width, height), dpi=144, layout="constrained")
    ax.spines[["top", "right"]].set_visible(False)
    ax.set(**labels)
    return ax


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
    ax.set_yticks(range(len(words)), words)
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
        ax.plot(
            x,
            y,
            label=name,
            color=COLOURS[i % len(COLOURS)],
            linestyle=dashes[i % len(dashes)],
        )
    if len(series) > 1:
        ax.legend(frameon=False)
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
    if values.shape != (len(rows), len(columns)):
        raise ValueError(
            f"weights: shape {values.shape}; {len(rows)} rows and {len(columns)} columns are named"
        )
    size = max(0.42 * len(columns), 2.4)
    ax = axes(width=size + 1.2, height=max(0.38 * len(rows), 1.4) + 0.8, **labels)
    low, high = min(0.0, values.min()), values.max()
    ax.imshow(values, cmap="Blues", vmin=low, vmax=high, aspect="auto")
    ax.set_xticks(
        range(len(columns)), columns, rotation=45, ha="right", rotation_mode="anchor"
    )
    ax.set_yticks(range(len(rows)), rows)
    if len(columns) <= 12:
        for (i, j), value in np.ndenumerate(values):
            ink = (
                "white" if value > low + 0.71 * (high - low) else "black"
            )  # black reads well on a middling blue
            ax.text(
                j,
                i,
                f"{value:.{digits}f}",
                ha="center",
                va="center",
                fontsize=8,
                color=ink,
            )
    return ax


def scatter(
    points: Sequence[Sequence[float]],
    words: Sequence[str],
    groups: Sequence[int] | None = None,
    names: Sequence[str] = (),
    **labels: Any,
) -> Axes:
    """Words at their place in the plane, (N, 2) points; words of one group share colour and marker.

    An empty word leaves its point without a label. ``names`` are those of the groups, for a legend.
    """
    ax = axes(height=3.8, **labels)
    markers = "os^Dv*"
    for i, ((x, y), word, group) in enumerate(
        zip(points, words, groups or [0] * len(words), strict=True)
    ):
        ax.plot(
            x, y, markers[group % len(markers)], color=COLOURS[group % len(COLOURS)]
        )
        side, dx = (
            ("left", 6) if i % 2 else ("right", -6)
        )  # in turn, so that neighbours keep apart
        ax.annotate(
            word,
            (x, y),
            (dx, 0),
            textcoords="offset points",
            fontsize=9,
            ha=side,
            va="center",
        )
    for group, name in enumerate(names):
        ax.plot(
            [],
            [],
            markers[group % len(markers)],
            color=COLOURS[group % len(COLOURS)],
            label=name,
        )
    if names:
        ax.legend(
            frameon=False,
            fontsize=8,
            loc="upper center",
            bbox_to_anchor=(0.5, -0.02),
            ncols=2,
        )
    ax.margins(0.14)
    return ax
