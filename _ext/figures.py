"""Figures follow the page: light, dark, grey, paper, and the width that there is.

A notebook stores a figure as SVG in the book's colours, that for a phone hidden in it (`lmlib/drawings.py`).
Here both are taken apart and put into the page, where `_static/figures.css` shows the one that fits and gives each
colour its value. Drawings that a page shows with a `figure` directive are treated alike: `NAME.svg`, and beside it
`NAME.narrow.svg` for a phone.
"""

import html
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

logger = logging.getLogger(__name__)

# A colour of lmlib/plots.py, lmlib/figures.py or a drawing of _static, and its name in _static/figures.css.
COLOURS = {
    "#000000": "ink", "#ffffff": "on-cell", "#4d4d4d": "soft", "#8c8c8c": "axis", "#e4e4e4": "grid",
    "#0072b2": "blue", "#00609a": "blue-ink", "#d55e00": "red", "#b04a00": "red-ink",
    "#009e73": "green", "#00704f": "green-ink", "#cc79a7": "pink", "#9c4f7c": "pink-ink",
    "#e69f00": "orange", "#8a6000": "orange-ink", "#56b4e9": "sky", "#1a6e9e": "sky-ink",
    "#f0e442": "yellow", "#6e6e6e": "grey", "#c77c02": "floor", "#8a5300": "floor-ink", "#00558c": "cell",
    "#e3f0f8": "blue-wash", "#fbe9dd": "red-wash", "#f4f4f4": "wash",
}  # fmt: skip
COLOUR = re.compile(r"(?<!\()#[0-9a-f]{6}\b", re.IGNORECASE)
PAINT = ("fill", "stroke")
SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
PIXELS = 96 / 72  # of a point


def variable(colour: re.Match[str]) -> str:
    """A colour without a name would not follow the page: that is a warning."""
    name = COLOURS.get(colour[0].lower())
    if name is None:
        logger.warning(
            f"a figure has the colour {colour[0]}, which is none of the book's"
        )
    return f"var(--fig-{name})"


def is_paper(part: ET.Element) -> bool:
    """A white sheet behind the drawing, where the page has a colour of its own."""
    white = (
        re.search(r"fill: #ffffff", part.get("style", ""))
        or part.get("fill") == "#ffffff"
    )
    return part.tag in ("path", "rect") and bool(white)


def tidy(parent: ET.Element) -> None:
    """Take away what a page has already, or does not need: namespaces, styles, paper, groups of nothing."""
    for part in list(parent):
        part.tag = part.tag.removeprefix(SVG)
        if part.tag in ("style", "metadata") or is_paper(part):
            parent.remove(part)
            continue
        if link := part.attrib.pop(f"{XLINK}href", None):
            part.set("href", "".join(link.split()))
        if "d" in part.attrib:
            part.set("d", " ".join(part.get("d", "").split()))
        tidy(part)
        if part.tag in ("g", "defs") and not len(part):
            parent.remove(part)


def own_names(drawing: ET.Element, prefix: str) -> None:
    """Names are kept where something refers to them, and made different from those of any other figure."""
    text = ET.tostring(drawing, "unicode")
    used = {
        *re.findall(r"url\(#([^)]+)\)", text),
        *re.findall(r'href="#([^"]+)"', text),
    }
    for part in drawing.iter():
        if part.get("id") in used:
            part.set("id", f"{prefix}-{part.get('id')}")
        else:
            part.attrib.pop("id", None)
        for key, value in part.attrib.items():
            if key in ("href", "clip-path", "style", "marker-end"):
                named = re.sub(
                    r"^#(?=.)|(?<=url\(#)", lambda mark: mark[0] + prefix + "-", value
                )
                part.set(key, named)


def in_colours(drawing: ET.Element) -> None:
    for part in drawing.iter():
        paints = [
            f"{key}: {part.attrib.pop(key)}"
            for key in PAINT
            if "#" in part.get(key, "")
        ]
        # The page has letters of its own.
        style = re.sub(r" ?font-family: sans-serif;?", "", part.get("style", ""))
        style = "; ".join(filter(None, [style, *paints]))
        if style:
            part.set("style", COLOUR.sub(variable, style))


def on_page(drawing: ET.Element, kind: str, prefix: str) -> str:
    """A drawing as part of a page; ``kind`` says where it is shown."""
    drawing.tag = "svg"
    width = drawing.get("width", "")
    pixels = float(width.removesuffix("pt")) * (PIXELS if width.endswith("pt") else 1)
    tidy(drawing)
    own_names(drawing, prefix)
    in_colours(drawing)
    for key in list(drawing.attrib):
        if key not in ("viewBox", "style"):
            del drawing.attrib[key]
    drawing.set("class", kind)
    drawing.set("aria-hidden", "true")
    drawing.set(
        "style", f"max-width: {pixels:.0f}px; {drawing.get('style', '')}".strip()
    )
    return re.sub(r">\s+<", "><", ET.tostring(drawing, "unicode"))


def figure(svg: str, phone: str | None, alt: str, prefix: str) -> str:
    """HTML of a figure, whose words for those who do not see it are ``alt``."""
    page = ET.fromstring(svg)
    hidden = page.find(f"{SVG}svg[@class='narrow']")
    if hidden is not None:
        page.remove(hidden)
    elif phone:
        hidden = ET.fromstring(phone)
    shown = [on_page(page, "page" if hidden is not None else "always", f"{prefix}p")]
    if hidden is not None:
        shown.append(on_page(hidden, "phone", f"{prefix}n"))
    label = html.escape(alt, quote=True)
    return (
        f'<div class="lm-figure" role="img" aria-label="{label}">{"".join(shown)}</div>'
    )


def stored(notebook: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, str]]:
    """The outputs that are figures, with their alternative text and a name that no other on the page has."""
    for number, cell in enumerate(notebook["cells"]):
        for i, output in enumerate(cell.get("outputs", [])):
            if "image/svg+xml" in output.get("data", {}):
                alt = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")
                yield output, alt, f"f{number}" + (f"-{i}" if i else "")


def show_figures(app: Sphinx, docname: str, source: list[str]) -> None:
    if app.env.doc2path(docname).endswith(".ipynb"):
        notebook = json.loads(source[0])
        for output, alt, name in stored(notebook):
            svg = "".join(output["data"].pop("image/svg+xml"))
            output["data"].pop("image/png", None)
            output["data"]["text/html"] = figure(svg, None, alt, name)
        source[0] = json.dumps(notebook)


class Drawings(SphinxPostTransform):
    """The SVG files that pages name, put into the page."""

    default_priority = 5  # before any builder copies them
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        for number, node in enumerate(list(self.document.findall(nodes.image))):
            file = Path(self.app.srcdir, node["uri"])
            if file.suffix == ".svg" and file.exists():
                narrow = file.with_suffix(".narrow.svg")
                phone = narrow.read_text("utf-8") if narrow.exists() else None
                shown = figure(
                    file.read_text("utf-8"), phone, node.get("alt", ""), f"d{number}"
                )
                node.replace_self(nodes.raw("", shown, format="html"))


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_post_transform(Drawings)
    app.connect("source-read", show_figures)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
