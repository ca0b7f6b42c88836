"""The static pictures of the widgets, for GitHub, PDF and pages without scripts.

Words come as they are to be shown. To matplotlib they are text: a "$" in them begins no formula.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

BLUE, INK, SOFT, ORANGE = "#0072B2", "#1b1f24", "#57606a", "#a34700"
FLOOR, FLOOR_INK = "#c77a00", "#8a5200"
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


def beam_picture(
    steps: Sequence[Sequence[tuple[str, float, int | None]]],
    best: Sequence[int],
    greedy: Sequence[tuple[str, float]],
    names: tuple[str, str],
) -> Figure:
    """A column for each step of a search: kept words with their scores, and a line to what each goes on from.

    A word of ``steps`` comes with the log-probability of its text, and with the place of its parent in the step
    before, None at the first. ``best`` is the place of the best text in each step; ``greedy`` are the words and
    scores of the greedy text, a row below.
    """
    high = max(map(len, steps))
    size = (1.0 + 1.25 * len(steps), 1.0 + 0.5 * high)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    style: dict[str, Any] = {"va": "center", "ha": "center", "parse_math": False}
    for n, column in enumerate(steps):
        for place, (word, score, parent) in enumerate(column):
            ink = BLUE if place == best[n] else SOFT
            axes.plot(
                [n - 0.6, n - 0.42],
                [place if parent is None else parent, place],
                color=ink,
                linewidth=3 if place == best[n] else 1,
            )
            weight = "bold" if place == best[n] else "normal"
            axes.text(n, place - 0.17, word, fontsize=12, color=ink, weight=weight, **style)  # fmt: skip
            axes.text(n, place + 0.2, f"{score:.2f}", fontsize=10, color=ink, **style)
    for n, (word, score) in enumerate(greedy):
        axes.text(n, high - 0.07, word, fontsize=12, color=ORANGE, **style)
        axes.text(n, high + 0.3, f"{score:.2f}", fontsize=10, color=ORANGE, **style)
    for y, name, ink in ((best[0], names[0], BLUE), (high, names[1], ORANGE)):
        axes.text(-0.75, y, name, fontsize=12, color=ink, **{**style, "ha": "right"})
    axes.set(xlim=(-1.5, len(steps) - 0.4), ylim=(high + 0.6, -0.5))
    axes.axis("off")
    return figure


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


def workbench_picture(
    tables: Sequence[tuple[str, list[list[float]], Sequence[str]]],
) -> Figure:
    """Four matrices above, what becomes of them below: a title, rows of numbers and their names each."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    parts: Any = figure.subfigures(2, 1)
    for part, shown in zip(parts, (tables[:4], tables[4:]), strict=True):
        widths = [len(numbers[0]) + 0.5 for _, numbers, _ in shown]
        axes = part.subplots(1, len(shown), width_ratios=widths, squeeze=False)[0]
        for ax, (title, numbers, names) in zip(axes, shown, strict=True):
            _numbers_in(ax, np.array(numbers), names)
            ax.set_title(title, fontsize=12, loc="left", parse_math=False)
    return figure


def _numbers_in(axes: Axes, numbers: np.ndarray, names: Sequence[str]) -> None:
    rows, columns = numbers.shape
    for i, j in np.ndindex(rows, columns):
        style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 11}
        x = float(numbers[i, j])
        text = "−∞" if np.isinf(x) else f"{x:g}" if x == round(x) else f"{x:.2f}"
        axes.text(j, i, text.replace("-", "−"), color=INK, **style)
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), xticks=[])
    axes.set_yticks(range(rows), names, fontsize=11, parse_math=False)
    axes.tick_params(length=0)
    axes.spines[["top", "right", "bottom"]].set_visible(False)


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
