"""The built site in a real browser, with every other host out of reach. Build it first: `make book`."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urldefrag, urljoin, urlparse
from zipfile import ZipFile

import nbformat
import pytest
import torch
from playwright.sync_api import Browser, Page, expect
from support.site_pages import soup
from support.visits import Visit, address, visit
from support.widget_page import serious

from lmlib.softmax import entropy, softmax
from tools.address import stated, version
from tools.offline_copy import pack

ROOT = Path(__file__).parents[1]
SITE = ROOT / "_build" / "html"
# index.html only sends its reader on to the introduction; a test of its own sees to that.
PAGES = sorted(
    str(page.relative_to(SITE))
    for page in SITE.rglob("*.html")
    if not {"_static", "index.html"} & {*page.parts}
)
CHAPTERS = [page for page in PAGES if page.startswith("chapters/")]
LIMIT_KB = 450  # what a new reader loads for one page, gzipped as static hosts send it
LATER_KB = 700  # what is loaded on a click, or once for the whole site
# Files that a widget asks for once for the whole site, and what each may weigh.
HEATMAP = 'figure.lm-widget[data-widget="attention"]'
ONCE_KB = {"live.js": 350, "assistant.js": 350, "merges.js": 200, "train.js": 25}
# Each formula that is not as it should be: set for the eye and for screen readers, in its room or scrolled by keys too,
# and clear of its number.
FORMULAS = """() => {
  const wrong = [];
  for (const box of document.querySelectorAll("span.math, div.math"))
    if (!box.querySelector(".katex-html") || !box.querySelector("math")) wrong.push(`not set: ${box.textContent}`);
  // What screen readers read: "_{\\max}" would give an index of two parts.
  for (const [tags, parts] of [["msub, msup, mfrac, munder, mover", 2], ["msubsup, munderover", 3]])
    for (const node of document.querySelectorAll(tags))
      if (node.children.length !== parts) wrong.push(`no ${node.localName}: ${node.textContent}`);
  for (const row of document.querySelectorAll("div.math")) {
    const formula = row.querySelector(".katex-display"), number = row.querySelector(".eqno");
    const [inner, outer, sign] = [formula, row, number ?? row].map((box) => box.getBoundingClientRect());
    const text = (number ?? formula).textContent;
    if (inner.left < outer.left - 1 || inner.right > outer.right + 1) wrong.push(`cut off: ${text}`);
    if (formula.scrollHeight > formula.clientHeight + 1) wrong.push(`cut at its foot: ${text}`);
    if (formula.scrollWidth > formula.clientWidth && formula.tabIndex < 0) wrong.push(`no key scrolls ${text}`);
    const apart = inner.right <= sign.left || inner.bottom <= sign.top + 1;
    if (number && outer.width && !apart) wrong.push(`touches its number: ${text}`);
  }
  const text = document.querySelector("article, main").cloneNode(true);
  for (const part of text.querySelectorAll("pre, code, script, style, .math")) part.remove();
  const raw = text.textContent.matchAll(/\\\\[a-z]+\\{|\\$[^$\\n]*[\\^_\\\\{][^$\\n]*\\$/g);
  for (const [found] of raw) wrong.push(`raw: ${found}`);
  return wrong.join("\\n");
}"""

pytestmark = pytest.mark.usefixtures("built")


def settle(seen: Visit) -> None:
    """Wait until a page has asked for nothing for half a second. (A request that never ends is not waited for.)"""
    before = -1
    while len(seen.loaded) > before:
        before = len(seen.loaded)
        seen.page.wait_for_timeout(500)


def check_reading(page: Page) -> None:
    """What every reader needs of every page."""
    too_wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert too_wide <= 0, f"the page is {too_wide} px wider than the window"
    assert page.locator("img:not([alt]), img[alt='']").count() == 0, (
        "a picture has no alternative text"
    )
    assert page.evaluate(FORMULAS) == ""
    text = page.locator("article, main").first.inner_text()
    assert not re.search(r"\\\(|\\\[|\$\$|\{eq\}`|\{cite", text), (
        "raw markup stands in the text"
    )


def kilobytes(paths: set[str]) -> float:
    """What files of the site weigh, packed as static hosts send them."""
    files = [SITE / unquote(path.lstrip("/")) for path in paths]
    return sum(map(packed, filter(Path.is_file, files))) / 1000


@cache
def packed(file: Path) -> int:
    raw = file.read_bytes()
    return len(
        raw if file.suffix in (".woff", ".woff2", ".png") else gzip.compress(raw)
    )


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_by_double_click(name: str, browser: Browser) -> None:
    with visit(browser, address("file", name), 390, "dark") as seen:
        check_reading(seen.page)
        assert not seen.problems, "\n".join(seen.problems)


# Some tenths of a second after a window changed, the theme notes what a key must scroll.
KEYS_SCROLL = """() => [
  ...document.querySelectorAll("pre, .pst-scrollable-table-container"),
].every((box) => box.scrollWidth <= box.clientWidth || box.tabIndex === 0)"""


def look_at(page: Page, width: int, scheme: Literal["dark", "light"]) -> None:
    """Another window and other colours, once nothing moves any more."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_function(
        "scheme => document.documentElement.dataset.theme === scheme"
        " && document.getAnimations().every(a => a.playState !== 'running')",
        arg=scheme,
    )
    page.wait_for_function(KEYS_SCROLL)


# Of the rules that axe goes by, those that depend on what a view shows.
SHOWN = (
    *("color-contrast", "scrollable-region-focusable"),
    *("button-name", "link-name", "aria-hidden-focus"),
)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_site_is_light_and_keeps_nobody_out(
    name: str, browser: Browser, served: str, summary: Callable[[str], None]
) -> None:
    with visit(browser, served + name) as seen:
        page = seen.page
        settle(seen)
        own = {path for path in seen.loaded if Path(path).name not in ONCE_KB}
        once = kilobytes(seen.loaded - own)
        summary(
            f"{name}: {kilobytes(own):.0f} kB gzipped for a new reader"
            + (f", and {once:.0f} kB once for the whole site" if once else "")
        )
        assert kilobytes(own) < LIMIT_KB
        check_reading(page)
        # Of answers with one name only one is open at a time: without it, all are looked at.
        page.evaluate(
            """document.querySelectorAll("details").forEach((details) => {
              details.removeAttribute("name");
              details.open = true;
            })"""
        )
        check_reading(page)
        assert not (found := serious(page)), "\n".join(["1280 px, light:", *found])
        look_at(page, 390, "dark")
        check_reading(page)
        found = serious(page, SHOWN)
        assert not found, "\n".join(["390 px, dark:", *found])
        assert not seen.problems, "\n".join(seen.problems)


@pytest.mark.parametrize("name", ONCE_KB)
def test_what_is_loaded_once_is_light(name: str) -> None:
    assert 1 < kilobytes({f"_static/widgets/{name}"}) < ONCE_KB[name]


def test_the_folder_opens_at_the_introduction(browser: Browser) -> None:
    with visit(browser, (SITE / "index.html").as_uri()) as seen:
        seen.page.wait_for_url("**/intro.html")
        assert not seen.problems, "\n".join(seen.problems)


def widget_states(chapter: str) -> list[dict]:
    """The state that each widget of a chapter was stored with."""
    notebook = nbformat.read(ROOT / "chapters" / f"{chapter}.ipynb", as_version=4)
    pages = [
        out.get("data", {}).get("text/html", "")
        for cell in notebook.cells
        for out in cell.get("outputs", [])
    ]
    found = (
        re.search(r'application/json">(.*?)</script>', page, re.DOTALL)
        for page in pages
        if "lm-widget" in page
    )
    return [json.loads(match[1]) for match in found if match]


def unveil(page: Page) -> None:
    """What a Predict hides until it is answered."""
    page.evaluate(
        "document.querySelectorAll('.question-skip').forEach((button) => button.click())"
    )


@pytest.mark.parametrize("base", ["http", "file"])
def test_temperature_scrubber_shows_what_lmlib_gives(
    base: str, browser: Browser, served: str
) -> None:
    state = widget_states("softmax")[0]
    logits = [
        -torch.inf if z is None else z
        for z in state["_data"]["contexts"][state["context"]]
    ]
    with visit(
        browser, address(served if base == "http" else "file", "chapters/softmax.html")
    ) as seen:
        unveil(seen.page)
        widget = seen.page.locator("figure.lm-widget").first
        slider = widget.get_by_label("Temperature τ").first
        before = widget.locator(".open").inner_text()
        slider.focus()
        for _ in range(12):
            slider.press("ArrowRight")
        temperature = float(widget.get_by_label("Temperature τ").nth(1).input_value())
        assert temperature > 1
        probs = softmax(torch.tensor(logits, dtype=torch.float64), temperature)
        shown = [
            float(p)
            for p in widget.locator(".rows .word:not(.rest) .prob").all_inner_texts()
        ]
        best = probs.topk(len(shown)).values
        assert shown == pytest.approx(best.tolist(), abs=6e-5)
        others = widget.locator(".word.rest .prob").inner_text()
        assert float(others) == pytest.approx(1 - best.sum().item(), abs=6e-5)
        said = widget.locator(".open").inner_text()
        assert said != before
        assert float(re.search(r"Entropy ([\d.]+) nats", said)[1]) == pytest.approx(
            entropy(probs).item(), abs=6e-5
        )  # type: ignore[index]
        assert not seen.problems, "\n".join(seen.problems)


@pytest.mark.parametrize("width", [1280, 390])
def test_the_slider_of_the_scrubber_stays_in_sight(
    width: int, browser: Browser, served: str
) -> None:
    with visit(browser, served + "chapters/softmax.html", width, "light") as seen:
        unveil(seen.page)
        widget = seen.page.locator("figure.lm-widget").first
        widget.locator(".word.rest").evaluate("row => row.scrollIntoView()")
        header = seen.page.locator(".bd-header-article").first.bounding_box()
        slider = widget.get_by_label("Temperature τ").first.bounding_box()
        row = widget.locator(".word.rest").bounding_box()
        assert header and slider and row
        under = header["y"] + header["height"]
        assert under <= slider["y"] < under + 100 < row["y"]
        assert not seen.problems, "\n".join(seen.problems)


@pytest.mark.parametrize("base", ["http", "file"])
def test_attention_heatmap_answers_keys_and_switches(
    base: str, browser: Browser, served: str
) -> None:
    with visit(
        browser,
        address(served if base == "http" else "file", "chapters/attention.html"),
    ) as seen:
        unveil(seen.page)
        widget = seen.page.locator(HEATMAP).first
        weight = widget.locator(".token.key", has_text="milford").locator(".value").last
        # The chapter's own numbers: score 6 / √4 = 3 against 16 zeros, and 6 without the root.
        scaled, unscaled = (
            torch.tensor([s, *[0.0] * 16]).softmax(0)[0].item() for s in (3.0, 6.0)
        )
        assert float(weight.inner_text()) == pytest.approx(scaled, abs=6e-5)
        widget.get_by_label("divide by √d").uncheck()
        assert float(weight.inner_text()) == pytest.approx(unscaled, abs=6e-5)
        chosen = widget.locator(".token.query[aria-selected=true]")
        chosen.focus()
        chosen.press("ArrowUp")
        expect(chosen).to_contain_text("back")
        assert float(weight.inner_text()) == pytest.approx(1 / 16, abs=6e-5)
        assert not seen.problems, "\n".join(seen.problems)


def test_a_widget_is_a_picture_where_scripts_do_not_run(browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((SITE / "chapters" / "softmax.html").as_uri())
    picture = page.locator("figure.lm-widget img").first
    assert picture.is_visible()
    assert "fox 0.33" in (picture.get_attribute("alt") or "")
    page.wait_for_function(
        "image => image.naturalWidth > 300", arg=picture.element_handle()
    )
    context.close()


def test_who_has_a_widget_does_not_load_its_picture(
    browser: Browser, served: str
) -> None:
    pictures = {
        Path(str(picture["src"])).name
        for picture in soup("chapters/pretraining.html").select(
            "figure.lm-widget > img"
        )
    }
    with visit(browser, f"{served}chapters/pretraining.html") as seen:
        live = seen.page.locator("figure.lm-widget[data-live]")
        expect(live).to_have_count(len(pictures))
        settle(seen)
        assert all((SITE / "_static/widgets" / name).is_file() for name in pictures)
        assert not pictures & {Path(there).name for there in seen.loaded}


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_colab_button_opens_this_chapter(name: str) -> None:
    (button,) = soup(name).select(".dropdown-launch-buttons a")
    notebook = name.replace(".html", ".ipynb")
    assert (ROOT / notebook).is_file()
    assert button["href"] == (
        f"https://colab.research.google.com/github/{stated()}/blob/v{version()}/{notebook}"
    )


@pytest.mark.parametrize("base", ["http", "file"])
def test_search_shows_the_passage_and_leads_to_it(
    base: str, browser: Browser, served: str, summary: Callable[[str], None]
) -> None:
    there = address(served if base == "http" else "file", "search.html")
    with visit(browser, f"{there}?q=perplexity+bits") as seen:
        softmax = seen.page.locator("a[href*='softmax.html']")
        result = seen.page.locator("#search-results li").filter(has=softmax)
        passage = result.locator("p.context")
        expect(passage.locator("mark", has_text="perplexity").first).to_be_visible()
        expect(passage.locator("mark", has_text="bits").first).to_be_visible()
        if base == "http":
            summary(f"search: {kilobytes(seen.loaded):.0f} kB gzipped for a new reader")
            assert kilobytes(seen.loaded) < LATER_KB
        result.locator("a").click()
        seen.page.wait_for_url("**/softmax.html#*")
        section = seen.page.locator(
            f"section[id='{urldefrag(seen.page.url).fragment}']"
        )
        expect(section).to_contain_text("perplexity")
        assert not seen.problems, "\n".join(seen.problems)


def test_a_search_for_nothing_and_for_signs_says_so(browser: Browser) -> None:
    for query in ("", "the", "%24%5E%28", "zzzz"):
        with visit(browser, f"{(SITE / 'search.html').as_uri()}?q={query}") as seen:
            expect(seen.page.locator("#search-results li")).to_have_count(0)
            assert not seen.problems, "\n".join(seen.problems)


def test_dark_and_light_can_be_chosen(browser: Browser, served: str) -> None:
    with visit(browser, served + "chapters/softmax.html") as seen:
        before = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
        for _ in range(3):
            seen.page.locator("button.theme-switch-button:visible").first.click()
            if seen.page.evaluate("document.documentElement.dataset.theme") == "dark":
                break
        assert (
            seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
            != before
        )
        card = seen.page.locator("figure.lm-widget .card").first
        assert "dark" in (card.get_attribute("class") or "")


@pytest.mark.parametrize("name", PAGES)
def test_every_internal_link_arrives(name: str) -> None:
    broken = []
    for link in soup(name).find_all("a", href=True):
        href = str(link["href"])
        if urlparse(href).scheme or href in ("#", ""):
            continue
        path, anchor = urldefrag(urljoin(name, href))
        target = SITE / unquote(path.split("?")[0])
        if not target.is_file():
            broken.append(href)
        elif anchor and target.suffix == ".html":
            goal = soup(str(target.relative_to(SITE)))
            if not (
                goal.find(id=unquote(anchor))
                or goal.find(attrs={"name": unquote(anchor)})
            ):
                broken.append(href)
    assert not broken, f"{name}: {broken}"


def test_the_copy_without_a_network_opens_by_double_click(
    tmp_path: Path, browser: Browser
) -> None:
    pack(SITE, tmp_path / "the-book.zip")
    with ZipFile(tmp_path / "the-book.zip") as archive:
        archive.extractall(tmp_path)
    with browser.new_context(offline=True) as context:
        page = context.new_page()
        page.goto((tmp_path / "the-book" / "index.html").as_uri())
        page.wait_for_url("**/intro.html")
        page.get_by_role("link", name="Softmax", exact=True).first.click()
        page.wait_for_url("**/softmax.html")
        unveil(page)
        widget = page.locator("figure.lm-widget").first
        before = widget.locator(".open").inner_text()
        widget.get_by_label("Temperature τ").first.press("ArrowRight")
        expect(widget.locator(".open")).not_to_have_text(before)
