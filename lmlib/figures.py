"""An empty figure in the book's style, and names in it that are text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.lines import Line2D
from matplotlib.text import Text

from lmlib.notebook import visible


def require(fits: bool, problem: str) -> None:
    if not fits:
        raise ValueError(problem)


def _style(ax: Axes) -> None:
    ax.spines[["top", "right"]].set_visible(False)
    for part in (*ax.get_children(), ax.xaxis.label, ax.yaxis.label):
        if isinstance(part, Text):
            part.set_parse_math(False)


def panels(
    n: int,
    titles: Sequence[str] = (),
    width: float = 6.4,
    height: float = 3.2,
    stacked: bool = False,
    shared: bool = False,
    **labels: Any,
) -> list[Axes]:
    """``n`` empty figures side by side, or ``stacked``, in the book's style; inches of all together.

    ``shared`` gives them one y axis, or one x axis if stacked; ``labels`` go to ``Axes.set`` of each.
    Raises ValueError for fewer than one, and for titles that are not one a panel.
    """
    require(n >= 1, f"n: {n} is no number of panels; use 1 or more")
    require(len(titles) in (0, n), f"titles: {len(titles)} for {n} panels; give {n}")
    rows, columns, axis = (n, 1, "sharex") if stacked else (1, n, "sharey")
    size: dict[str, Any] = {"figsize": (width, height), "dpi": 144, axis: shared}
    _, grid = plt.subplots(rows, columns, **size, layout="constrained", squeeze=False)
    for i, ax in enumerate(grid.flat):
        ax.set_title(titles[i] if titles else "", loc="left", fontsize=10)
        ax.set(**labels)
        _style(ax)
    return list(grid.flat)


def axes(width: float = 5.2, height: float = 3.0, **labels: Any) -> Axes:
    """An empty figure of the book's size and style, in inches; ``labels`` go to ``Axes.set``, as ``xlabel="step"``."""
    return panels(1, width=width, height=height, **labels)[0]


def name_ticks(axis: Axis, words: Sequence[str], **style: Any) -> None:
    """A tick for each word."""
    shown = [visible(word) for word in words]
    axis.set_ticks(range(len(words)), shown, parse_math=False, **style)


def legend(
    ax: Axes, lines: Sequence[Line2D], names: Sequence[str], **style: Any
) -> None:
    # By itself a legend takes "$" for a formula, and leaves out names that begin with "_".
    drawn = ax.legend(lines, ["name"] * len(lines), frameon=False, **style)
    for text, name in zip(drawn.get_texts(), names, strict=True):
        text.set(text=visible(name), parse_math=False)
