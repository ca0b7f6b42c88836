"""The picture of the chat box: what was said, and what the last answer could have been."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill

from matplotlib.figure import Figure

from lmlib.widgets.colours import BLUE, INK, SOFT

LINES = 4


def chat_picture(
    story: str,
    said: Sequence[tuple[str, str]],
    rows: Sequence[tuple[str, float]],
    labels: Mapping[str, str],
) -> Figure:
    """The story, the last questions with their answers, and below them bars of probabilities."""
    text = fill(story, 76, max_lines=9)
    spoken = [
        line
        for question, answer in said[-LINES:]
        for line in (f"{labels['user']}: {question}", f"{labels['assistant']}: {answer}")
    ]  # fmt: skip
    above = text.count("\n") + 2 + len(spoken)
    heights = [0.2 * above, 0.2 + 0.32 * max(1, len(rows))]
    figure = Figure(figsize=(6.8, sum(heights) + 0.5), layout="constrained")
    talk, bars = figure.subplots(2, height_ratios=heights)
    talk.axis("off")
    talk.text(0, 1, text, va="top", fontsize=10.5, color=SOFT, parse_math=False)
    talk.text(0, 0, "\n".join(spoken), va="bottom", fontsize=12, color=INK, parse_math=False)  # fmt: skip
    if not rows:
        bars.axis("off")
        return figure
    places = range(len(rows))
    bars.barh(places, [p for _, p in rows], color=BLUE, height=0.6)
    for place, (_, p) in enumerate(rows):
        share = "<0.001" if p < 0.001 else f"{p:.3f}"
        bars.text(p + 0.02, place, share, va="center", fontsize=12, color=INK)
    bars.set(xlim=(0, 1.2), xticks=[0, 0.5, 1], ylim=(len(rows) - 0.5, -0.5))
    bars.set_yticks(places, [word for word, _ in rows], fontsize=12, parse_math=False)
    bars.spines[["top", "right"]].set_visible(False)
    return figure
