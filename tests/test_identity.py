"""What IDENTITY.md says is what `book.css` does and what a browser shows. Build the site first: `make book`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from statistics import mean
from urllib.parse import parse_qs, urlparse

import pytest
import yaml
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page
from sphinx.application import Sphinx
from support.site_pages import soup
from test_chapters import ASIDES

from tools.fonts import TEXT, TITLES
from tools.site import ROOT, SITE

CSS = (ROOT / "_static" / "book.css").read_text("utf-8")
IDENTITY = (ROOT / "IDENTITY.md").read_text("utf-8")
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))["sphinx"]["config"]
CHAPTERS = sorted(path.stem for path in (ROOT / "chapters").glob("*.ipynb"))
PAGES = [
    "intro",
    "errata",
    "references",
    "teachers",
    "routes",
    "courses",
    *(f"chapters/{name}" for name in CHAPTERS),
]
FONTS_KB = 60

pytestmark = pytest.mark.usefixtures("built")


@contextmanager
def opened(
    browser: Browser, page: str, width: int = 1280, scheme: str = "light"
) -> Iterator[Page]:
    """A page opened by double click, with its faces there."""
    size = {"width": width, "height": 900}
    context = browser.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    try:
        shown = context.new_page()
        shown.goto((SITE / f"{page}.html").as_uri())
        shown.wait_for_function("document.fonts.status === 'loaded'")
        yield shown
    finally:
        context.close()


def block(opening: str) -> dict[str, str]:
    """The book's variables in the rule that begins with ``opening``."""
    body = CSS.split(opening, 1)[1].split("}", 1)[0]
    return dict(re.findall(r"(--book-[\w-]+): ([^;]+);", body))


def table(heading: str) -> list[list[str]]:
    """Rows of the table below a heading of IDENTITY.md."""
    part = IDENTITY.split(f"## {heading}\n", 1)[1].split("\n## ")[0]
    return [
        [c.strip() for c in row.split("|")[1:-1]]
        for row in part.splitlines()
        if row.startswith("| `")
    ]


def test_sizes_and_faces_are_those_of_the_style() -> None:
    style = block(":root {")
    phone = block("@media (max-width: 576px) {\n  :root {")
    written = {row[0].strip("`"): row[1:] for row in table("Sizes")}
    faces = {row[0].strip("`") for row in table("Faces")}
    assert {*written, *faces} == {*style}
    assert {name: row[0] for name, row in written.items()} == {
        n: style[n] for n in written
    }
    assert {name: row[1] for name, row in written.items() if row[1]} == phone


def test_colours_are_those_of_the_style() -> None:
    written = {row[0].strip("`"): row[1:3] for row in table("Colours")}
    light, dark = (
        block(f'html[data-theme="{scheme}"] {{') for scheme in ("light", "dark")
    )
    assert {*light} == {*dark} == {*written}
    assert {name: [light[name], dark[name]] for name in light} == written


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
    ]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    dim, bright = sorted(map(luminance, (one, other)))
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_have_contrast(scheme: str) -> None:
    colours = block(f'html[data-theme="{scheme}"] {{')
    for ground in ("paper", "shade", "predict-wash"):
        for name in (
            "ink",
            "muted",
            "predict",
            "floor-ink",
            "string",
            "right",
            "wrong",
        ):
            found = contrast(colours[f"--book-{name}"], colours[f"--book-{ground}"])
            assert found >= 4.5, f"{name} on {ground}: {found:.2f}"
    for name in ("floor", "control"):
        assert contrast(colours[f"--book-{name}"], colours["--book-paper"]) >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_floor_is_amber_and_nothing_else_is(scheme: str) -> None:
    def hue(colour: str) -> float:
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        high, low = max(red, green, blue), min(red, green, blue)
        if high - low < 60:
            return -1  # as good as grey
        sixth = {red: (green - blue), green: (blue - red), blue: (red - green)}[
            high
        ] / (high - low)
        return 60 * (sixth + {red: 0, green: 2, blue: 4}[high]) % 360

    hues = {
        name: hue(colour)
        for name, colour in block(f'html[data-theme="{scheme}"] {{').items()
    }
    amber = {name for name, found in hues.items() if 25 <= found <= 50}
    assert amber == {"--book-floor", "--book-floor-ink"}


