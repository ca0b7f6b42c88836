"""The picture of the map of word vectors: a query and who is near."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lmlib.widgets.colours import BLUE, INK, ORANGE


def embedding_picture(
    points: np.ndarray, names: Mapping[int, str], asked: Collection[int], title: str
) -> Figure:
    """The part of the (V, 2) points that have ``names``: these blue and named, those ``asked`` about orange."""
    figure = Figure(figsize=(6, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot(*points.T, "o", color="#b8c0c8", markersize=3)
    for i, name in names.items():
        colour = ORANGE if i in asked else BLUE
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
