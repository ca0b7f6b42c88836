"""Offers what is made from the site: its print edition, the package, and the whole site as one file.

`make dist` puts these into a folder and names it in the environment, DOWNLOADS. Any other build has none of them,
and its pages say nothing about them, so no link is ever dead.
"""

from pathlib import Path
from typing import Any

from docutils import nodes
from offers import Offer
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.osutil import relative_uri

OFFER = Offer("DOWNLOADS", "downloads")


class Downloads(SphinxDirective):
    """``{downloads} *.zip``: its content, then links to the files of that kind; nothing where there are none."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        names = [name for name in OFFER.files() if Path(name).match(self.arguments[0])]
        if not names:
            return []
        page = self.env.app.builder.get_target_uri(self.env.docname)
        links: list[nodes.Node] = []
        for name in names:
            uri = relative_uri(page, f"{OFFER.folder}/{name}")
            link = nodes.reference("", name, refuri=uri, internal=True)
            size = nodes.Text(f"\u00a0({OFFER.files()[name] / 1e6:.1f}\u00a0MB)")
            links += [link, size, nodes.Text(" · ")]
        return [*self.parse_content_to_nodes(), nodes.paragraph("", "", *links[:-1])]


def pdf_button(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Where a page has a print edition, the button that would print the page leads to it."""
    name = f"{Path(page).name}.pdf"
    groups = [group.get("buttons", []) for group in context.get("header_buttons", [])]
    for button in (button for group in groups for button in group):
        if button.get("label") == "download-pdf-button" and name in OFFER.files():
            del button["javascript"]
            button["type"] = "link"
            button["url"] = context["pathto"](f"{OFFER.folder}/{name}", 1)
            button["tooltip"] = "Download the print edition"


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("downloads", Downloads)
    app.connect("html-page-context", pdf_button, priority=900)
    OFFER.connect(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
