"""Gives the search page the text of all pages, by sections, as scripts: a page in a folder may not read another.

One script a page, in a folder of its own: `_static/search_passages.js` asks for those of the pages that were found.
"""

import html
import json
import re
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, fromstring

from docutils import nodes
from formulas import shown
from sphinx.application import Sphinx

FOLDER = "passages"
UNSEEN = re.compile(r"<(script|style|svg)\b.*?</\1>", re.DOTALL)
MATHML = re.compile(r"<math.*?</math>", re.DOTALL)
# What stands before the parts of a formula, and behind each.
BETWEEN = {
    "mfrac": ("", "/", ""),
    "msup": ("", "^", ""),
    "msub": ("", "_", ""),
    "msubsup": ("", "_", "^", ""),
    "munder": ("", "_", ""),
    "munderover": ("", "_", "^", ""),
    "msqrt": ("√", ""),
}
TAG = re.compile(r"<[^>]*>")
UNHEARD = re.compile("[\u2061-\u2064]")  # signs between the letters of a formula


def linear(math: Element) -> str:
    """A formula on one line: 1/2, x_i, e^x."""
    parts = [linear(part) for part in math]
    name = math.tag.rpartition("}")[2]
    if len(BETWEEN.get(name, ())) == len(parts) + 1:
        bare = [p if len(p) < 2 or p.isalnum() else f"({p})" for p in parts]
        return BETWEEN[name][0] + "".join(
            map("".join, zip(bare, BETWEEN[name][1:], strict=True))
        )
    return (math.text or "") + "".join(parts)


def words(node: nodes.Node) -> str:
    """What a reader sees of a node, without the sections and the code in it."""
    if isinstance(node, nodes.Text):
        return node.astext()
    if isinstance(node, nodes.math | nodes.math_block):
        mathml = MATHML.search(shown(node.astext(), False, node))
        return linear(fromstring(mathml[0])) if mathml else node.astext()
    if isinstance(node, nodes.raw):
        seen = UNSEEN.sub("", node.astext()) if node["format"] == "html" else ""
        return html.unescape(TAG.sub(" ", seen))
    # A reply says what its question asks.
    if node.tagname == "replies" or headed(node):  # type: ignore[attr-defined]
        return ""
    if isinstance(node, nodes.Invisible | nodes.title | nodes.literal_block):
        return ""
    return ("" if isinstance(node, nodes.TextElement) else " ").join(
        map(words, node.children)
    )


def code(node: nodes.Node) -> str:
    """The code in a node, and what it prints."""
    if isinstance(node, nodes.literal_block):
        return node.astext()
    return "" if headed(node) else " ".join(map(code, node.children))


def headed(node: nodes.Node) -> bool:
    """Whether this is a section with a heading; the statement of an exercise is one without."""
    return isinstance(node, nodes.section) and isinstance(node[0], nodes.title)


def one_line(text: str) -> str:
    return " ".join(UNHEARD.sub("", text).split())


def collect(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Anchor, heading, text and code of each section of a page."""
    if app.builder.format != "html":
        return
    sections = [
        (
            section["ids"][0],
            one_line("".join(map(words, section[0].children))),
            one_line(" ".join(map(words, section.children))),
            one_line(" ".join(map(code, section.children))),
        )
        for section in filter(headed, doctree.findall(nodes.section))
    ]
    passages = {**getattr(app.env, "passages", {}), page: sections}
    app.env.passages = passages  # type: ignore[attr-defined]


def script_of(page: str) -> str:
    """The file with the passages of a page."""
    return f"{page.replace('/', '.')}.js"


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the scripts of the pages that were read now, and remove those of pages that are no more."""
    if error is not None or app.builder.format != "html":
        return
    folder = Path(app.outdir, FOLDER)
    folder.mkdir(exist_ok=True)
    for page, sections in getattr(app.env, "passages", {}).items():
        text = f"PASSAGES[{json.dumps(page)}] = {json.dumps(sections, ensure_ascii=False)};\n"
        (folder / script_of(page)).write_text(text, "utf-8")
    kept = {script_of(page) for page in app.env.found_docs}
    for file in folder.iterdir():
        if file.name not in kept:
            file.unlink()


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("doctree-resolved", collect)
    app.connect("build-finished", write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": False}
