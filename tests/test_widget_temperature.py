"""The temperature scrubber as an instrument: two temperatures, a scale that holds still, sentences, what is copied."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import pytest
import torch
from playwright.sync_api import Page, expect
from support.widget_page import (
    Show,
    address_of,
    keep_copies,
    overflow,
    serious,
    show_table,
    too_small,
)
from test_widgets import LOGITS, WORDS, drawn, move, rows, scrubber

from lmlib.sampling import next_probs
from lmlib.widgets import TemperatureScrubber


def wanted(context: str, temperature: float, **filters: Any) -> list[float]:
    logits = torch.tensor(LOGITS[context], dtype=torch.float64)
    return next_probs(logits, temperature, **filters).tolist()


def share(page: Page, row: int, name: str) -> float:
    """Where a mark or the end of a bar stands in its row, from 0 to 1."""
    track = page.locator(".rows .track").nth(row).bounding_box()
    part = page.locator(".rows .track").nth(row).locator(f".{name}").bounding_box()
    assert track and part
    return (part["x"] + part["width"] - track["x"]) / track["width"]


def test_two_temperatures_stand_side_by_side(show: Show) -> None:
    page = show(scrubber(temperature=0.5, other=3.0, top_k=3, seed=4))
    first, second = (wanted("a fat", T, top_k=3) for T in (0.5, 3.0))
    assert [float(p) for p in rows(page).values() if p != "cut"] == pytest.approx(
        first[:3], abs=6e-5
    )
    numbers = page.locator(".rows .prob2").all_inner_texts()
    assert numbers == [f"{p:.4f}" if p else "cut" for p in second[:4]]
    assert share(page, 0, "fill") == pytest.approx(first[0], abs=0.01)
    assert share(page, 0, "second") == pytest.approx(second[0], abs=0.01)
    page.get_by_role("button", name="Draw words 100", exact=True).click()
    columns = page.locator(".texts ol").all()
    assert len(columns) == 2
    for column, probs in zip(columns, (first, second), strict=True):
        ids = drawn(torch.tensor(probs, dtype=torch.float64), 4, 100)
        assert column.locator("li").all_inner_texts() == [
            f"a fat {WORDS[i]}" for i in ids[-5:]
        ]
    page.get_by_label("compare with a second").uncheck()
    expect(page.get_by_label("Second temperature").first).to_be_hidden()
    expect(page.locator(".texts ol").last).to_be_hidden()


def test_a_flatter_bar_has_its_place_at_one_beside_it(show: Show) -> None:
    page = show(scrubber(temperature=1.0))
    at_one = wanted("a fat", 1.0)
    ends = []
    for _ in range(12):
        move(page.get_by_role("slider").first, "ArrowRight", 2)
        ends.append(page.locator(".axis span").last.inner_text())
        end = float(ends[-1])
        for row in range(4):
            assert share(page, row, "ghost") == pytest.approx(
                at_one[row] / end, abs=0.01
            )
    assert {*ends} == {"0.7"}  # the longest is 0.56 at τ = 1: what moves is the bar
    assert share(page, 0, "fill") < share(page, 0, "ghost")
    assert share(page, 3, "fill") > share(page, 3, "ghost")
    page.get_by_label("axis up to 1").check()
    assert page.locator(".axis span").last.inner_text() == "1"


@pytest.mark.parametrize("width", [390, 800])
def test_the_slider_stays_in_sight(width: int, show: Show) -> None:
    words = [f"w{i}" for i in range(60)]
    logits = torch.linspace(2, 0, 60)
    widget = TemperatureScrubber({"": logits}, words, named=60)
    page = show(widget, width=width, dark=width == 390)
    move(page.locator(".rows .word").first, "End", 1)
    row = page.locator(".rows .word").last
    expect(row).to_be_focused()
    slider = page.get_by_role("slider").first.bounding_box()
    place = row.bounding_box()
    assert slider and place
    assert slider["y"] >= 0 and place["y"] + place["height"] <= 900
    assert slider["y"] + slider["height"] < place["y"]
    page.keyboard.press("Home")
    first = page.locator(".rows .word").first
    console = page.locator(".console").bounding_box()
    place = first.bounding_box()
    assert console and place
    assert place["y"] >= console["y"] + console["height"] - 1
    assert overflow(page) <= 0
    assert not serious(page)
    assert not too_small(page.locator(".card :is(button, select, summary)"))


def test_table_and_python_hold_this_very_state(show: Show) -> None:
    page = show(scrubber(temperature=0.5, other=2.0, top_p=0.9, seed=7))
    show_table(page)
    first = page.locator(".after tbody tr").first.locator("td").all_inner_texts()
    numbers = [wanted("a fat", 1.0), *(wanted("a fat", T, top_p=0.9) for T in (0.5, 2))]
    assert first == ["fox", *(f"{p[0]:.4f}" for p in numbers)]
    keep_copies(page)
    page.get_by_role("button", name="Copy as Python").click()
    *start, call = page.evaluate("window.copied").split("\n")
    names: dict[str, Any] = {"TemperatureScrubber": TemperatureScrubber}
    exec("\n".join(start), names)
    made = eval(call, names)
    assert (made.temperature, made.other, made.top_p, made.seed) == (0.5, 2.0, 0.9, 7)
    assert made.context == "a fat"
    assert made.probs.tolist() == wanted("a fat", 0.5, top_p=0.9)


address = partial(address_of, "temperature")


def test_a_link_opens_what_it_was_made_of(show: Show) -> None:
    page = show(scrubber())
    page.get_by_label("Next word after").select_option("lived in")
    page.get_by_label("compare with a second").check()
    move(page.get_by_label("Second temperature").first, "ArrowLeft", 9)
    keep_copies(page)
    page.get_by_role("button", name="Copy a link").click()
    link = page.evaluate("window.copied")
    numbers = page.locator(".rows .prob2").all_inner_texts()
    again = show(scrubber(), address=link[link.index("#") :])
    assert again.locator(".rows .prob2").all_inner_texts() == numbers
    assert rows(again) == rows(page)


@pytest.mark.parametrize(
    "where",
    [
        "#temperature=%7B",
        "#temperature=null",
        address([1]),
        address({"temperature": "2", "other": 0, "top_k": 99, "top_p": 0, "seed": -1}),
        address({"temperature": math.pi * 9, "other": [], "top_k": 1.5, "seed": 1e20}),
        address({"context": "__proto__"}),
        address({"context": ["a fat"], "top_p": {}}),
    ],
)
def test_nonsense_in_the_address_does_no_harm(where: str, show: Show) -> None:
    assert rows(show(scrubber(), address=where)) == rows(show(scrubber()))


def test_python_knows_the_second_temperature() -> None:
    widget = scrubber(context="lived in", other=2)
    assert widget.context == "lived in"
    assert widget.other_probs is not None
    assert widget.other_probs.tolist() == wanted("lived in", 2.0)
    assert f"At temperature 2 the same words have wolf {widget.other_probs[1]:.4f}" in (
        widget.sentence()
    )
    axes = widget.picture().axes[0]
    assert [len(bars) for bars in axes.containers] == [5, 5]
    assert axes.containers[1][0].get_width() == pytest.approx(
        max(wanted("lived in", 2.0))
    )
    for value in (0, 9, "2", True, math.nan):
        with pytest.raises(ValueError, match=r"^other"):
            scrubber(other=value)
    with pytest.raises(ValueError, match=r"^context"):
        scrubber(context="nowhere")
    widget.other = None
    assert widget.other_probs is None
