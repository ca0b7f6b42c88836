"""The static pictures of the widgets, for GitHub, PDF and pages without scripts.

Words come as they are to be shown. To matplotlib they are text: a "$" in them begins no formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

BLUE, INK, SOFT = "#0072B2", "#1b1f24", "#57606a"


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


def table_picture(rows: Sequence[tuple[str, str]], title: str) -> Figure:
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


def intervals_picture(
    rows: Sequence[tuple[str, float | None, float | None]],
    title: str,
    ceiling: float | None,
    name: str,
) -> Figure:
    """A point for each mean, a line for its interval, an upright line at the ceiling."""
    figure = Figure(figsize=(6, 1.1 + 0.36 * len(rows)), layout="constrained")
    axes = figure.subplots()
    for place, (_, mean, spread) in enumerate(rows):
        if mean is None:
            axes.text(0.02, place, "–", va="center", fontsize=12, color=SOFT)
            continue
        low = max(0.0, mean - (spread or 0))
        axes.plot([low, min(1, mean + (spread or 0))], [place] * 2, color=BLUE, linewidth=5, alpha=0.5)  # fmt: skip
        axes.plot(mean, place, "o", color=BLUE)
        axes.text(1.04, place, f"{mean:.3f}", va="center", fontsize=12, color=INK, clip_on=False)  # fmt: skip
    if ceiling is not None:
        axes.axvline(ceiling, color=INK, linewidth=1.5, linestyle=":")
        axes.set_xlabel(f"{name} {ceiling:.3f} (⋮)", fontsize=12, parse_math=False)
    axes.set(xlim=(0, 1.2), xticks=[0, 0.25, 0.5, 0.75, 1], ylim=(len(rows) - 0.5, -0.5))  # fmt: skip
    axes.set_yticks(range(len(rows)), [row[0] for row in rows], fontsize=12, parse_math=False)  # fmt: skip
    axes.set_title(title, fontsize=13, loc="left", parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
