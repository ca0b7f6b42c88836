"""A link by each heading that opens an issue on the book's repository, with page, heading and place filled in."""

import html
import re
from typing import Any
from urllib.parse import urlencode

from sphinx.application import Sphinx

HEADING = re.compile(
    r'<h(?P<level>[1-3])>(?P<words>.*?)(?P<mark><a class="headerlink" href="#(?P<anchor>[^"]+)".*?</a>)</h(?P=level)>',
    re.DOTALL,
)
BODY = """{source}, under "{heading}" (#{anchor}), as of {release}

What is wrong:


What it should say, and how one can know:

"""


def words(markup: str) -> str:
    """What a heading says, without its tags."""
    return html.unescape(re.sub(r"<[^>]+>", "", markup)).strip()


def issue(repository: str, release: str, source: str, heading: str, anchor: str) -> str:
    """The address that opens an issue about one place."""
    title = f"Error in {source}: {heading}"
    body = BODY.format(source=source, heading=heading, anchor=anchor, release=release)
    return f"{repository}/issues/new?{urlencode({'title': title, 'body': body})}"


def add_reports(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Put the link behind each heading of a page that somebody wrote."""
    if doctree is None:
        return
    options = app.config.html_theme_options
    source = app.env.doc2path(page, base=False)

    def with_report(found: re.Match[str]) -> str:
        heading = words(found["words"])
        address = issue(
            options["repository_url"],
            options["repository_branch"],
            source,
            heading,
            found["anchor"],
        )
        link = (
            f'<a class="report" href="{html.escape(address)}" target="_blank" rel="noopener" '
            f'aria-label="Report an error here: {html.escape(heading)}">Report an error here</a>'
        )
        return (
            found[0].removesuffix(f"</h{found['level']}>")
            + f"{link}</h{found['level']}>"
        )

    context["body"] = HEADING.sub(with_report, context["body"])


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", add_reports)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
