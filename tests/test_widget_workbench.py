"""The attention workbench in a real browser: its numbers, its keys, its sentences."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from playwright.sync_api import Locator, Page, expect
from support.widget_page import Show, address_of, overflow, serious, show_table

from lmlib.attention import causal_mask, scaled_dot_product_attention
from lmlib.widgets import AttentionWorkbench
from lmlib.widgets.base import source
from lmlib.widgets.workbench import COLUMNS, TOKENS, W_K, W_Q, W_V, X


@pytest.fixture
def show(show: Show) -> Show:
    """Each with its own script, as in a notebook, on the page of a phone's height."""
    return partial(show, site=False, height=844)


def numbers(page: Page, part: str) -> list[list[float]]:
    """What a table of the page holds, to all digits."""
    rows = page.locator(f".matrix.{part} tr").evaluate_all(
        """rows => rows.slice(1).map((row) => [...row.querySelectorAll('td')].map((cell) =>
          cell.querySelector('input')?.value ?? cell.title))"""
    )
    return [[float(x.replace("−", "-").replace("∞", "inf")) for x in row] for row in rows]  # fmt: skip


def same(page: Page, widget: AttentionWorkbench) -> None:
    """Every matrix of the page is the one that Python has."""
    last = "m" if widget.mask else "d" if widget.scale else "s"
    wanted = {"q": widget.q, "k": widget.k, "v": widget.v, last: widget.scores}
    wanted |= {"a": widget.weights, "o": widget.output}
    for part, tensor in wanted.items():
        shown = torch.tensor(numbers(page, part), dtype=torch.float64)
        torch.testing.assert_close(shown, tensor, rtol=1e-9, atol=1e-9)


def cell(page: Page, part: str, i: int, j: int) -> Locator:
    row = page.locator(f".matrix.{part} tr").nth(i + 1)
    return row.locator("td:has(input), td[aria-selected]").nth(j)


def write(page: Page, part: str, i: int, j: int, text: str) -> Locator:
    field = cell(page, part, i, j).locator("input")
    field.fill(text)
    field.press("Enter")
    return field


def drawn(T: int, C: int, D: int, E: int, seed: int = 0) -> list[list[list[float]]]:
    generator = torch.Generator().manual_seed(seed)
    shapes = [(T, C), (C, D), (C, D), (C, E)]
    return [
        (2 * torch.randn(shape, generator=generator, dtype=torch.float64))
        .round(decimals=3)
        .tolist()
        for shape in shapes
    ]


def test_the_first_numbers_are_those_of_the_chapter() -> None:
    widget = AttentionWorkbench()
    one = torch.eye(4, dtype=torch.float64)
    x = torch.tensor(X, dtype=torch.float64)
    q, k = x @ (3 * one[:, [3]]), x @ one[:, [1]]
    output, weights = scaled_dot_product_attention(q, k, x, causal_mask(4))
    assert widget.scores[3].tolist() == [0, 0, 6, 3]
    torch.testing.assert_close(widget.weights, weights)
    torch.testing.assert_close(widget.output, output)
    assert "ashby 0.948" in widget.sentence()


@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("mask", [True, False])
@pytest.mark.parametrize("T, C, D, E", [(4, 4, 1, 4), (4, 3, 3, 2), (1, 1, 1, 1)])
def test_the_page_computes_what_lmlib_does(
    T: int, C: int, D: int, E: int, scale: bool, mask: bool, show: Show
) -> None:
    widget = AttentionWorkbench(*drawn(T, C, D, E), scale=scale, mask=mask)
    page = show(widget)
    same(page, widget)
    assert numbers(page, "x") == widget.x


def test_large_scores_overflow_nothing(show: Show) -> None:
    widget = AttentionWorkbench([[1000], [-1000]], [[1000]], [[1000]], [[1]])
    same(show(widget), widget)
    assert widget.weights.isfinite().all()


def test_a_number_a_switch_and_a_size_change_what_follows(show: Show) -> None:
    page = show(AttentionWorkbench())
    write(page, "w_q", 3, 0, "−0,5")
    x = [[*row] for row in X]
    w_q: list[list[float]] = [[0], [0], [0], [-0.5]]
    same(page, AttentionWorkbench(x, w_q, W_K, W_V))
    page.get_by_label("d_k", exact=False).select_option("2")
    two = [[row[0]] * 2 for row in w_q], [[row[0]] * 2 for row in W_K]
    same(page, AttentionWorkbench(x, *two, W_V))
    page.get_by_label("divide by").uncheck()
    page.get_by_label("hide the future").uncheck()
    same(page, AttentionWorkbench(x, *two, W_V, scale=False, mask=False))
    assert page.locator(".parts button:visible").count() == 6
    page.get_by_role("button", name="First numbers").click()
    same(page, AttentionWorkbench())


