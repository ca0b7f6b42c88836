"""Figures of the built site in a real browser: large enough letters, no filter, words for all, little weight."""

from __future__ import annotations

import gzip
import re

import pytest
from playwright.sync_api import Browser
from support.site_pages import soup

from tools.site import ROOT, SITE

PAGES = sorted(
    str(page.relative_to(SITE))
    for page in SITE.rglob("*.html")
    if "lm-figure" in page.read_text("utf-8")
)
CHAPTERS = [page for page in PAGES if page.startswith("chapters/")]
KB = 40  # of drawings in a page, gzipped
WIDTHS = {"dark": (390, 1920), "light": (768, 1280)}
# What is shown of every figure: the size of its smallest letters in pixels, its width and height, words on words.
MEASURE = """() => [...document.querySelectorAll(".lm-figure")].map((figure) => {
  for (let fold = figure.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  const drawings = [...figure.children].filter((svg) => getComputedStyle(svg).display !== "none");
  const texts = drawings.flatMap((svg) => [...svg.querySelectorAll("text")]);
  const size = (text) => {
    const { a, b } = text.getScreenCTM();
    return parseFloat(getComputedStyle(text).fontSize) * Math.hypot(a, b);
  };
  // The boxes of letters that stand upright; one may touch another by a hair.
  const upright = texts.filter((text) => Math.abs(text.getScreenCTM().b) < 0.01 && text.textContent.trim());
  const boxes = upright.map((text) => [text.textContent, text.getBoundingClientRect()]);
  const overlaps = boxes.flatMap(([one, a], i) => boxes.slice(0, i).filter(([, b]) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4).map(([other]) => `${one} | ${other}`));
  const outer = figure.getBoundingClientRect();
  const outside = texts.map((text) => [text.textContent, text.getBoundingClientRect()])
    .filter(([, box]) => box.left < outer.left - 2 || box.right > outer.right + 2).map(([text]) => text);
  return { shown: drawings.length, letters: Math.min(...texts.map(size)), overlaps, outside,
    filter: [figure, ...drawings].map((node) => getComputedStyle(node).filter) };
})"""
# Contrast of letters with what lies below them, where that is the page.
INK = """() => {
  const colour = (text) => getComputedStyle(text).fill.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const page = getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const light = (rgb) => rgb.map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  return [...document.querySelectorAll(".lm-figure text:not([style*='on-cell'])")]
    .map((text) => [text.textContent, contrast(colour(text), page)]).filter(([, ratio]) => ratio < 4.5);
}"""

pytestmark = pytest.mark.usefixtures("built")


@pytest.mark.parametrize("name", PAGES)
def test_figures_can_be_read_at_every_width(name: str, browser: Browser) -> None:
    page = browser.new_page()
    page.goto((SITE / name).as_uri())
    for scheme, widths in WIDTHS.items():
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.wait_for_function(
            "scheme => document.documentElement.dataset.theme === scheme", arg=scheme
        )
        for width in widths:
            page.set_viewport_size({"width": width, "height": 844})
            for number, figure in enumerate(page.evaluate(MEASURE), 1):
                at = f"figure {number} at {width} px"
                assert figure["shown"] == 1, f"{at}: {figure['shown']} drawings shown"
                assert figure["letters"] >= 11, (
                    f"{at}: letters of {figure['letters']:.1f} px"
                )
                assert not figure["overlaps"] and not figure["outside"], at
                assert {*figure["filter"]} == {"none"}
        assert not page.evaluate(INK), f"pale letters, {scheme}"
    page.close()


@pytest.mark.parametrize("name", PAGES)
def test_every_figure_has_words_a_number_and_a_sentence(name: str) -> None:
    page = soup(name)
    names = [part["id"] for part in page.select(".lm-figure [id]")]
    assert len(names) == len({*names}), "two parts of figures have one name"
    for drawing in page.select(".lm-figure"):
        assert drawing["role"] == "img" and len(str(drawing["aria-label"])) > 20
        assert all(svg["aria-hidden"] == "true" for svg in drawing.select("svg"))
        sentence = drawing.find_parent("figure").select_one("figcaption")  # type: ignore[union-attr]
        assert sentence, f"no caption: {drawing['aria-label']}"
        assert re.match(r"Figure [\d.]+ ", sentence.text.strip())


@pytest.mark.parametrize("name", PAGES)
def test_every_colour_is_one_of_the_book_and_can_change(name: str) -> None:
    page = soup(name)
    style = (ROOT / "_static" / "figures.css").read_text("utf-8")
    drawn = "".join(map(str, page.select(".lm-figure")))
    assert not re.search(r"(?:fill|stroke): ?(?:#|rgb)", drawn)
    used = {*re.findall(r"var\((--fig-[\w-]+)\)", drawn)}
    light, dark = style.split('html[data-theme="dark"]', 1)
    assert all(f"{colour}:" in light for colour in used)
    # The floor's is the book's, which has a dark of its own.
    same = {"--fig-on-cell", "--fig-floor", "--fig-floor-ink"}
    assert all(f"{colour}:" in dark for colour in used - same)
    assert "<legend" not in drawn and "legend_" not in drawn


@pytest.mark.parametrize("name", CHAPTERS)
def test_drawings_are_light(name: str) -> None:
    page = soup(name)
    drawn = "".join(map(str, page.select(".lm-figure"))).encode()
    assert len(gzip.compress(drawn)) < 1_000 * KB


def test_no_style_turns_the_colours_of_figures_round() -> None:
    for style in (ROOT / "_static").glob("*.css"):
        assert not re.search(
            r"filter:[^;]*(invert|hue-rotate)", style.read_text("utf-8")
        )


def test_the_floor_has_one_look() -> None:
    """Chapters draw it with `plots.floor` alone, which names it."""
    for chapter in (ROOT / "chapters").glob("*.ipynb"):
        source = chapter.read_text("utf-8")
        assert not re.search(r"ax(?:es)?\.ax[hv]line|\.legend\(", source), chapter.name
