"""Cuts the book's two faces down to what its pages need, and writes them to `_static/fonts`.

Needed only when a letter is missing or a face is exchanged. It takes the two npm packages, and fonttools with brotli:

    npm pack source-serif@4.5.1 @fontsource-variable/fraunces@5.3.0     # unpack both with tar
    pip install fonttools brotli
    python -m tools.fonts source-serif/package fraunces/package
"""

import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

TARGET = Path(__file__).parents[1] / "_static" / "fonts"
# Titles are in plain letters; text has Latin-1, more letters of European names, and signs. Other scripts come from
# the reader's own fonts. tests/test_identity.py says when a page needs more.
TITLES = "".join(map(chr, range(0x20, 0x7F))) + "\xa0–—‘’“”…−×äöüéè"
TEXT = TITLES + "".join(map(chr, range(0xA1, 0x100)))
TEXT += "ąćčęěğıłńňőřśšťůűźżžŁŚŠŽ′←↑→↓∞≈≠≤≥√⅓⅔⅛⅜⅝⅞⁴⁵⁶⁷⁸⁹₀₁₂₃₄"
# A face: its file in the package, the part of its axes that stays, its name here, and what it is written to. The
# licence reserves the name "Source" for the unchanged font, so both are renamed.
SERIF, FRAUNCES = (
    "VAR/SourceSerif4Variable-{}.ttf",
    "files/fraunces-latin-full-normal.woff2",
)
FACES = [
    (0, SERIF.format("Roman"), {"wght": (400, 700), "opsz": 14}, "Book Text", "text"),
    (0, SERIF.format("Italic"), {"wght": 400, "opsz": 14}, "Book Text", "text-italic"),
    (
        1,
        FRAUNCES,
        {"wght": 560, "opsz": 72, "SOFT": 0, "WONK": 0},
        "Book Display",
        "display",
    ),
]


def subset(font: TTFont, letters: str) -> None:
    """Keep ``letters``, kerning, ligatures and figures of one width."""
    options = Options()
    options.layout_features = ["kern", "liga", "tnum"]
    options.hinting = False
    options.notdef_outline = True
    options.name_IDs = [0, 1, 2, 4, 6, 13, 14]  # whose it is, its names and its licence
    cut = Subsetter(options)
    cut.populate(text=letters)
    cut.subset(font)


def rename(font: TTFont, name: str) -> None:
    for record in font["name"].names:
        if record.nameID in (1, 4):
            record.string = name
        elif record.nameID == 6:
            record.string = name.replace(" ", "")


def write_fonts(packages: list[Path]) -> None:
    TARGET.mkdir(exist_ok=True)
    for package, file, axes, name, target in FACES:
        font = instantiateVariableFont(TTFont(packages[package] / file), axes)
        subset(font, TITLES if name == "Book Display" else TEXT)
        rename(font, name)
        font["head"].modified = font["head"].created  # the same bytes in every run
        font.recalcTimestamp = False
        font.flavor = "woff2"
        font.save(TARGET / f"{target}.woff2")


if __name__ == "__main__":
    write_fonts([Path(argument) for argument in sys.argv[1:]])