def test_every_number_can_be_changed(show: Show) -> None:
    given = drawn(3, 2, 2, 3, seed=4)
    page = show(AttentionWorkbench(*drawn(3, 2, 2, 3)))
    for part, matrix in zip(("x", "w_q", "w_k", "w_v"), given, strict=True):
        for i, row in enumerate(matrix):
            for j, value in enumerate(row):
                write(page, part, i, j, str(value))
    same(page, AttentionWorkbench(*given))


BROKEN = {word: word for word in ("abc", "1e999", "1001", "--1", "NaN", "0x1")}
BROKEN[""] = "needs a number"


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_number_keeps_the_last_good_one(text: str, show: Show) -> None:
    page = show(AttentionWorkbench())
    note = page.locator(".note")
    field = write(page, "x", 0, 0, text)
    expect(note).to_contain_text(BROKEN[text])
    expect(note).to_contain_text("keep")
    assert field.input_value() == "2"
    same(page, AttentionWorkbench())
    write(page, "x", 0, 0, "2.5")
    expect(note).to_be_empty()
    # What is good on the way to a broken number does not stay either.
    field.press("Control+a")
    field.press_sequentially("5000")
    field.press("Enter")
    assert field.input_value() == "2.5" and numbers(page, "x")[0][0] == 2.5
    expect(page.get_by_role("status").first).to_contain_text("5000")


def test_cell_by_cell_and_back(show: Show) -> None:
    widget = AttentionWorkbench(scale=False, step=0)
    page = show(widget)
    forward = page.get_by_role("button", name="Compute one cell")
    back = page.get_by_role("button", name="One cell back")
    filled = page.locator(".matrix td[aria-selected]:not(:empty)")
    assert filled.count() == 0 and back.is_disabled()
    for n in range(1, widget.steps + 1):
        forward.click()
        assert filled.count() == n
        assert page.locator(".matrix td.now").count() == 1
        assert "=" in page.locator(".sum").inner_text() or "→" in page.locator(".sum").inner_text()  # fmt: skip
    same(page, widget)
    back.click()
    assert filled.count() == widget.steps - 1
    page.get_by_role("button", name="All", exact=True).click()
    assert filled.count() == widget.steps


def test_a_cell_shows_what_made_it(show: Show) -> None:
    page = show(AttentionWorkbench())
    made = page.locator(".matrix td.from")
    cases = {
        ("q", 3, 0): (8, "0·0 + 1·0 + 1·0 + 1·3 = 3", ["q"]),
        ("s", 3, 2): (2, "3·2 = 6", ["s"]),
        ("d", 3, 2): (1, "6 / √1 = 6", ["d"]),
        ("m", 0, 1): (1, "0 → −∞", ["m"]),
        ("a", 3, 2): (4, "exp(6 − 6) / (exp(0 − 6) + exp(0 − 6) + exp(6 − 6) + exp(3 − 6)) = 1 / 1.055 = 0.948", ["a"]),
        ("o", 3, 1): (8, "0.002·0 + 0.002·0 + 0.948·2 + 0.047·1 = 1.94", ["v"]),
    }  # fmt: skip
    for (part, i, j), (sources, sum_of, hot) in cases.items():
        cell(page, part, i, j).click()
        assert made.count() == sources, part
        expect(page.locator(".sum")).to_have_text(sum_of)
        terms = page.locator(".formula .hot").evaluate_all(
            "terms => terms.map((term) => term.dataset.part)"
        )
        assert terms == hot
    # A negative factor stands in brackets.
    write(page, "w_q", 3, 0, "-3")
    cell(page, "s", 3, 2).click()
    expect(page.locator(".sum")).to_have_text("(−3)·2 = −6")
    expect(page.locator(".fetches")).to_contain_text("“to” takes")


def test_all_of_it_works_by_keyboard(show: Show) -> None:
    page = show(AttentionWorkbench(step=0))
    slider = page.get_by_label("Cells computed")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert page.locator(".matrix td[aria-selected]:not(:empty)").count() == 2
    assert "left" in (slider.get_attribute("aria-valuetext") or "")
    page.keyboard.press("End")
    same(page, AttentionWorkbench())
    page.keyboard.press("Tab")  # the parts of the computation: one stop
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    assert page.locator(".parts button[aria-pressed=true]").inner_text() == "÷ √dk"
    page.keyboard.press("Tab")  # X: one stop
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.type("7")
    page.keyboard.press("Tab")
    assert numbers(page, "x")[1] == [0, 7, 1, 0]
    for _ in range(3):
        page.keyboard.press("Tab")  # over W_K and W_V to Q
    page.keyboard.press("ArrowDown")
    expect(page.locator(".matrix.q td.now")).to_have_attribute("aria-selected", "true")
    stops = page.locator(".matrix").evaluate_all(
        "all => all.map((m) => m.querySelectorAll('[tabindex=\"0\"]').length)"
    )
    assert stops == [1] * 12


