"""What IDENTITY.md asks of the build: boxes on claims, and what comes next said in a sentence.

The sentence of a chapter is its question in the introduction's table, so that nobody writes it twice; that of any
other page is its own first sentence.
"""

import itertools
import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform


def questions(app: Sphinx) -> dict[str, str]:
    """The question of each chapter, from the rows of the introduction that link to one."""
    table = {}
    for row in app.env.get_doctree(app.config.root_doc).findall(nodes.row):
        cells = [entry.astext() for entry in row.findall(nodes.entry)]
        links = [
            x["reftarget"]
            for x in row.findall()
            if isinstance(x, nodes.Element) and x.get("reftarget")
        ]
        if links and len(cells) > 1:
            table[re.sub(r"\.(ipynb|md)$", "", links[0])] = cells[1]
    return table


def first_sentence(app: Sphinx, page: str) -> str:
    """The first sentence of a page."""
    paragraphs = app.env.get_doctree(page).findall(nodes.paragraph)
    text = next((p.astext() for p in paragraphs), "")
    found = re.match(r".+?[.?!](?=\s|$)", text, re.DOTALL)
    return " ".join(found[0].split()) if found else ""


def sentence(app: Sphinx, page: str) -> str:
    return questions(app).get(page) or first_sentence(app, page)


def add_sentences(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Give the links at the end of a page their sentences."""
    pages = list(app.env.toctree_includes.get(app.config.root_doc, []))
    order = [app.config.root_doc, *pages]
    here = order.index(page) if page in order else None
    for side, step in (("prev", -1), ("next", 1)):
        if here is not None and context.get(side) and 0 <= here + step < len(order):
            context[side] = {
                **context[side],
                "sentence": sentence(app, order[here + step]),
            }


class Claims(SphinxTransform):
    """A quotation that begins in bold is what is often written, and why it is not so: it gets a class."""

    default_priority = 500

    def apply(self, **kwargs: Any) -> None:
        for quotation in self.document.findall(nodes.block_quote):
            said = (node for node in quotation.findall() if node.astext())
            kinds = [type(node) for node in itertools.islice(said, 3)]
            if kinds == [nodes.block_quote, nodes.paragraph, nodes.strong]:
                quotation["classes"].append("claim")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_transform(Claims)
    app.connect("html-page-context", add_sentences)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
