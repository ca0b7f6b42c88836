"""The colours of the book's figures, which the colour-blind can tell apart: Okabe and Ito's (2008).

A page may show each of them differently, in the dark for example: ``_static/figures.css`` has them by name.
"""

from __future__ import annotations

from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgba
from matplotlib.typing import ColorType

BLUE, ORANGE, GREEN, PINK, SKY, RED, YELLOW, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000",
)  # fmt: skip
GREY, AMBER = "#6E6E6E", "#C77C02"
COLOURS = (BLUE, RED, GREEN, PINK, SKY, BLACK)
"""In the order in which they are given out. No orange: amber is the floor's."""
AXIS, GRID, SOFT = "#8C8C8C", "#E4E4E4", "#4D4D4D"

INKS = {
    BLUE: "#00609A", RED: "#B04A00", GREEN: "#00704F", PINK: "#9C4F7C", ORANGE: "#8A6000", SKY: "#1A6E9E",
    AMBER: "#8A5300", GREY: SOFT,
}  # fmt: skip

CELL = "#00558C"
SHADES = LinearSegmentedColormap.from_list(
    "shades", [to_rgba(CELL, 0.0), to_rgba(CELL, 1.0)]
)
"""From the page's own colour to blue."""
SIGNED = LinearSegmentedColormap.from_list(
    "signed", [to_rgba(RED), to_rgba(RED, 0.0), to_rgba(BLUE, 0.0), to_rgba(BLUE)]
)
"""Red for -1 and blue for 1, through the page's own colour: give ``vmin`` and ``vmax``."""


def ink(colour: ColorType) -> str:
    """The darker colour in which letters are written, so that they can be read on white."""
    name = to_hex(colour).upper()
    return INKS.get(name, name)
