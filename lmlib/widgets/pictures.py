"""The static pictures of the widgets, for GitHub, PDF and pages without scripts.

Words come as they are to be shown. To matplotlib they are text: a "$" in them begins no formula.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

BLUE, INK, SOFT = "#0072B2", "#1b1f24", "#57606a"
MONO = "monospace"


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


def attention_picture(
    tokens: Sequence[str],
    weights: np.ndarray,
    hidden: np.ndarray,
    axis_names: tuple[str, str],
) -> Figure:
    """Heat map of one head; numbers in the cells up to ten tokens, names at the edges up to forty."""
    T = len(tokens)
    side = min(6.0, 2.4 + 0.42 * T)
    figure = Figure(figsize=(6, side), layout="constrained")
    axes = figure.subplots()
    shades = np.where(hidden, np.nan, np.sqrt(weights))
    axes.imshow(shades, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
    if T <= 10:
        _write_in(axes, weights, hidden, size=12 if T <= 7 else 9)
    if T <= 40:
        style: dict[str, Any] = {"fontsize": 12 if T <= 12 else 7, "parse_math": False}
        axes.set_xticks(range(T), tokens, rotation=90, **style)
        axes.set_yticks(range(T), tokens, **style)
    axes.set_ylabel(axis_names[0], fontsize=12, color=SOFT, parse_math=False)
    axes.set_xlabel(axis_names[1], fontsize=12, color=SOFT, parse_math=False)
    return figure


def _write_in(axes: Axes, weights: np.ndarray, hidden: np.ndarray, size: int) -> None:
    for i, j in np.argwhere(~hidden):
        ink = "white" if weights[i, j] > 0.3 else "black"
        style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": size}
        axes.text(j, i, f"{weights[i, j]:.2f}", color=ink, **style)


def story_picture(
    rows: Sequence[tuple[str, float, float | None]], text: str, model: str, true: str
) -> Figure:
    """Bars of a model's probabilities, and an upright mark at each true one, where there is one."""
    figure = Figure(figsize=(6, 0.9 + 0.34 * len(rows)), layout="constrained")
    axes = figure.subplots()
    places = range(len(rows))
    axes.barh(places, [p for _, p, _ in rows], color=BLUE, height=0.6)
    for place, (_, p, q) in enumerate(rows):
        said = f"{p:.3f}" if q is None else f"{p:.3f}   ({q:.3f})"
        axes.text(max(p, q or 0) + 0.02, place, said, va="center", fontsize=12, color=INK)  # fmt: skip
        if q is not None:
            axes.plot([q, q], [place - 0.42, place + 0.42], color=INK, linewidth=3)
    axes.set(xlim=(0, 1.3), xticks=[0, 0.5, 1], ylim=(len(rows) - 0.5, -0.5))
    axes.set_yticks(places, [word for word, _, _ in rows], fontsize=12, parse_math=False)  # fmt: skip
    axes.set_title(f"… {text[-60:]} …", fontsize=12, loc="left", parse_math=False)
    axes.set_xlabel(f"{model}   ({true})", fontsize=12, parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def lens_picture(tokens: Sequence[tuple[str, int]], name: str) -> Figure:
    """Tokens side by side, each in a box above its id, in as many rows as it takes; six rows at most."""
    rows: list[list[tuple[float, float, str, int]]] = [[]]
    at = 0.0
    for text, number in tokens:
        width = 0.13 * max(len(text), len(str(number)), 1) + 0.22
        if at + width > 6 and rows[-1]:
            rows.append([])
            at = 0.0
        rows[-1].append((at, width, text, number))
        at += width
    drawn = rows[:6]
    figure = Figure(figsize=(6.2, 0.6 + 0.62 * len(drawn)), layout="constrained")
    axes = figure.subplots()
    odd = 0
    for place, row in enumerate(drawn):
        for left, width, text, number in row:
            odd = 1 - odd
            colour = ("#d6eaf6", "#fbf3c4")[odd]
            axes.barh(place, width - 0.04, left=left, height=0.52, color=colour)
            middle = left + width / 2 - 0.02
            style: dict[str, Any] = {"ha": "center", "va": "center", "parse_math": False}  # fmt: skip
            axes.text(middle, place - 0.08, text, fontsize=12, color=INK, family=MONO, **style)  # fmt: skip
            axes.text(middle, place + 0.16, str(number), fontsize=8, color=SOFT, **style)  # fmt: skip
    axes.set(xlim=(0, 6.1), ylim=(len(drawn) - 0.6, -0.5))
    axes.set_title(name, fontsize=13, loc="left", parse_math=False)
    axes.axis("off")
    return figure


def embedding_picture(
    points: np.ndarray, names: Mapping[int, str], asked: Collection[int], title: str
) -> Figure:
    """The part of the (V, 2) points that have ``names``: these blue and named, those ``asked`` about orange."""
    figure = Figure(figsize=(6, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot(*points.T, "o", color="#b8c0c8", markersize=3)
    for i, name in names.items():
        colour = "#a34700" if i in asked else BLUE
        axes.plot(*points[i], "o", color=colour, markersize=6)
        style: dict[str, Any] = {"textcoords": "offset points", "parse_math": False}
        axes.annotate(name, points[i], (6, 4), fontsize=12, color=INK, **style)
    group = points[[*names]]
    middle, half = (group.max(0) + group.min(0)) / 2, np.ptp(group, axis=0) / 2
    reach = np.maximum(1.25 * half, 0.3 * half.max() + 1e-9)  # not too flat
    axes.set(
        xlim=middle[0] + reach[0] * np.array([-1, 1.2]),
        ylim=middle[1] + reach[1] * np.array([-1, 1]),
    )
    axes.set_title(title, fontsize=12, loc="left", parse_math=False)
    axes.axis("off")
    return figure