def test_a_switch_keeps_the_place(show: Show) -> None:
    page = show(AttentionWorkbench(step=8 + 16 + 16 + 3))  # in the division
    filled = page.locator(".matrix td[aria-selected]:not(:empty)")
    page.get_by_label("hide the future").uncheck()
    assert filled.count() == 43
    page.get_by_label("divide by").uncheck()
    assert filled.count() == 40  # the scores are complete


NONSENSE = [
    "#workbench=%",
    "#workbench=[1]",
    '#workbench={"x":[[1]],"w_q":"a","w_k":[],"w_v":[[1e999]],"scale":3,"step":-1}',
    '#workbench={"x":[["a",0,0,0],[0,0,0,0],[0,0,0,0],[0,0,0,0]],"step":9999}',
    '#workbench={"w_q":[[1,1],[1],[1],[1]],"w_k":[[1],[1],[1],[1]],"mask":null}',
    '#workbench={"w_q":[[5000],[0],[0],[0]],"w_k":[[0],[1],[0],[0]],"step":1.5}',
    '#workbench={"w_v":[null,null,null,null],"x":{"length":4}}',
]


@pytest.mark.parametrize("address", NONSENSE)
def test_nonsense_in_the_address_does_nothing(address: str, show: Show) -> None:
    same(show(AttentionWorkbench(), address=address), AttentionWorkbench())


def test_an_address_brings_its_state_back(show: Show) -> None:
    given = dict(
        zip(("x", "w_q", "w_k", "w_v"), drawn(4, 4, 3, 2, seed=9), strict=True)
    )
    state = given | {"scale": False, "mask": False, "step": 20}
    page = show(AttentionWorkbench(), address=address_of("workbench", state))
    assert page.locator(".matrix td[aria-selected]:not(:empty)").count() == 20
    page.get_by_role("button", name="All", exact=True).click()
    same(page, AttentionWorkbench(*given.values(), scale=False, mask=False))


def test_python_that_is_copied_makes_the_same(show: Show) -> None:
    page = show(AttentionWorkbench(mask=False, step=9))
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: null })")
    page.get_by_role("button", name="Copy as Python").click()
    told = page.locator(".after .told")
    expect(told).to_contain_text("AttentionWorkbench(")
    made = eval(told.inner_text(), {"AttentionWorkbench": AttentionWorkbench})
    assert (made.x, made.w_q, made.mask, made.step) == (X, W_Q, False, 9)
    assert made._data["tokens"] == TOKENS and made._data["columns"] == COLUMNS
    show_table(page)
    assert page.locator(".whole tbody tr").count() == 4


def test_words_are_text(show: Show) -> None:
    words = ["<img src=x onerror=alert(1)>", "$x$", "a b", "\n"]
    widget = AttentionWorkbench(tokens=words, columns=["</script><b>", *COLUMNS[1:]])
    page = show(widget)
    assert page.locator(".matrix.x th .label").first.text_content() == "</script><b>"
    assert page.locator(".matrix.q th[scope=row]").all_text_contents() == widget._data["tokens"]  # fmt: skip
    cell(page, "a", 3, 0).click()
    expect(page.locator(".why")).to_contain_text(words[0])
    assert page.locator("figure img, figure b").count() == 0
    assert "\n" not in widget.sentence()


def test_two_on_one_page_are_apart(show: Show) -> None:
    second = AttentionWorkbench(*drawn(2, 3, 2, 2))
    page = show(AttentionWorkbench(), second)
    figures = page.locator("figure")
    figures.first.get_by_label("hide the future").uncheck()
    expect(figures.last.get_by_label("hide the future")).to_be_checked()
    assert figures.last.locator(".matrix.a td[aria-selected]").count() == 4


def test_without_scripts_there_is_the_picture(show: Show) -> None:
    widget = AttentionWorkbench()
    picture = show(widget, scripts=False).locator("img")
    assert picture.get_attribute("alt") == widget.sentence()
    expect(picture).to_be_visible()