def test_the_faces_weigh_little() -> None:
    fonts = sorted((ROOT / "_static" / "fonts").glob("*.woff2"))
    assert len(fonts) == 3
    assert sum(font.stat().st_size for font in fonts) / 1000 < FONTS_KB


@pytest.mark.parametrize("page", PAGES)
def test_the_faces_hold_the_letters_of_the_page(page: str) -> None:
    article = copy(soup(f"{page}.html").select_one("article"))
    assert article
    for other in article.select("code, pre, .math, script, svg, .lm-widget"):
        other.decompose()
    titles = {c for heading in article.select("h1, h2") for c in heading.text}
    latin = {c for c in article.text if unicodedata.name(c, "").startswith("LATIN ")}
    assert titles - {*TITLES, "\n", "\u2002"} == set()
    assert latin - {*TEXT} == set()


@pytest.mark.parametrize("page", ["intro", "chapters/softmax"])
def test_text_is_set_in_the_book_s_faces(page: str, browser: Browser) -> None:
    with opened(browser, page) as shown:
        loaded = shown.evaluate(
            "[...document.fonts].filter(f => f.status === 'loaded').map(f => f.family)"
        )
        assert {"Book Text", "Book Display"} <= {name.strip('"') for name in loaded}


CHARACTERS = """() => [...document.querySelectorAll("article section > p")]
  .filter((p) => !p.querySelector("code, .math, img"))
  .flatMap((p) => {
    const lines = [];
    const walker = document.createTreeWalker(p, NodeFilter.SHOW_TEXT);
    let node, bottom = -Infinity;
    while ((node = walker.nextNode())) for (let i = 0; i < node.length; i++) {
      const range = document.createRange();
      range.setStart(node, i);
      range.setEnd(node, i + 1);
      const box = range.getClientRects()[0];
      if (!box) continue;
      if (box.top > bottom - 4) lines.push(0);
      lines[lines.length - 1]++;
      bottom = box.bottom;
    }
    return lines.slice(0, -1);
  })"""


@pytest.mark.parametrize("width", [700, 1000, 1280, 1920])
def test_a_line_has_66_to_72_characters(width: int, browser: Browser) -> None:
    for page in ("intro", "teachers", "chapters/softmax", "chapters/pretraining"):
        with opened(browser, page, width) as shown:
            lines = shown.evaluate(CHARACTERS)
            assert len(lines) > 20
            assert 66 <= mean(lines) <= 72, f"{page}: {mean(lines):.1f}"
            assert max(lines) <= 80, f"{page}: a line of {max(lines)}"


@pytest.mark.parametrize("width", [390, 1280])
def test_headings_have_clear_steps(width: int, browser: Browser) -> None:
    with opened(browser, "chapters/softmax", width) as shown:
        sizes = [
            shown.evaluate(
                "s => parseFloat(getComputedStyle(document.querySelector(`article ${s}`)).fontSize)",
                name,
            )
            for name in ("h1", "h2", "h3", "section > p")
        ]
    assert 17 <= sizes[3] <= 18
    assert sizes[0] / sizes[1] >= 1.35
    assert sizes[1] / sizes[2] >= 1.2
    assert sizes[2] > sizes[3]


def test_chapters_formulas_and_exercises_are_numbered_by_chapter() -> None:
    order = [
        chapter["file"]
        for part in yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))["parts"]
        for chapter in part["chapters"]
        if part.get("numbered")
    ]
    whole = {f"chapters/{name}" for name in CHAPTERS if name not in ASIDES}
    assert whole <= {*order} <= {f"chapters/{name}" for name in CHAPTERS}
    for number, page in enumerate(order, 1):
        found = soup(f"{page}.html")
        assert found.select_one("h1 > .section-number").text.strip() == str(number)  # type: ignore[union-attr]
        assert not found.select("h2 > .section-number")
        labels = [
            label.text
            for label in found.select("article .eqno, .exercise .caption-number")
        ]
        numbers = [re.search(r"[\d.]*\d", label)[0] for label in labels]  # type: ignore[index]
        assert numbers
        assert all(label.split(".")[0] == str(number) for label in numbers), numbers


