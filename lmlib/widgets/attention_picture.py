"""The picture of the attention heat map: one head, in shades and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmlib.widgets.colours import SOFT


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
