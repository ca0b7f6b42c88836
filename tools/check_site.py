"""The last check before the site is published: all its pages are there, and each says what its source says.

What to expect is read from the sources: `_toc.yml` names the pages, and each source its title and first sentence.
A page that has no sentence of its own, as the list of references, must name the first work that the book cites.
"""

import re
import sys
from itertools import pairwise
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt
from markdown_it.token import Token
from pybtex.database import parse_file

from tools.site import ROOT, SITE, pages, source

SENTENCE = re.compile(r"(.+?[.?!])(?:\s|$)", re.DOTALL)
# What every build adds to the pages of the book.
MADE = {"index", "genindex", "search"}


def source_text(root: Path, name: str) -> str:
    """The Markdown of a page's source."""
    path = source(name, root)
    if path.suffix == ".md":
        return path.read_text("utf-8")
    notebook = nbformat.read(path, as_version=4)
    return "\n\n".join(
        cell.source for cell in notebook.cells if cell.cell_type == "markdown"
    )


def blocks(markdown: str, kind: str) -> list[Token]:
    """The inline content of all blocks of one kind, headings or paragraphs."""
    tokens = MarkdownIt().parse(markdown)
    return [inside for start, inside in pairwise(tokens) if start.type == kind]


def plain(inline: Token) -> str:
    """The words of a block as a reader sees them, spaces made one."""
    words = (
        part.content or " "
        for part in inline.children or []
        if part.type != "html_inline"
    )
    return " ".join("".join(words).split())


def cited_title(root: Path) -> str:
    """The title of the first work that the book cites."""
    texts = (source_text(root, name) for name in pages(root))
    key = next(
        match[1]
        for text in texts
        if (match := re.search(r"\{cite:\w\}`([\w-]+)", text))
    )
    title = parse_file(str(root / "references.bib")).entries[key].fields["title"]
    return re.sub(r"[{}\\]", "", title)


def expected(root: Path, name: str) -> list[str]:
    """The title of a page, and its first sentence without a formula or a role."""
    text = source_text(root, name)
    title = plain(blocks(text, "heading_open")[0])
    paragraphs = map(plain, blocks(text, "paragraph_open"))
    sentences = (match[1] for words in paragraphs for match in SENTENCE.finditer(words))
    own = next((s for s in sentences if not re.search(r"[${}`:]|\\", s)), None)
    return [title, own or cited_title(root)]


def shown(page: Path) -> str:
    """What a built page says."""
    article = BeautifulSoup(page.read_text("utf-8"), "html.parser").find("article")
    return article.get_text() if article else ""


def letters(text: str) -> str:
    """Letters and digits alone: the builder sets its own spaces, quotation marks and dashes."""
    return re.sub(r"[\W_]+", " ", text).strip()


def problems(root: Path, site: Path) -> list[str]:
    """What is wrong with the built site, a sentence each."""
    found = []
    for name in pages(root):
        page = site / f"{name}.html"
        if not page.is_file():
            found.append(f"{name}.html is missing")
            continue
        words = letters(shown(page))
        found += [
            f"{name}.html does not say {text!r}"
            for text in expected(root, name)
            if letters(text) not in words
        ]
    built = {
        str(page.relative_to(site).with_suffix("")) for page in site.rglob("*.html")
    }
    extra = {
        name
        for name in built - {*pages(root)} - MADE
        if not name.startswith("_static/")
    }
    found += [f"{name}.html is no page of the book" for name in sorted(extra)]
    return found


if __name__ == "__main__":
    wrong = problems(ROOT, SITE)
    print(*(f"== {sentence}" for sentence in wrong), sep="\n", file=sys.stderr)
    print(f"== {len(pages(ROOT))} pages looked at in {SITE}, {len(wrong)} problems")
    sys.exit(bool(wrong))
