"""The map of word vectors in a real browser: cosines as lmlib's, the drawing's own neighbours, and sums of words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, Locator, Page, expect
from support.widget_page import (
    Show,
    address_of,
    exports,
    overflow,
    serious,
    show_table,
    too_small,
)
from torch.nn import functional as F

from lmlib.embeddings import analogy, nearest
from lmlib.widgets import EmbeddingMap
from lmlib.widgets.base import script

V = 304
NAMES = [f"word{i}" for i in range(V - 4)] + [
    "king",
    "queen",
    "<img src=x onerror=alert(1)>",
    " ",
]


def table(v: int = V, c: int = 32) -> torch.Tensor:
    return torch.randn(v, c, generator=torch.Generator().manual_seed(0))


def word_map(**settings: Any) -> EmbeddingMap:
    return EmbeddingMap(table(), NAMES, **settings)


@pytest.fixture(scope="module")
def module(browser: Browser) -> Iterator[Callable[..., Any]]:
    """Evaluate with the functions of the widget's own module."""
    with exports(browser, script("embedding")) as page:
        yield page.evaluate


IN_PAGE = """({ data, asked, without, k }) => {
  const n = data.words.length;
  const points = lib.rowsOf(data.points, n);
  const unit = lib.units(lib.rowsOf(data.vectors, n));
  const drawn = lib.nearestIn(points, lib.sumOf(points, asked), k, without);
  return [lib.nearestBy(unit, lib.sumOf(unit, asked), k, without), drawn];
}"""

ASKED = [
    ([0], True),
    ([7], False),
    ([300, 3, 301], True),
    ([300, 3, 301], False),
    ([5, 5, 6], True),
]


@pytest.mark.parametrize("asked, leave_out", ASKED)
def test_neighbours_equal_lmlib(
    asked: list[int], leave_out: bool, module: Callable[..., Any]
) -> None:
    words = dict(
        zip(("word", "minus", "plus"), (NAMES[i] for i in asked), strict=False)
    )
    widget = word_map(leave_out=leave_out, **words)
    without = asked if leave_out else []
    given = {"data": widget._data, "asked": asked, "without": without, "k": 20}
    near, drawn = module(IN_PAGE, given)
    exact = F.normalize(table().double(), dim=-1)
    query = (
        exact[asked[0]]
        if len(asked) == 1
        else exact[asked[0]] - exact[asked[1]] + exact[asked[2]]
    )
    wanted = nearest(exact, query, 20, without)
    if len(asked) == 3 and leave_out:
        a, b, c = asked
        assert wanted == analogy(table().double(), b, a, c, 20)
    assert [i for i, _ in near] == [i for i, _ in wanted]
    assert [x for _, x in near] == pytest.approx([x for _, x in wanted], abs=1e-9)
    assert [(NAMES[i], x) for i, x in near] == [
        (word, pytest.approx(x, abs=1e-9)) for word, x in widget.neighbours(20)
    ]
    assert [(NAMES[i], x) for i, x in drawn] == [
        (word, pytest.approx(x, abs=1e-9)) for word, x in widget.in_drawing(20)
    ]


def rows(page: Page, number: int) -> list[tuple[str, str]]:
    found = page.locator(".list").nth(number).locator("button")
    return [
        (
            row.locator(".name").text_content() or "",
            row.locator(".numbers").text_content() or "",
        )
        for row in found.all()
    ]


def expected(found: list[tuple[str, float]]) -> list[tuple[str, str]]:
    return [(word, f"{x:.3f}".replace("-", "−")) for word, x in found]


def field(page: Page, number: int = 0) -> Locator:
    return page.get_by_role("combobox").nth(number)


def test_a_word_is_found_by_the_keyboard_alone(show: Show) -> None:
    widget = word_map()
    page = show(widget)
    page.keyboard.press("Tab")
    expect(field(page)).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("WORD12")
    options = page.get_by_role("option")
    assert options.all_text_contents() == ["word12", *(f"word12{i}" for i in range(7))]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    expect(field(page)).to_have_attribute(
        "aria-activedescendant", options.nth(1).get_attribute("id") or "?"
    )
    page.keyboard.press("Enter")
    expect(field(page)).to_have_value("word120")
    expect(options).to_have_count(0)
    widget.word = "word120"
    assert rows(page, 0) == expected(widget.neighbours())
    assert rows(page, 1) == expected(widget.in_drawing())
    expect(page.get_by_role("status").last).to_contain_text("word120: nearest")
    # A list is one stop; its arrows move inside, and Enter goes on from there.
    page.locator(".list button").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field(page)).to_have_value(widget.neighbours()[1][0])