def test_references_have_one_style() -> None:
    listed = [
        label.text.strip("[]")
        for label in soup("references.html").select("div.citation > .label")
    ]
    assert len(listed) > 50
    assert len({*listed}) == len(listed)
    assert not [
        label for label in listed if not re.fullmatch(r".+, \d{4}[a-z]?", label)
    ]
    cited = {
        " ".join(link.text.split())
        for name in CHAPTERS
        for link in soup(f"chapters/{name}.html").select(
            "article span.bibtex a, article a[href*='references.html#']"
        )
        if ", " in link.text
    }
    assert len(cited) > 10
    assert cited <= {*listed}, "a work is cited by other words than it is listed by"


def test_every_link_to_a_work_or_a_formula_elsewhere_has_its_card() -> None:
    for name in CHAPTERS:
        page = soup(f"chapters/{name}.html")
        cards = {
            card["data-for"]: card.get_text()
            for card in page.select("template.book-card")
        }
        links = {a["href"] for a in page.select("article a.reference.internal")}
        wanted = {
            x
            for x in links
            if re.search(r"references\.html#|\w\.html#equation", str(x))
        }
        assert wanted or name in ASIDES
        assert wanted <= {*cards}
        assert all(len(text) > 10 for text in cards.values())
        # The number of a formula stands in the link; another page's could only be empty. (Selectors of some versions of
        # soupsieve do not look into a template.)
        inside = page.select("template.book-card")
        assert not [card for card in inside if card.find(class_="eqno")]


def test_a_term_of_the_glossary_has_its_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "_ext"))
    (tmp_path / "conf.py").write_text(
        "extensions = ['sphinxcontrib.bibtex', 'cards']\nbibtex_bibfiles = []\n",
        "utf-8",
    )
    (tmp_path / "index.rst").write_text(
        "Text\n====\n\nA :term:`token` is cut.\n\n.. toctree::\n\n   words\n", "utf-8"
    )
    (tmp_path / "words.rst").write_text(
        "Words\n=====\n\n.. glossary::\n\n   token\n      A piece of text, see :term:`token`.\n",
        "utf-8",
    )
    out = tmp_path / "out"
    Sphinx(tmp_path, tmp_path, out, tmp_path / "trees", "html", status=None).build()
    page = BeautifulSoup((out / "index.html").read_text("utf-8"), "html.parser")
    (card,) = page.select("template.book-card")
    assert (
        card["data-for"]
        == page.select_one("a.reference.internal[href*='#term']")["href"]
    )  # type: ignore[index]
    assert card.get_text().strip() == "A piece of text, see token."


@pytest.mark.parametrize("kind", ["[href*='references.html#']", "[href^='#equation']"])
def test_a_card_shows_on_focus_and_under_the_pointer(
    kind: str, browser: Browser
) -> None:
    with opened(browser, "chapters/softmax") as shown:
        card = shown.locator("#book-card")
        link = shown.locator(f"article a.reference.internal{kind}").first
        link.scroll_into_view_if_needed()
        # The keyboard: from the place before, one step on.
        link.evaluate("a => a.focus({focusVisible: true})")
        card.wait_for(state="visible")
        assert link.get_attribute("aria-describedby") == "book-card"
        assert len(card.inner_text()) > 10
        box, window = card.bounding_box(), shown.viewport_size
        assert (
            box
            and window
            and box["x"] >= 0
            and box["x"] + box["width"] <= window["width"]
        )
        shown.keyboard.press("Escape")
        card.wait_for(state="hidden")
        link.hover()
        card.wait_for(state="visible")
        card.hover()  # the pointer may go into it
        shown.wait_for_timeout(400)
        assert card.is_visible()
        shown.mouse.move(5, 5)
        card.wait_for(state="hidden")


