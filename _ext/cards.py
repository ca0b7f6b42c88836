"""Cards for links to other pages: a work of the references, a term of the glossary, a formula of another chapter.

A page opened by double click cannot fetch another one, so what its links lead to is put into the page itself, once
and inert. `_static/cards.js` shows it; what stands on the same page it finds by itself.
"""

import re
from functools import cache
from posixpath import dirname, join, normpath
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinxcontrib.bibtex.transforms import BibliographyTransform

LINK = re.compile(r'<a class="reference internal" href="((?!https?:)[^"#]+)#([^"]+)"')


def shown(node: nodes.Element) -> nodes.Element | None:
    """What a card shows of a place: the definition of a term, or a formula; of a section nothing."""
    if isinstance(node, nodes.term):
        return node.next_node(nodes.definition, siblings=True, descend=False)
    return node if isinstance(node, nodes.math_block) else None


def works(app: Sphinx) -> dict[str, dict[str, nodes.Element]]:
    """The works that pages list, by the page and the place in it."""
    domain: Any = app.env.get_domain("cite")
    listed: dict[str, dict[str, nodes.Element]] = {}
    for citation in domain.citations:
        key = citation.bibliography_key
        entry = BibliographyTransform.backend.paragraph(citation.formatted_entry)
        for place in domain.bibliographies[key].citation_nodes[citation.key]["ids"]:
            listed.setdefault(key.docname, {})[place] = entry
    return listed


def terms_and_formulas(app: Sphinx, page: str) -> dict[str, nodes.Element]:
    """The places of a page that a card can show. Links inside are left out: nobody can reach them in a card."""
    if page not in app.env.found_docs:
        return {}
    tree = app.env.get_doctree(page)
    for link in [*tree.findall(addnodes.pending_xref)]:
        link.replace_self(link.children)
    for formula in tree.findall(nodes.math_block):
        formula["number"] = (
            None  # the link says it, and another page's is not known here
        )
    found = [(node["ids"], shown(node)) for node in tree.findall(nodes.Element)]
    return {
        place: node for places, node in found if node is not None for place in places
    }


class Cards:
    """What links lead to, each page looked at once in a build."""

    def __init__(self, app: Sphinx) -> None:
        self.app = app
        self.works = cache(lambda: works(app))
        self.others = cache(lambda page: terms_and_formulas(app, page))
        self.text = cache(self._text)

    def _text(self, page: str, place: str) -> str:
        node = self.works().get(page, {}).get(place) or self.others(page).get(place)
        if node is None:
            return ""
        text = self.app.builder.render_partial(node)["fragment"]  # type: ignore[attr-defined]
        return re.sub(r' id="[^"]*"|<a class="headerlink".*?</a>', "", text)

    def add(
        self,
        app: Sphinx,
        page: str,
        template: str,
        context: dict[str, Any],
        doctree: Any,
    ) -> None:
        """Append a template for each such place of another page that ``page`` links to."""
        links = sorted(set(LINK.findall(context.get("body", "")))) if doctree else []
        for path, place in links:
            target = normpath(join(dirname(page), path.removesuffix(".html")))
            if text := self.text(target, place):
                context["body"] += (
                    f'<template class="book-card" data-for="{path}#{place}">{text}</template>'
                )


def start(app: Sphinx) -> None:
    if app.builder.format == "html":
        app.connect("html-page-context", Cards(app).add)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", start)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
