"""Figures with a palette: a third of the weight for lines, letters and areas of a few colours.

A notebook stores a figure with four bytes for each of its points, of which a drawing needs one. There it stays so.
"""

from pathlib import Path
from typing import Any

from PIL import Image
from sphinx.application import Sphinx

COLOURS = 256


def with_palette(file: Path) -> None:
    """Store a picture with a few colours that stand for all of its own, unless it is see-through."""
    with Image.open(file) as picture:
        if picture.mode == "P" or picture.convert("RGBA").getextrema()[3][0] < 255:
            return
        small = picture.convert("RGB").quantize(
            COLOURS, kmeans=1, dither=Image.Dither.NONE
        )
    small.save(file, optimize=True)


def finish(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        for file in Path(app.outdir, "_images").glob("*.png"):
            with_palette(file)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("build-finished", finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