@pytest.mark.parametrize("page", PAGES)
def test_an_error_can_be_reported_by_every_heading(page: str) -> None:
    options = CONFIG["html_theme_options"]
    headings = soup(f"{page}.html").select(
        "article :is(h1, h2, h3):has(> a.headerlink)"
    )
    assert headings
    for heading in headings:
        (link,) = heading.select("a.report")
        address = urlparse(str(link["href"]))
        assert (
            f"https://{address.netloc}{address.path}"
            == f"{options['repository_url']}/issues/new"
        )
        query = parse_qs(address.query)
        (anchor,) = (a["href"] for a in heading.select("a.headerlink"))
        words = "".join(
            part
            for part in heading.find_all(string=True)
            if part.find_parent("a", class_=["headerlink", "report"]) is None
        ).strip()
        assert words in query["title"][0]
        assert {page.split("/")[-1]} <= {*re.findall(r"\w+", query["body"][0])}
        assert (
            f"({anchor})" in query["body"][0]
            and options["repository_branch"] in query["body"][0]
        )


def test_the_link_to_report_is_seen_only_when_wanted(browser: Browser) -> None:
    with opened(browser, "chapters/softmax") as shown:
        heading = shown.locator("article h2").nth(1)
        link = heading.locator("a.report")
        assert link.evaluate("a => getComputedStyle(a).opacity") == "0"
        heading.hover()
        assert link.evaluate("a => getComputedStyle(a).opacity") == "1"
        shown.mouse.move(5, 5)
        link.evaluate("a => a.focus({focusVisible: true})")
        assert link.evaluate("a => getComputedStyle(a).opacity") == "1"
        # Words that were marked go along.
        shown.evaluate(
            "getSelection().selectAllChildren(document.querySelector('article section > p'))"
        )
        link.evaluate(
            "a => { a.addEventListener('click', e => e.preventDefault()); a.click(); }"
        )
        assert (
            "\n> A language model"
            in parse_qs(urlparse(str(link.get_attribute("href"))).query)["body"][0]
        )


# Controls are what is not a word of a sentence; the theme keeps some out of sight until they are opened.
SMALL = """() => [...document.querySelectorAll(
    "button, summary, select, input:not([type=hidden]), .bd-sidebar a, footer a, nav a, a.headerlink, a.report, a.btn")]
  .filter((e) => e.checkVisibility({visibilityProperty: true}) && !e.closest(".lm-widget, template"))
  .filter((e) => getComputedStyle(e).clipPath === "none")  // what only the keyboard brings into sight
  .map((e) => [(e.closest("label") ?? e).getBoundingClientRect(), e])
  .filter(([box]) => box.width && box.height && (box.width < 24 || box.height < 24))
  .map(([box, e]) => `${e.outerHTML.slice(0, 90)} ${box.width.toFixed(0)}x${box.height.toFixed(0)}`)"""


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(
    "page", ["intro", "references", "chapters/softmax", "chapters/scale"]
)
def test_controls_have_24_pixels(page: str, width: int, browser: Browser) -> None:
    with opened(browser, page, width) as shown:
        assert shown.evaluate(SMALL) == []


SCROLLERS = """() => [...document.querySelectorAll("article pre, article table")]
  .filter((e) => e.checkVisibility())
  .map((e) => e.matches("table") ? e.parentElement : e)
  .filter((box) => box.scrollWidth > box.clientWidth + 1)
  .map((box) => [getComputedStyle(box).backgroundImage.split("gradient").length - 1,
                 getComputedStyle(box).overflowX, box.outerHTML.slice(0, 90)])"""


@pytest.mark.parametrize("name", CHAPTERS)
def test_what_goes_on_to_the_side_says_so(name: str, browser: Browser) -> None:
    with opened(browser, f"chapters/{name}", 390) as shown:
        found = shown.evaluate(SCROLLERS)
        assert found
        assert [box for box in found if box[0] < 4 or box[1] != "auto"] == []
        cut = shown.evaluate(
            """() => [...document.querySelectorAll("article img, article svg:not(.katex svg)")]
              .filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1)
              .map((e) => e.outerHTML.slice(0, 90))"""
        )
        assert cut == []


