"""A list of references whose roles a screen reader can follow: docutils nests roles that do not go together."""

from typing import Any

from sphinx.application import Sphinx


def plain_list(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    if "body" in context:
        context["body"] = context["body"].replace(
            '<div role="list" class="citation-list">', '<div class="citation-list">'
        )


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", plain_list)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
