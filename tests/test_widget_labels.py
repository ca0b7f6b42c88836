"""How many labels are needed: page and Python agree on means, intervals and what may be said."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from support.widget_page import (
    Show,
    address_of,
    exports,
    keep_copies,
    keeps_up,
    overflow,
    redraw_times,
    serious,
    show_table,
    too_small,
)

from lmlib.files import DATA, read_text
from lmlib.widgets import LabelsNeeded
from lmlib.widgets.base import script

STORED = json.loads(read_text(DATA / "finetuning.json"))
FOUND = STORED["right"] | {name: right for name, (right, _) in STORED["runs"].items()}
SMALL = {
    "<img src=x onerror=alert(1)>": {50: [0.90, 0.88, 0.89], 200: [0.90, 0.91, 0.92]},
    "counts": {
        50: [0.60, 0.62],
        200: [0.70, 0.71],
        800: [0.83, 0.85],
        3200: [0.91, 0.93],
    },
    "once": {50: [0.88]},
    "near": {50: [0.88, 0.91, 0.90], 200: [0.93, 0.94, 0.95]},
}
MARKED = "<img src=x onerror=alert(1)>"


def stored(**settings: Any) -> LabelsNeeded:
    return LabelsNeeded(FOUND, ceiling=0.895, tested=1_000, **settings)


@pytest.fixture
def show(show: Show) -> Show:
    """Each with its own script, as in a notebook."""
    return partial(show, site=False)


@pytest.fixture(scope="module")
def ask(browser: Browser) -> Iterator[Callable[..., Any]]:
    """Call what labels.js exports."""
    with exports(browser, script("labels")) as page:
        yield lambda code, **given: page.evaluate(f"(given) => {code}", given)


def rows(page: Page) -> dict[str, str]:
    return {
        row.locator("th").inner_text(): row.locator("td.numbers").inner_text().strip()
        for row in page.locator(".plot tr").all()
        if row.is_visible()
    }


def wanted(widget: LabelsNeeded) -> dict[str, str]:
    found = {}
    for name, mean, spread in widget._rows():
        found[name] = (
            "not measured"
            if mean is None
            else f"{mean:.3f} " + ("one run" if spread is None else f"± {spread:.3f}")
        )
    return found


def test_means_and_intervals_are_those_of_the_chapter(ask: Callable[..., Any]) -> None:
    widget = stored()
    for name, runs in FOUND.items():
        for n, values in runs.items():
            found = ask("lib.summary(given.values)", values=values)
            error = 2 * statistics.stdev(values) / math.sqrt(len(values))
            assert found["mean"] == pytest.approx(statistics.mean(values), rel=1e-12)
            assert found["spread"] == pytest.approx(error, rel=1e-9)
            assert found["n"] == len(values)
            assert widget.mean(name, int(n)) == found["mean"]
            assert widget.spread(name, int(n)) == pytest.approx(found["spread"])


def test_where_a_level_is_reached(ask: Callable[..., Any]) -> None:
    widget = LabelsNeeded(SMALL)
    for level in (0, 0.61, 0.62, 0.84, 0.89, 0.95):
        for name in SMALL:
            measured = [[n, runs] for n, runs in SMALL[name].items()]
            found = ask(
                "lib.reachedAt(given.measured, given.level)",
                measured=measured,
                level=level,
            )
            assert tuple(found) == widget.reached(name, level)
    assert widget.reached("counts", 0.89) == (800, 3200)
    assert widget.reached("counts", 0.5) == (None, 50)
    assert widget.reached("counts", 0.99) == (3200, None)
    assert widget.interval("once", 50) is None


def test_the_slider_shows_what_python_has(show: Show) -> None:
    widget = stored()
    page = show(widget)
    slider = page.get_by_role("slider", name="Labels for training")
    slider.press("Home")
    for n in widget.sizes:
        widget.n = n
        assert rows(page) == wanted(widget)
        expect(page.locator(".chosen")).to_have_text(f"{n:,}")
        slider.press("ArrowRight")
    expect(page.locator(".said")).to_contain_text("3,200 labels.")


def test_what_may_be_said_of_two(show: Show) -> None:
    page = show(LabelsNeeded(SMALL, ceiling=0.9))
    verdict, reach = page.locator(".verdict"), page.locator(".reach")
    first, second = (
        page.get_by_label("Compare", exact=True),
        page.get_by_label("with", exact=True),
    )
    first.select_option("counts")
    second.select_option(MARKED)
    expect(verdict).to_contain_text(
        f"{MARKED} is ahead of counts by 0.280, and the intervals are apart"
    )
    expect(reach).to_contain_text(
        "counts gets to 0.890 in mean somewhere between 800 and 3,200 labels."
    )
    second.select_option("once")
    expect(verdict).to_contain_text("run only once")
    expect(reach).to_have_text("")
    first.select_option(MARKED)
    second.select_option("near")
    expect(verdict).to_contain_text("overlap: from these runs, nothing can be said")
    expect(verdict).to_have_class("verdict open")
    page.get_by_role("slider").press("ArrowRight")
    expect(verdict).to_contain_text("near is ahead of")
    expect(reach).to_contain_text(
        "does not get to 0.940 in mean with any number measured, 200 at most"
    )
    second.select_option("once")
    expect(verdict).to_contain_text("With 200 labels, once was not measured")
    second.select_option(MARKED)
    expect(verdict).to_have_text("Choose two different methods.")
    assert page.locator("img").count() == 0


def test_methods_can_be_left_out_by_keys_alone(show: Show) -> None:
    page = show(stored())
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    expect(page.locator(".chosen")).to_have_text("3,200")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    widget = stored(n=3200, methods=list(FOUND)[2:])
    assert rows(page) == wanted(widget)
    page.keyboard.press("Tab")
    assert (
        page.evaluate(
            "document.querySelector('[role=group]').shadowRoot.activeElement.ariaLabel"
        )
        == "Compare"
    )
    for name in list(FOUND)[2:]:
        page.get_by_role("checkbox", name=name).uncheck()
    expect(page.get_by_text("No method is shown")).to_be_visible()


BAD = [
    ("results", {}),
    ("results", None),
    ("results", [1]),
    ("results", {"": {5: [0.5]}}),
    ("results", {3: {5: [0.5]}}),
    ("results", {"a": {}}),
    ("results", {"a": [0.5]}),
    ("results", {"a": {5: []}}),
    ("results", {"a": {5: 0.5}}),
    ("results", {"a": {5: "half"}}),
    ("results", {"a": {5: [math.nan]}}),
    ("results", {"a": {5: [0.5, None]}}),
    ("results", {"a": {5: [1.5]}}),
    ("results", {"a": {5: [-0.1]}}),
    ("results", {"a": {0: [0.5]}}),
    ("results", {"a": {"many": [0.5]}}),
    ("results", {"a": {5: [0.5], "5": [0.6]}}),
    ("results", {"a": {2.5: [0.5]}}),
    ("results", {"a": {5: [True]}}),
    ("results", {str(i): {5: [0.5]} for i in range(13)}),
    ("results", {"a": {5: [0.5] * 201}}),
    ("ceiling", math.nan),
    ("ceiling", 1.1),
    ("ceiling", "high"),
    ("tested", 0),
    ("tested", 1.5),
    ("n", 51),
    ("n", "50"),
    ("n", math.nan),
    ("methods", ["magic"]),
    ("methods", "counts"),
    ("methods", 5),
    ("methods", ["counts"] * 5_000),
    ("methods", [["counts"]]),
    ("pair", ["counts"]),
    ("pair", ["counts", "magic"]),
    ("pair", ["counts"] * 3),
    ("labels", {"nothing": "x"}),
]


@pytest.mark.parametrize("name, value", BAD)
def test_python_refuses_what_cannot_be(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{name}"):
        LabelsNeeded(**{"results": SMALL} | {name: value})


def test_a_bad_value_leaves_the_old_one() -> None:
    widget = LabelsNeeded(SMALL)
    for name, value in [
        ("n", 7),
        ("n", None),
        ("methods", None),
        ("methods", ["magic"]),
        ("pair", []),
    ]:
        before = getattr(widget, name)
        with pytest.raises(ValueError, match=f"^{name}"):
            setattr(widget, name, value)
        assert getattr(widget, name) == before


def test_points_stand_over_their_axis(show: Show) -> None:
    for width in (390, 800):
        page = show(stored(), width=width)
        track = page.locator(".track").first.bounding_box()
        axis = page.locator(".axis").bounding_box()
        assert track and axis
        assert abs(track["x"] - axis["x"]) < 2
        assert abs(track["width"] - axis["width"]) < 2


address = partial(address_of, "labels")


def test_a_link_takes_the_state_along(show: Show) -> None:
    state = {
        "n": 800,
        "methods": ["bag of words"],
        "pair": ["frozen features", "from scratch"],
    }
    page = show(stored(), address=address(state))
    assert rows(page) == wanted(stored(**state))
    assert page.get_by_label("with", exact=True).input_value() == "from scratch"


NONSENSE = [
    "#labels=%7B",
    "#labels=3",
    address({"n": 51, "methods": ["magic"], "pair": ["__proto__", "constructor"]}),
    address({"n": "50", "methods": "all", "pair": ["bag of words"]}),
    address({"n": None, "methods": {}, "pair": 7}),
]


@pytest.mark.parametrize("where", NONSENSE)
def test_nonsense_in_the_address_does_no_harm(where: str, show: Show) -> None:
    assert rows(show(stored(), address=where)) == wanted(stored())


def test_copied_python_makes_the_same_state(show: Show) -> None:
    page = show(
        stored(n=200, methods=["LoRA, r = 4"], pair=["LoRA, r = 4", "from scratch"])
    )
    keep_copies(page)
    page.get_by_role("button", name="Copy as Python").click()
    expect(page.locator(".told")).to_have_text("Copied.")
    made = eval(
        page.evaluate("copied"), {"LabelsNeeded": LabelsNeeded, "results": FOUND}
    )
    assert made.sentence() == stored(n=200, methods=["LoRA, r = 4"]).sentence()
    assert (made.pair, made.tested) == (["LoRA, r = 4", "from scratch"], 1_000)


def test_the_table_has_every_number(show: Show) -> None:
    page = show(stored())
    show_table(page)
    cells = page.locator(".whole tbody tr").all_inner_texts()
    assert len(cells) == sum(map(len, FOUND.values()))
    assert cells[0].split() == [
        "bag",
        "of",
        "words,",
        "50",
        "0.6064",
        f"{stored().spread('bag of words', 50):.4f}",
        "10",
    ]


def test_two_on_a_page_keep_apart(show: Show) -> None:
    page = show(stored(), LabelsNeeded(SMALL))
    cards = page.locator("figure")
    cards.nth(0).get_by_role("slider").press("End")
    expect(cards.nth(0).locator(".chosen")).to_have_text("3,200")
    expect(cards.nth(1).locator(".chosen")).to_have_text("50")


def test_where_scripts_do_not_run_there_is_a_picture(show: Show) -> None:
    for widget in (stored(), LabelsNeeded(SMALL)):
        page = show(widget, scripts=False)
        assert page.locator("img").is_visible()
        assert page.locator("img").get_attribute("alt") == widget.sentence()
    assert "The ceiling is 0.895." in stored().sentence()


def test_nothing_jumps_and_nothing_overflows(show: Show) -> None:
    for width in (390, 800):
        page = show(stored(), width=width)
        heights = set()
        for _ in stored().sizes:
            heights.add(page.locator(".card").bounding_box()["height"])  # type: ignore[index]
            assert overflow(page) <= 0
            page.get_by_role("slider").press("ArrowRight")
        assert max(heights) - min(heights) < 1, heights
        targets = "button, label.tick, input[type=range], select, summary"
        assert too_small(page.locator(targets)) == []


@pytest.mark.parametrize("width, scheme", [(390, "light"), (1280, "dark")])
def test_axe_finds_nothing_serious(width: int, scheme: str, show: Show) -> None:
    page = show(stored(), width=width, dark=scheme == "dark")
    show_table(page)
    assert serious(page) == []


def test_a_redraw_takes_no_time(show: Show, summary: Callable[[str], None]) -> None:
    page = show(stored())
    slider = page.locator("input[type=range]")
    times = redraw_times(slider, (i % 5 for i in range(100)))
    keeps_up("labels: slider to points", times, summary)
