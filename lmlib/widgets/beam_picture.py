"""The picture of the beam search's tree: what was kept, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from lmlib.widgets.colours import BLUE, ORANGE, SOFT


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
