"""Names beside lines and points instead of legends, moved until none stands on another."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import pairwise, product
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox, Transform

from lmlib.colours import AXIS
from lmlib.figures import SMALL, figure_of
from lmlib.notebook import visible

WORDS: dict[str, Any] = {"fontsize": SMALL, "parse_math": False}
BESIDE: dict[str, Any] = {"textcoords": "offset points", "va": "center", **WORDS}
LEADER = {"arrowstyle": "-", "color": AXIS, "linewidth": 0.6}
LEADER |= {"shrinkA": 0, "shrinkB": 1, "relpos": (0, 0.5)}


class EndNames:
    """The names at the right edge of one Axes, each as near to the end of its line as the others let it."""

    def __init__(self, ax: Axes) -> None:
        self.ax = ax
        self.names: list[tuple[str, Transform, Annotation]] = []

    def add(
        self, name: str, end: Sequence[float], place: Transform, **style: Any
    ) -> None:
        """``place`` says in which coordinates the line ends at ``end``; a thin line leads from there to the name."""
        style |= {"xycoords": place, "arrowprops": LEADER, "annotation_clip": False}
        text = self.ax.annotate("", (end[0], end[1]), (9, 0), **BESIDE, **style)
        self.names.append((visible(name), place, text))

    def __call__(self, renderer: RendererBase) -> None:
        """Put them in place for the figure as it is now."""
        figure = figure_of(self.ax)
        point = figure.dpi / 72
        beside = self.ax.get_subplotspec().get_gridspec().ncols > 1  # type: ignore[union-attr]
        letters = 14 if figure.is_narrow or beside else 26
        heights = []
        for name, _, text in self.names:
            lines = textwrap.wrap(name, letters, break_long_words=False)
            text.set_text("\n".join(lines))
            heights.append(1.3 * SMALL * point * len(lines))
        ends = np.array([place.transform(text.xy) for _, place, text in self.names])
        box, beyond = self.ax.bbox, SMALL * point
        middles = spread(ends[:, 1], heights, box.y0 - beyond, box.y1 + beyond)
        for (_, _, text), (x, y), middle in zip(self.names, ends, middles, strict=True):
            text.xyann = ((box.x1 - x) / point + 9, (middle - y) / point)


def spread(
    wanted: Sequence[float] | np.ndarray,
    heights: Sequence[float],
    low: float,
    high: float,
) -> np.ndarray:
    """Middles of boxes one above the other, as near to the wanted ones as can be, none on another.

    >>> spread([0.0, 1.0, 9.0], [2.0, 2.0, 2.0], low=-5, high=20).round(2).tolist()
    [-0.5, 1.5, 9.0]
    """
    middles, half = np.array(wanted, dtype=float), np.array(heights) / 2
    order = np.argsort(middles, kind="stable")
    for _ in range(500):
        for below, above in pairwise(order):
            gap = middles[above] - middles[below]
            overlap = max(0.0, half[below] + half[above] - gap)
            middles[below] -= overlap / 2
            middles[above] += overlap / 2
        middles = middles.clip(low + half, high - half)
    return middles


WAYS = [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)]


class PointNames:
    """Words beside their points: each on the first side where it hides nothing, farther away where it must."""

    def __init__(self, ax: Axes, points: Sequence[Sequence[float]]) -> None:
        self.ax, self.points = ax, np.asarray(points, dtype=float).reshape(-1, 2)
        self.names: list[Annotation] = []

    def add(self, name: str, point: Sequence[float], **style: Any) -> None:
        style |= {"ha": "center", "annotation_clip": False}
        text = self.ax.annotate(
            visible(name), (point[0], point[1]), (0, 0), **BESIDE, **style
        )
        text.set_in_layout(False)
        self.names.append(text)

    def __call__(self, renderer: RendererBase) -> None:
        """Put them in place for the figure as it is now."""
        point = figure_of(self.ax).dpi / 72
        places = self.ax.transData.transform(self.points)
        taken = [Bbox([place - 3 * point, place + 3 * point]) for place in places]
        for text in self.names:
            word = text.get_text(), text.get_fontproperties(), False
            half = np.array(renderer.get_text_width_height_descent(*word)[:2]) / 2
            middle = self.ax.transData.transform(text.xy)
            moves = [
                np.array(way) * (far * point + half)
                for far, way in product((5, 12, 20, 30), WAYS)
            ]
            boxes = [
                Bbox([middle + move - half, middle + move + half]) for move in moves
            ]
            best = int(np.argmin([self._hidden(box, taken) for box in boxes]))
            text.xyann = tuple(moves[best] / point)
            taken.append(boxes[best])

    def _hidden(self, box: Bbox, taken: Sequence[Bbox]) -> float:
        """Square pixels that ``box`` would cover, or that lie outside."""
        inside = _shared(box, self.ax.bbox)
        return (
            box.width * box.height
            - inside
            + sum(_shared(box, other) for other in taken)
        )


def _shared(one: Bbox, other: Any) -> float:
    both = Bbox.intersection(one, other)
    return both.width * both.height if both else 0.0
