"""An empty figure in the book's style, and names in it that are text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.text import Text
from matplotlib.ticker import LogFormatter, LogFormatterSciNotation

from lmlib.colours import AXIS, GRID, SOFT
from lmlib.drawings import PAGE, BookFigure
from lmlib.notebook import visible

SMALL = 9  # points of the letters, 12 pixels of a screen
RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def require(fits: bool, problem: str) -> None:
    if not fits:
        raise ValueError(problem)


class _Powers(LogFormatterSciNotation):
    """10⁻³ as plain letters, which a browser sets in its own font."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        text = super().__call__(x, pos).replace(r"\times", "×")
        text = re.sub(r"\^\{(-?\d+)\}", lambda power: power[1].translate(RAISED), text)
        return re.sub(r"\$|\\mathdefault|[{}]", "", text)


def _write_powers(figure: BookFigure) -> None:
    """On axes that have become logarithmic."""
    for axis in (axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)):
        if isinstance(axis.get_major_formatter(), LogFormatter):
            axis.set_major_formatter(_Powers())
            axis.set_minor_formatter(_Powers(minor_thresholds=(0.5, 0.2)))


def _style(ax: Axes) -> None:
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(AXIS)
    ax.tick_params(which="both", labelsize=SMALL, color=AXIS, labelcolor=SOFT)
    ax.grid(axis="y", color=GRID, linewidth=0.6)
    ax.set_axisbelow(True)
    for part in (*ax.get_children(), ax.xaxis.label, ax.yaxis.label):
        if isinstance(part, Text):
            part.set(parse_math=False, fontsize=SMALL)


def panels(
    n: int,
    titles: Sequence[str] = (),
    width: float = PAGE,
    height: float = 3.2,
    stacked: bool = False,
    shared: bool = False,
    beside: bool = False,
    **labels: Any,
) -> list[Axes]:
    """``n`` empty figures side by side, or ``stacked``, in the book's style; inches of all together.

    ``shared`` gives them one y axis, or one x axis if stacked; ``labels`` go to ``Axes.set`` of each.
    On a phone they are stacked, unless they are to stay ``beside`` each other.
    Raises ValueError for fewer than one, and for titles that are not one a panel.
    """
    require(n >= 1, f"n: {n} is no number of panels; use 1 or more")
    require(len(titles) in (0, n), f"titles: {len(titles)} for {n} panels; give {n}")
    rows, columns, axis = (n, 1, "sharex") if stacked else (1, n, "sharey")
    size: dict[str, Any] = {"figsize": (width, height), "dpi": 192, axis: shared}
    size |= {"FigureClass": BookFigure, "restack": columns > 1 and not beside}
    figure: Any
    figure, grid = plt.subplots(
        rows, columns, **size, layout="constrained", squeeze=False
    )
    for i, ax in enumerate(grid.flat):
        ax.set_title(titles[i] if titles else "", loc="left")
        ax.set(**labels)
        _style(ax)
    figure.settle.append(lambda _: _write_powers(figure))
    return list(grid.flat)


def axes(width: float = PAGE, height: float = 3.0, **labels: Any) -> Axes:
    """An empty figure of the book's size and style, in inches; ``labels`` go to ``Axes.set``, as ``xlabel="step"``."""
    return panels(1, width=width, height=height, **labels)[0]


def figure_of(ax: Axes) -> BookFigure:
    """The figure that :func:`panels` made."""
    figure = ax.get_figure()
    assert isinstance(figure, BookFigure)
    return figure


def name_ticks(axis: Axis, words: Sequence[str], **style: Any) -> None:
    """A tick for each word."""
    shown = [visible(word) for word in words]
    axis.set_ticks(range(len(words)), shown, parse_math=False, **style)