def test_title_and_search_stay_in_sight(browser: Browser) -> None:
    with opened(browser, "chapters/attention") as shown:
        shown.set_viewport_size({"width": 1280, "height": 700})
        shown.locator(".bd-sidebar-primary a", has_text="Transformer").click()
        shown.wait_for_url("**/transformer.html")
        shown.wait_for_timeout(300)  # the theme scrolls when all is loaded
        assert (
            shown.locator(".bd-sidebar-primary").evaluate("node => node.scrollTop") == 0
        )


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_box_on_a_claim_has_a_line_and_a_story_has_none(name: str) -> None:
    for quotation in soup(f"chapters/{name}.html").select("article blockquote"):
        bold = re.match(r"<p>\s*<strong>", str(quotation.find("p")))
        assert ("claim" in quotation.get("class", [])) == bool(bold)


@pytest.mark.parametrize("page", PAGES)
def test_columns_of_words_stand_to_the_left(page: str) -> None:
    for table in soup(f"{page}.html").select("article table"):
        rows = [row.find_all("td") for row in table.select("tbody tr")]
        for column in zip(*rows, strict=True):
            words = [
                cell.text
                for cell in column
                if re.fullmatch(r"\D*[a-z]{4}\D*", cell.text)
            ]
            if "text-right" in column[0].get("class", []):
                assert len(words) <= len(column) / 3, words


@pytest.mark.parametrize("width, beside", [(900, False), (1280, True), (1920, True)])
def test_a_note_stands_in_the_margin_where_there_is_one(
    width: int, beside: bool, browser: Browser
) -> None:
    with opened(browser, "intro", width) as shown:
        note = shown.locator("article aside.margin").first.bounding_box()
        text = shown.locator("#conventions > p").first.bounding_box()
        assert note and text
        assert (note["x"] >= text["x"] + text["width"]) == beside
        assert note["x"] + note["width"] <= width
        assert note["width"] >= 150


@pytest.mark.parametrize("page", ["intro", *(f"chapters/{name}" for name in CHAPTERS)])
def test_the_next_page_is_told_in_a_sentence(page: str) -> None:
    questions = {
        row[0]: row[1]
        for row in re.findall(
            r"\| \[[^]]+\]\((chapters/\w+)\.ipynb\) \| ([^|]+) \|",
            (ROOT / "intro.md").read_text("utf-8"),
        )
    }
    links = soup(f"{page}.html").select("nav.book-neighbours a")
    assert links
    for link in links:
        sentence = " ".join(link.select_one(".sentence").text.split())  # type: ignore[union-attr]
        target = str(link["href"]).removesuffix(".html").split("/")[-1]
        assert sentence == questions.get(f"chapters/{target}", sentence)
        assert len(sentence) > 20


def test_progress_follows_the_reader(browser: Browser) -> None:
    with opened(browser, "chapters/softmax") as shown:
        width = "document.querySelector('#book-progress').getBoundingClientRect().width"
        assert shown.evaluate(width) == 0
        shown.evaluate(
            "scrollTo({top: document.body.scrollHeight, behavior: 'instant'})"
        )
        shown.wait_for_function(f"{width} > innerWidth - 2")


def test_no_line_moves_when_the_faces_come(browser: Browser) -> None:
    """The stand-in is as wide as the face: a paragraph takes about the same height in both."""
    with opened(browser, "chapters/softmax") as shown:
        height = "[...document.querySelectorAll('article section > p')].reduce((h, p) => h + p.offsetHeight, 0)"
        with_faces = shown.evaluate(height)
        shown.add_style_tag(
            content=':root { --book-text: "Book Text Stand-in" !important; }'
        )
        assert shown.evaluate(height) == pytest.approx(with_faces, rel=0.04)