def test_a_sum_of_words(show: Show) -> None:
    widget = word_map(word="king")
    page = show(widget)
    field(page, 1).fill("word3")
    field(page, 1).press("Enter")
    expect(page.locator(".note")).to_contain_text("takes both fields")
    assert rows(page, 0) == expected(widget.neighbours())
    field(page, 2).fill("queen")
    field(page, 2).press("Enter")
    widget.minus, widget.plus = "word3", "queen"
    assert rows(page, 0) == expected(widget.neighbours())
    assert rows(page, 1) == expected(widget.in_drawing())
    assert page.locator("line.step").count() == 2
    page.get_by_label("leave the words of the query out").uncheck()
    widget.leave_out = False
    assert rows(page, 0) == expected(widget.neighbours())
    both = {w for w, _ in widget.neighbours()} & {w for w, _ in widget.in_drawing()}
    expect(page.locator(".same")).to_have_text(
        f"{len(both)} of 6 words stand in both lists."
    )
    page.get_by_role("button", name="Only the word").click()
    widget.minus = widget.plus = None
    assert rows(page, 0) == expected(widget.neighbours())


def test_what_is_typed_may_be_no_word(show: Show) -> None:
    page = show(word_map(word="king"))
    field(page).fill("<b>zorp</b>")
    field(page).press("Enter")
    expect(page.locator(".note")).to_have_text(
        "“<b>zorp</b>” is none of the 304 words."
    )
    field(page).press("Escape")
    expect(field(page)).to_have_value("king")
    field(page).fill("")
    field(page).press("Enter")
    expect(field(page)).to_have_value("king")
    assert page.locator("img").count() == 0


def test_a_point_is_clicked(show: Show) -> None:
    points = torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 3.0], [4.0, 3.0]])
    page = show(EmbeddingMap(table(4), list("abcd"), projection=points))
    box = page.locator("svg").bounding_box()
    assert box
    page.locator("svg").click(position={"x": 24, "y": 24})  # nothing is there
    expect(field(page)).to_have_value("a")
    found = page.locator("circle.dot").evaluate_all(
        "nodes => nodes.map((n) => [Number(n.getAttribute('cx')), Number(n.getAttribute('cy'))])"
    )
    x, y = max(found, key=lambda place: place[0] - place[1])
    page.locator("svg").click(position={"x": x - 5, "y": y + 5})
    expect(field(page)).to_have_value("d")
    before = page.locator("svg").get_attribute("viewBox")
    page.get_by_role("button", name="Whole map").click()
    assert page.locator("svg").get_attribute("viewBox") == before
    page.get_by_role("button", name="Zoom in").click()
    # The arrows go on from the present word, in the order of the alphabet.
    field(page).press("ArrowUp")
    field(page).press("ArrowUp")
    field(page).press("Enter")
    expect(field(page)).to_have_value("c")


def test_no_name_covers_another(show: Show) -> None:
    page = show(word_map(word="king"), width=390)
    boxes = page.locator("text.label").evaluate_all(
        "nodes => nodes.map((n) => { const b = n.getBBox(); return [b.x, b.y, b.x + b.width, b.y + b.height]; })"
    )
    assert len(boxes) > 6
    for i, (a, b, c, d) in enumerate(boxes):
        for e, f, g, h in boxes[:i]:
            assert c <= e or g <= a or d <= f or h <= b


def test_a_sum_of_zeros_points_nowhere(show: Show) -> None:
    vectors = [
        [1.0, 0.0, 0.0],
        [0.5, 0.5, 2**-0.5],
        [-0.5, 0.5, 2**-0.5],
        [0.0, 1.0, 0.0],
    ]
    widget = EmbeddingMap(vectors, list("abcd"), minus="b", plus="c")
    assert widget.neighbours() == [] and widget.sentence()
    page = show(widget)
    assert rows(page, 0) == []
    expect(page.locator(".note")).to_contain_text("points nowhere")
    assert rows(page, 1) == expected(widget.in_drawing())
    three = EmbeddingMap([[1.0, 0], [2, 0], [3, 1]], list("abc"), minus="b", plus="c")
    page = show(three)  # every word is in the query
    assert rows(page, 0) == rows(page, 1) == three.neighbours() == three.in_drawing()
    expect(page.locator(".note")).to_have_text("")


NONSENSE = [
    "null",
    "[]",
    "{",
    '{"word": 3}',
    '{"word": "zorp", "minus": {}}',
    '{"plus": "__proto__", "leave_out": "x"}',
    '{"word": null}',
]


