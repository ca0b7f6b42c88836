"""The picture of the tokeniser lens: tokens in boxes, each above its id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from lmlib.widgets.colours import INK, SOFT

WIDTH, ROWS = 6, 6
Box = tuple[float, float, str, int]
"""Where a token begins, how wide it is, its text and its id."""


def lens_picture(tokens: Sequence[tuple[str, int]], name: str) -> Figure:
    """Tokens side by side, each in a box above its id, in as many rows as it takes; six rows at most."""
    rows = _in_rows(tokens)[:ROWS]
    figure = Figure(figsize=(6.2, 0.6 + 0.62 * len(rows)), layout="constrained")
    axes = figure.subplots()
    odd = 0
    for place, row in enumerate(rows):
        for left, width, text, number in row:
            odd = 1 - odd
            colour = ("#d6eaf6", "#fbf3c4")[odd]
            axes.barh(place, width - 0.04, left=left, height=0.52, color=colour)
            middle = left + width / 2 - 0.02
            style: dict[str, Any] = {"ha": "center", "va": "center", "parse_math": False}  # fmt: skip
            axes.text(middle, place - 0.08, text, fontsize=12, color=INK, family="monospace", **style)  # fmt: skip
            axes.text(middle, place + 0.16, str(number), fontsize=8, color=SOFT, **style)  # fmt: skip
    axes.set(xlim=(0, 6.1), ylim=(len(rows) - 0.6, -0.5))
    axes.set_title(name, fontsize=13, loc="left", parse_math=False)
    axes.axis("off")
    return figure


def _in_rows(tokens: Sequence[tuple[str, int]]) -> list[list[Box]]:
    """As a page breaks lines: a token that does not fit begins the next row."""
    rows: list[list[Box]] = [[]]
    at = 0.0
    for text, number in tokens:
        width = 0.13 * max(len(text), len(str(number)), 1) + 0.22
        if at + width > WIDTH and rows[-1]:
            rows.append([])
            at = 0.0
        rows[-1].append((at, width, text, number))
        at += width
    return rows
