"""Curves with their names at their ends, the floor, and other values to compare with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from lmlib.colours import AMBER, COLOURS, GREY, INKS, ink
from lmlib.figures import axes, figure_of
from lmlib.labels import WORDS, EndNames
from lmlib.notebook import visible

MARKS = "os^Dv*P"
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (5, 1.5, 1, 1.5)), (0, (1, 1)))
Series = Mapping[str, Sequence[float] | tuple[Sequence[float], Sequence[float]]]


def _end_names(ax: Axes) -> EndNames:
    """Those of this Axes; a new object at the first."""
    settle = figure_of(ax).settle
    for names in settle:
        if isinstance(names, EndNames) and names.ax is ax:
            return names
    settle.append(new := EndNames(ax))
    return new


def name(ax: Axes, *names: str) -> None:
    """Write beside the ends of the last lines of ``ax`` what they are called."""
    for line, words in zip(ax.lines[-len(names) :], names, strict=True):
        end = np.asarray(line.get_xydata())[-1]
        _end_names(ax).add(words, end, ax.transData, color=ink(line.get_color()))


def floor(ax: Axes, value: float, name: str, upright: bool = False) -> None:
    """The floor, below which no model gets: a thick amber line with its name, ``upright`` where the bars lie.

    The name may be empty where a panel beside it has it.
    """
    letters: dict[str, Any] = {"color": INKS[AMBER], "weight": "bold"}
    style: dict[str, Any] = {"color": AMBER, "linewidth": 3, "zorder": 1.5}
    _line(ax, value, name, upright, style, letters)


def level(ax: Axes, value: float, name: str, upright: bool = False) -> None:
    """A dotted grey line at a value to compare with, and its name; ``upright`` at a value of x."""
    dotted = {"color": GREY, "linewidth": 1, "linestyle": (0, (1, 2)), "zorder": 1.4}
    _line(ax, value, name, upright, dotted, {"color": INKS[GREY]})


def _line(
    ax: Axes,
    value: float,
    name: str,
    upright: bool,
    style: dict[str, Any],
    letters: dict[str, Any],
) -> None:
    draw = ax.axvline if upright else ax.axhline
    draw(value, **style)
    if name and upright:
        where: dict[str, Any] = {"transform": ax.get_xaxis_transform()}
        where |= {"ha": "center", "va": "bottom"}
        ax.text(value, 1.02, visible(name), **where, **letters, **WORDS)
    elif name:
        _end_names(ax).add(name, (1, value), ax.get_yaxis_transform(), **letters)


def lines(ax: Axes, series: Series, marks: bool = False, first: int = 0) -> None:
    """One line a name, told apart by colour and dashes, from the colour ``first`` on; ``marks`` mark every value.

    A series is values, or a pair (x, values). A line alone has no name: the axis says what it is.
    """
    for i, values in enumerate(series.values(), start=first):
        x, y = values if isinstance(values, tuple) else (range(len(values)), values)
        look: dict[str, Any] = {"linestyle": DASHES[i % len(DASHES)], "linewidth": 1.6}
        if marks:
            look |= {"marker": MARKS[i % len(MARKS)], "markersize": 4}
        ax.plot(x, y, color=COLOURS[i % len(COLOURS)], **look)
    if len(series) > 1:
        name(ax, *series)


def curves(series: Series, marks: bool = False, **labels: Any) -> Axes:
    """A figure of :func:`lines`."""
    ax = axes(**labels)
    lines(ax, series, marks)
    return ax