@pytest.mark.parametrize("sizes", [(4, 4, 4, 4), (4, 4, 1, 4)])
def test_it_fits_a_phone(sizes: tuple[int, int, int, int], show: Show) -> None:
    page = show(AttentionWorkbench(*drawn(*sizes)), width=390)
    for part in page.locator(".parts button").all():
        part.click()
        assert overflow(page) == 0
        boxes = [m.bounding_box() for m in page.locator(".matrix:visible").all()]
        assert 2 <= len(boxes) <= 3
        assert all(box and box["x"] + box["width"] <= 372 for box in boxes)
        assert max(box["y"] + box["height"] for box in boxes if box) <= 844
    targets = ".card button:visible, input:visible, td[aria-selected]:visible"
    for field in page.locator(targets).all():
        box = field.bounding_box()
        assert box and min(box["width"], box["height"]) >= 18  # a tick has its label


def test_a_step_moves_nothing_above_the_matrices(show: Show) -> None:
    page = show(AttentionWorkbench(), width=390)
    tops = set()
    for part in page.locator(".parts button").all():
        part.click()
        box = page.locator(".sheet").bounding_box()
        assert box
        tops.add(round(box["y"]))
    assert len(tops) == 1


@pytest.mark.parametrize("width, dark", [(390, False), (1280, True)])
def test_axe_finds_nothing_serious(width: int, dark: bool, show: Show) -> None:
    page = show(AttentionWorkbench(), width=width, dark=dark)
    cell(page, "a", 3, 2).click()
    assert serious(page) == []


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "shape": (lambda: AttentionWorkbench([1, 2]), r"x: shape \(2,\)"),
    "five": (lambda: AttentionWorkbench([[1]] * 5), r"x: shape \(5, 1\)"),
    "none": (lambda: AttentionWorkbench([[]]), r"x: shape"),
    "uneven": (lambda: AttentionWorkbench([[1], [1, 2]]), "x: not an array"),
    "words": (lambda: AttentionWorkbench([["a"]]), "x: not an array"),
    "nan": (lambda: AttentionWorkbench([[math.nan]]), "x: nan"),
    "inf": (lambda: AttentionWorkbench([[math.inf]]), "x: inf"),
    "large": (lambda: AttentionWorkbench([[1001]]), "x: 1001 .*±1000"),
    "w_q": (lambda: AttentionWorkbench(w_q=[[1]]), "w_q: 1 rows.*4"),
    "w_k": (lambda: AttentionWorkbench(w_k=[[1]]), "w_k: 1 rows.*4"),
    "w_v": (lambda: AttentionWorkbench(w_v=[[1]]), "w_v: 1 rows.*4"),
    "d_k": (lambda: AttentionWorkbench(w_q=torch.eye(4)), "w_q, w_k: 4 and 1"),
    "tokens": (lambda: AttentionWorkbench(tokens=["a"]), "tokens: .*4 words"),
    "no words": (lambda: AttentionWorkbench(tokens=[1, 2, 3, 4]), "tokens:"),
    "number": (lambda: AttentionWorkbench(tokens=4), "tokens: 4 are not the 4 words"),
    "columns": (lambda: AttentionWorkbench(columns="abcd"), "columns: 'abcd'"),
    "scale": (lambda: AttentionWorkbench(scale=1), "scale: 1 "),
    "mask": (lambda: AttentionWorkbench(mask=None), "mask: None"),
    "step False": (lambda: AttentionWorkbench(step=False), "step: False"),
    "step": (lambda: AttentionWorkbench(step=105), "step: 105 .*104"),
    "half": (lambda: AttentionWorkbench(step=1.5), "step: 1.5"),
    "label": (lambda: AttentionWorkbench(labels={"titel": "x"}), "labels.*titel"),
}


@pytest.mark.parametrize("make, message", BAD.values(), ids=BAD)
def test_bad_values_are_named(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"(?s){message}"):
        make()


def test_a_live_one_can_be_set_from_python() -> None:
    widget = AttentionWorkbench()
    widget.x = torch.eye(4)
    assert widget.x == torch.eye(4).tolist()
    widget.scale = False
    assert widget.step == widget.steps == 88
    widget.step = 3
    widget.step = None
    assert widget.step == 88
    with pytest.raises(ValueError, match=r"w_q, w_k"):
        widget.w_q = torch.eye(4)
    with pytest.raises(ValueError, match=r"x: 2 rows"):
        widget.x = torch.ones(2, 4)
    assert widget.w_q == W_Q and widget.x == torch.eye(4).tolist()
    with widget.hold_trait_notifications():
        widget.w_q = widget.w_k = torch.eye(4)
    assert widget.q.shape == (4, 4)


def test_the_script_is_small() -> None:
    script = re.sub(r"^const CSS = .*\n", "", source("workbench"))
    assert len(script.encode()) <= 30_000
