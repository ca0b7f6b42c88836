"""The picture of the slider over labels: a mean and an interval for each method."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from lmlib.widgets.colours import BLUE, INK, SOFT


def labels_needed_picture(
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