@pytest.mark.parametrize("state", NONSENSE)
def test_nonsense_in_the_address_does_no_harm(state: str, show: Show) -> None:
    widget = word_map(word="king")
    page = show(widget, address=f"#embedding={quote(state)}")
    assert rows(page, 0) == expected(widget.neighbours())


def test_the_address_brings_a_state_back(show: Show) -> None:
    state = {"word": "queen", "minus": "king", "plus": "word1", "leave_out": False}
    widget = word_map(**state)
    page = show(word_map(), word_map(), address=address_of("embedding", state))  # fmt: skip
    assert rows(page, 0) == rows(page, 2) == expected(widget.neighbours())
    show_table(page)
    assert page.locator("tbody tr").count() == 6


def test_two_on_a_page_are_apart(show: Show) -> None:
    first, second = word_map(word="king"), word_map(word="queen")
    page = show(first, second, site=False)
    field(page, 0).fill("word9")
    field(page, 0).press("Enter")
    first.word = "word9"
    assert rows(page, 0) == expected(first.neighbours())
    assert rows(page, 2) == expected(second.neighbours())


def test_the_picture_stands_where_no_script_runs(show: Show) -> None:
    widget = word_map(word="<img src=x onerror=alert(1)>", minus=" ", plus="king")
    page = show(widget, scripts=False)
    assert page.locator("img").count() == 1
    assert page.locator("img").get_attribute("alt") == widget.sentence()
    assert "− ␣ + king" in widget.sentence() or "− ∅" in widget.sentence()


@pytest.mark.parametrize("width, dark", [(390, False), (1280, True)])
def test_no_one_is_kept_out(width: int, dark: bool, show: Show) -> None:
    page = show(
        word_map(word="king", minus="word3", plus="queen"),
        word_map(),
        width=width,
        dark=dark,
    )
    for summary in page.locator("summary").all():
        summary.click()
    field(page).click()
    assert page.get_by_role("option").count() == V
    assert overflow(page) <= 0
    assert serious(page) == []
    assert too_small(page.locator("button, input[type=text], summary")) == []


NAN = table(3).index_fill(0, torch.tensor([1]), math.nan)
BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "nan": (lambda: EmbeddingMap(NAN, list("abc")), "vectors: holds NaN"),
    "zeros": (
        lambda: EmbeddingMap([[1.0, 0], [0, 0], [1, 1]], list("abc")),
        "vectors: that of 'b' is all zeros",
    ),
    "rows": (lambda: EmbeddingMap(table(4), list("abc")), r"vectors: shape \(4, 32\)"),
    "flat": (lambda: EmbeddingMap(torch.ones(3), list("abc")), r"vectors: shape \(3,\)"),
    "one number": (lambda: EmbeddingMap(torch.ones(3, 1), list("abc")), "vectors: shape"),
    "text": (lambda: EmbeddingMap("abc", list("abc")), "vectors: no table"),
    "ragged": (lambda: EmbeddingMap([[1.0, 2], [1.0]], list("ab")), "vectors: no table"),
    "too much": (
        lambda: EmbeddingMap(torch.ones(1000, 500), list(map(str, range(1000)))),
        "vectors: 500,000 numbers",
    ),
    "twice": (lambda: EmbeddingMap(table(3), list("aba")), "words: 'a' is there twice"),
    "no words": (lambda: EmbeddingMap(table(3), []), "words: "),
    "words none": (lambda: EmbeddingMap(table(3), None), "words: None is no list"),
    "one text": (lambda: EmbeddingMap(table(3), "abc"), "words: abc is no list"),
    "leave_out": (lambda: word_map(leave_out=1), "leave_out: 1 is no switch"),
    "projection": (
        lambda: EmbeddingMap(table(3), list("abc"), projection=torch.ones(3, 3)),
        r"projection: shape \(3, 3\)",
    ),
    "projection nan": (
        lambda: EmbeddingMap(
            table(3), list("abc"), projection=np.full((3, 2), np.inf)
        ),
        "projection: holds NaN",
    ),
    "word": (lambda: word_map(word="zorp"), "word: 'zorp' is none of the 304"),
    "minus": (lambda: word_map(minus=3), "minus: 3 is none"),
    "plus": (lambda: word_map(plus="zorp"), "plus: 'zorp'"),
    "labels": (lambda: word_map(labels={"x": "y"}), "labels: "),
}  # fmt: skip


@pytest.mark.parametrize("make, message", BAD.values(), ids=BAD)
def test_bad_values_are_named(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
