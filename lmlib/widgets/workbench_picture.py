"""The picture of the attention workbench: each matrix in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmlib.widgets.colours import INK


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
