"""The picture of the story box: what the model says, and the truth."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from lmlib.widgets.colours import BLUE, INK


def story_picture(
    rows: Sequence[tuple[str, float, float | None]], text: str, model: str, true: str
) -> Figure:
    """Bars of a model's probabilities, and an upright mark at each true one, where there is one."""
    figure = Figure(figsize=(6, 0.9 + 0.34 * len(rows)), layout="constrained")
    axes = figure.subplots()
    places = range(len(rows))
    axes.barh(places, [p for _, p, _ in rows], color=BLUE, height=0.6)
    for place, (_, p, q) in enumerate(rows):
        said = f"{p:.3f}" if q is None else f"{p:.3f}   ({q:.3f})"
        axes.text(max(p, q or 0) + 0.02, place, said, va="center", fontsize=12, color=INK)  # fmt: skip
        if q is not None:
            axes.plot([q, q], [place - 0.42, place + 0.42], color=INK, linewidth=3)
    axes.set(xlim=(0, 1.3), xticks=[0, 0.5, 1], ylim=(len(rows) - 0.5, -0.5))
    axes.set_yticks(places, [word for word, _, _ in rows], fontsize=12, parse_math=False)  # fmt: skip
    axes.set_title(f"… {text[-60:]} …", fontsize=12, loc="left", parse_math=False)
    axes.set_xlabel(f"{model}   ({true})", fontsize=12, parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
