"""The print edition: a PDF of each page of the built site, made by a browser. `make print` calls this.

`_static/print.css` holds the styles. `print_edition.js` moves what a reader on a screen unfolds to the end of the
chapter, puts pictures in place of widgets, and reports whatever does not fit the paper.
"""

import shutil
import sys
from collections.abc import Iterable
from ctypes import c_char_p
from pathlib import Path

import pypdfium2
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page
from pypdfium2.raw import FPDF_GetNamedDestByName, FPDFDest_GetDestPageIndex

from tools.browser import chromium
from tools.site import SITE, book_title, pages

SCRIPT = Path(__file__).with_suffix(".js").read_text("utf-8")
# A4 less the margins of print.css, in the browser's pixels of 1/96 inch.
WIDTH = round((210 - 2 * 18) / 25.4 * 96)
FILL_IN = """pages => {
  for (const mark of document.querySelectorAll(".print-page"))
    mark.textContent = `, page ${pages[mark.parentElement.hash.slice(1)]}`;
  for (const entry of document.querySelectorAll(".print-contents li"))
    entry.dataset.page = pages[entry.firstChild.hash.slice(1)];
}"""


def references(site: Path) -> list[tuple[str, str]]:
    """Anchor and HTML of each work in the list of references, in its order."""
    listed = BeautifulSoup((site / "references.html").read_text("utf-8"), "html.parser")
    return [(str(work["id"]), str(work.p)) for work in listed.select("div.citation")]


def page_numbers(pdf: bytes, anchors: Iterable[str]) -> dict[str, int]:
    """The page on which each anchor stands, counted from 1. Raises KeyError for one that is not in the PDF."""
    document, numbers = pypdfium2.PdfDocument(pdf), {}
    for name in anchors:
        place = FPDF_GetNamedDestByName(document, c_char_p(name.encode()))
        if not place:
            raise KeyError(name)
        numbers[name] = FPDFDest_GetDestPageIndex(document, place) + 1
    return numbers


def prepare(page: Page, site: Path, name: str) -> list[str]:
    """Open ``name`` and make its print edition of it; returns what is too wide for the paper."""
    source = site / f"{name}.html"
    page.goto(source.as_uri())
    page.evaluate("document.fonts.ready.then(() => true)")
    stored = BeautifulSoup(source.read_text("utf-8"), "html.parser")
    pictures = stored.select("figure.lm-widget > img")
    for picture in pictures:
        del picture["loading"]  # paper shows what no window has scrolled to
    parts = {
        "book": book_title(),
        "pictures": [*map(str, pictures)],
        "references": references(site),
    }
    too_wide = page.evaluate(SCRIPT, parts)
    page.evaluate("Promise.all([...document.images].map((image) => image.decode()))")
    return too_wide


def print_page(browser: Browser, site: Path, name: str) -> bytes:
    """The PDF of one page of the site. Raises ValueError if something would be cut."""
    with browser.new_context(viewport={"width": WIDTH, "height": 900}) as context:
        page = context.new_page()
        page.emulate_media(media="print", color_scheme="light")
        too_wide = prepare(page, site, name)
        if too_wide:
            raise ValueError(f"{name}: too wide for the paper:\n" + "\n".join(too_wide))
        anchors = page.evaluate(
            "[...document.querySelectorAll('article a[href^=\"#\"]')].map(a => a.hash.slice(1))"
        )

        def pdf() -> bytes:
            return page.pdf(
                prefer_css_page_size=True,
                print_background=True,
                tagged=True,
                outline=True,
            )

        page.evaluate(
            FILL_IN, {anchor: 88 for anchor in anchors}
        )  # room for two digits
        page.evaluate(FILL_IN, page_numbers(pdf(), anchors))
        return pdf()


def main(folder: Path) -> None:
    """Print every page of the book into ``folder``."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with chromium() as browser:
        for name in pages():
            target = folder / f"{Path(name).name}.pdf"
            target.write_bytes(print_page(browser, SITE, name))
            print(f"== {target}: {len(pypdfium2.PdfDocument(target))} pages")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
