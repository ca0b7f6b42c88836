"""A figure as SVG whose letters are text, drawn for a page and for a phone; and as PNG, for who shows no SVG.

Front ends show the drawing for a page. Inside of it, hidden, stands the one for a phone, for a site to take.
"""

from __future__ import annotations

import base64
import io
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from PIL import Image

PAGE, PHONE = 6.8, 3.55  # inches of a column of text
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "lmlib",
}  # the same bytes every time
NOBODY = dict.fromkeys(("Creator", "Date", "Format", "Type"))
# Before the drawing, and what says nothing that a reader could see.
AROUND = re.compile(r"^.*?(?=<svg)| <metadata>.*?</metadata>\n", re.DOTALL)
PLACES = re.compile(r' (?:d|x|y|transform)="[^"]*"')
LONG = re.compile(r"-?\d+\.\d{3,}")
LINES = re.compile(r"\s*\n\s*")
FONT = re.compile(r"font-family: [^;\"]*")


class BookFigure(Figure):
    """A figure that is shown as SVG, and whose labels are put in place for the width it is drawn at.

    Functions in ``settle`` move them; where ``restack`` is true, panels beside each other
    stand below each other on a phone.
    """

    def __init__(self, *args: Any, restack: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.restack = restack
        self.settle: list[Callable[[RendererBase], None]] = []

    @property
    def is_narrow(self) -> bool:
        """Whether it is drawn for a phone."""
        return self.get_figwidth() <= PHONE

    def draw(self, renderer: RendererBase) -> None:
        # Labels need the places of the axes, and the axes leave room for the labels.
        for _ in range(2):
            if engine := self.get_layout_engine():
                engine.execute(self)
            for move in self.settle:
                move(renderer)
        super().draw(renderer)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        page, pixels = drawing(self), {"image/png": png(self, self.dpi)}
        if self.is_narrow:
            return {"image/svg+xml": page} | pixels
        with _on_a_phone(self):
            phone = drawing(self).replace(
                "<svg", '<svg class="narrow" display="none"', 1
            )
        end = "</svg>"
        return {"image/svg+xml": page.removesuffix(end) + phone + end} | pixels


# In a notebook matplotlib has a PNG of every figure made, with four bytes a point, and IPython takes that
# before a bundle's own. Of this class it gets none. (Where IPython is not loaded, nobody shows anything.)
if (ipython := sys.modules.get("IPython")) and (shell := ipython.get_ipython()):
    png_of = shell.display_formatter.formatters["image/png"]
    png_of.for_type(BookFigure, lambda _: None)


@contextmanager
def _on_a_phone(figure: BookFigure) -> Iterator[None]:
    width, height = figure.get_size_inches()
    figure.set_figwidth(PHONE)
    if figure.restack:
        figure.set_figheight(len(figure.axes) * max(2.2, 0.85 * height))
        with _restacked(figure, figure.axes):
            yield
    else:
        yield
    figure.set_size_inches(width, height)


@contextmanager
def _restacked(figure: BookFigure, panels: list[Axes]) -> Iterator[None]:
    before: list[Any] = [(ax, ax.get_subplotspec(), ax.get_ylabel()) for ax in panels]
    ticks = [ax.yaxis.get_tick_params().get("labelleft", True) for ax in panels]
    column = GridSpec(len(panels), 1, figure=figure)
    for i, ax in enumerate(panels):
        ax.set_subplotspec(column[i])
        ax.tick_params(labelleft=True)
        ax.set_ylabel(ax.get_ylabel() or panels[0].get_ylabel())
    yield
    for (ax, place, name), labelled in zip(before, ticks, strict=True):
        ax.set_subplotspec(place)
        ax.tick_params(labelleft=labelled)
        ax.set_ylabel(name)


def _short(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _family(font: re.Match[str]) -> str:
    return f"font-family: {'monospace' if 'Mono' in font[0] else 'sans-serif'}"


def png(figure: Figure, dpi: float) -> str:
    """The figure as PNG, in base64, its points in 256 colours: a third of the weight of four bytes for each."""
    file, small = io.BytesIO(), io.BytesIO()
    # Without the version of matplotlib the same figure gives the same bytes.
    figure.savefig(file, format="png", dpi=dpi, metadata={"Software": None})
    with Image.open(file) as picture:
        few = picture.convert("RGB").quantize(256, kmeans=1, dither=Image.Dither.NONE)
    few.save(small, format="PNG", optimize=True)
    return base64.b64encode(small.getvalue()).decode("ascii")


def drawing(figure: Figure) -> str:
    """SVG of the figure at its present size; a hundredth of a point is as exact as a place gets."""
    file = io.StringIO()
    with plt.rc_context(STYLE):
        figure.savefig(file, format="svg", metadata=NOBODY)
    svg = AROUND.sub("", file.getvalue(), count=2)
    svg = PLACES.sub(lambda place: LONG.sub(_short, place[0]), svg)
    # One line, as a picture of another kind is one in a notebook.
    flat = LINES.sub(" ", FONT.sub(_family, svg)).strip()
    return flat.replace("> <", "><").replace("base64, ", "base64,")
