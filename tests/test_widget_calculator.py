"""The cost calculator: page and lmlib agree, and what cannot be is answered with a sentence."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
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

from lmlib.machines import CARDS, Machines
from lmlib.scale import running_memory, training_flops, training_memory
from lmlib.scaling_laws import LAWS
from lmlib.widgets import CostCalculator
from lmlib.widgets.base import script
from lmlib.widgets.calculator import MODELS
from lmlib.widgets.costs import BITS
from lmlib.widgets.quantities import in_bytes, plain, power


@pytest.fixture
def show(show: Show) -> Show:
    """Each with its own script, as in a notebook."""
    return partial(show, site=False)


@pytest.fixture(scope="module")
def ask(browser: Browser) -> Iterator[Callable[..., Any]]:
    """Call what calculator.js exports."""
    with exports(browser, script("calculator")) as page:
        yield lambda code, **given: page.evaluate(f"(given) => {code}", given)


def values(page: Page) -> dict[str, str]:
    return {
        row.locator(".what").inner_text(): row.locator("td").inner_text()
        for row in page.locator(".bill tr").all()
    }


def shown_table(page: Page) -> dict[str, float]:
    show_table(page)
    cells = page.locator(".whole tbody td").all_inner_texts()
    return dict(zip(cells[::2], map(float, cells[1::2]), strict=True))


SETTINGS = [
    {},
    {
        "parameters": 125_952,
        "tokens": 1_150_500,
        "device": "V100",
        "devices": 1,
        "utilisation": 0.07,
    },
    {
        "parameters": 134_515_008,
        "tokens": 2e12,
        "device": "H100",
        "devices": 8,
        "utilisation": 0.5,
        "price": 2.25,
    },
    {
        "parameters": 1e12,
        "tokens": 1e14,
        "device": "H100",
        "devices": 100_000,
        "utilisation": 1,
        "price": 0,
    },
    {
        "parameters": 1,
        "tokens": 1,
        "device": "V100",
        "devices": 1,
        "utilisation": 0.001,
        "price": 3,
    },
]


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_page_computes_what_lmlib_does(
    setting: dict[str, Any], ask: Callable[..., Any]
) -> None:
    widget = CostCalculator(**setting)
    state = {name: getattr(widget, name) for name in widget._state}
    found = ask(
        "{ const bill = lib.billOf(given.state, given.data); return { ...bill, cards: bill.cards(bill.train) }; }",
        state=state,
        data=json.loads(json.dumps(widget._data)),
    )
    N, D = widget.parameters, widget.tokens
    flops = training_flops(N, D)
    machines = Machines(
        CARDS[widget.device].peak, widget.utilisation, widget.devices, widget.price
    )
    train = training_memory(N)
    wanted = {
        "flops": flops,
        "hours": machines.hours(flops),
        "days": machines.days(flops),
        "money": machines.money(flops),
        "train": sum(train.values()),
        "ratio": D / N,
    }
    assert {name: found[name] for name in wanted} == pytest.approx(wanted, rel=1e-12)
    assert found["kept"] == pytest.approx(train, rel=1e-12)
    assert found["run"] == pytest.approx([running_memory(N, bits) for bits in BITS])
    assert found["cards"] == widget.cards(sum(train.values()))
    for law in found["laws"]:
        ours = LAWS[law["name"]]
        best = ours.best(flops)
        assert law["loss"] == pytest.approx(float(ours.loss(N, D)), rel=1e-9)
        assert law["bestN"] == pytest.approx(best[0], rel=1e-9)
        assert law["best"] == pytest.approx(float(ours.loss(*best)), rel=1e-9)
    assert widget.days == wanted["days"] and widget.money == wanted["money"]


def test_the_exercise_of_the_chapter_comes_out(show: Show) -> None:
    page = show(CostCalculator(175e9, 300e9, device="A100", utilisation=0.4, price=1.5))
    shown = values(page)
    assert shown["Device-hours"] == "701,122" and shown["Money"] == "1,051,683"
    table = shown_table(page)
    assert table["Work, FLOPs"] == 3.15e23 and table["Money"] == 1.05168e6


@pytest.mark.parametrize("setting", SETTINGS)
def test_picture_and_page_say_the_same(setting: dict[str, Any], show: Show) -> None:
    widget = CostCalculator(**setting)
    assert dict(widget._rows()).items() <= values(show(widget)).items()


READ = {
    "7b": 7e9,
    "7 B": 7e9,
    "350 million": 350e6,
    "1.2e9": 1.2e9,
    "1,000,000": 1e6,
    ".5t": 5e11,
    "125952": 125_952,
    "70 bn": 70e9,
    "1.5 trillion": 1.5e12,
    "2.5k": 2_500,
    "-3": -3,
    "−3": -3,
    "1e-3": 0.001,
    "  12  ": 12,
}
NOT_READ = [
    "",
    "lots",
    "7 bananas",
    "1,5b",
    "1.2.3",
    "NaN",
    "Infinity",
    "0x10",
    "1e9999x",
    "b",
    "7b7",
    "constructor",
    "1 toString",
    "<b>7</b>",
]


def test_amounts_are_read(ask: Callable[..., Any]) -> None:
    found = ask("given.texts.map(lib.readAmount)", texts=list(READ))
    assert found == pytest.approx(list(READ.values()), rel=1e-15)
    assert all(
        math.isnan(x) for x in ask("given.texts.map(lib.readAmount)", texts=NOT_READ)
    )
    shares = {"40 %": 0.4, "40": 0.4, "0.4": 0.4, "1": 1, "0.5%": 0.005, "100%": 1}
    found = ask("given.texts.map(lib.readShare)", texts=list(shares))
    assert found == pytest.approx(list(shares.values()))


def test_a_field_says_exactly_what_is_meant(ask: Callable[..., Any]) -> None:
    amounts = [
        1,
        999,
        1e3,
        125_952,
        134_515_008,
        174.6e9,
        1e12,
        1.2345e9,
        1e15,
        1e18,
        0.5,
        33.6e9,
        123456.789,
    ]
    found = ask(
        "given.amounts.map((x) => lib.readAmount(lib.asField(x)))", amounts=amounts
    )
    assert found == amounts


def test_numbers_are_written_as_in_python(ask: Callable[..., Any]) -> None:
    numbers = [
        0,
        2e-7,
        0.0123,
        1.7182,
        50,
        99.94,
        100,
        1051683.2,
        9.9e14,
        1e15,
        3.14e23,
    ]
    assert ask("given.x.map(lib.plainNumber)", x=numbers) == [*map(plain, numbers)]
    assert ask("given.x.map(lib.asPower)", x=numbers[1:]) == [*map(power, numbers[1:])]
    assert ask("given.x.map(lib.inBytes)", x=numbers) == [*map(in_bytes, numbers)]


BAD = [
    ("parameters", 0),
    ("parameters", -1),
    ("parameters", math.nan),
    ("parameters", math.inf),
    ("parameters", "7b"),
    ("parameters", True),
    ("parameters", None),
    ("parameters", 1e16),
    ("tokens", 0),
    ("tokens", math.nan),
    ("device", "abacus"),
    ("device", None),
    ("device", ["A100"]),
    ("devices", 0),
    ("devices", 1.5),
    ("devices", math.nan),
    ("utilisation", 0),
    ("utilisation", 1.01),
    ("utilisation", math.nan),
    ("price", -1),
    ("price", math.inf),
]


@pytest.mark.parametrize("name, value", BAD)
def test_python_refuses_what_cannot_be(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{name}: "):
        CostCalculator(**{name: value})
    widget = CostCalculator()
    before = getattr(widget, name)
    with pytest.raises(ValueError, match=f"^{name}: "):
        setattr(widget, name, value)
    assert getattr(widget, name) == before


def test_unknown_labels_are_named() -> None:
    with pytest.raises(ValueError, match="labels: "):
        CostCalculator(labels={"nothing": "x"})


TYPED = [
    ("Parameters N", "lots of", "cannot be read"),
    ("Parameters N", "0", "cannot be; it goes from 1 to"),
    ("Tokens D", "-5", "cannot be"),
    ("How many", "2.5", "is no whole number"),
    ("How many", "0", "cannot be"),
    ("Utilisation", "120", "0.01 % to 100 %"),
    ("Utilisation", "a lot", "Write 40 %"),
    ("Price an hour", "-1", "cannot be"),
    ("Price an hour", "<img src=x onerror=alert(1)>", "cannot be read"),
    ("Tokens D", "9e400", "cannot be"),
]


@pytest.mark.parametrize("name, text, answer", TYPED)
def test_a_bad_input_gets_a_sentence(
    name: str, text: str, answer: str, show: Show
) -> None:
    page = show(CostCalculator())
    before = values(page)
    field = page.get_by_role("textbox", name=name)
    field.fill(text)
    field.press("Enter")
    warning = page.locator(".warn")
    expect(warning).to_contain_text(answer)
    expect(warning).to_contain_text(name)
    assert field.get_attribute("aria-invalid") == "true"
    assert values(page) == before
    expect(page.locator(".said")).to_contain_text(answer)
    assert page.locator("img").count() == 0
    # Another control works on, and the field shows again what holds.
    page.get_by_role("button", name="GPT-3").click()
    expect(warning).to_have_text("")
    assert field.input_value() != text


def test_all_works_by_keys(show: Show) -> None:
    page = show(CostCalculator())
    page.keyboard.press("Tab")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(page.locator(".source")).to_contain_text("the book's GPT: 125,952")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.locator(".source")).to_contain_text("SmolLM2-135M")
    for _ in range(2):  # one stop for all models, then the slider and its field
        page.keyboard.press("Tab")
    page.keyboard.press("Control+a")
    page.keyboard.type("7b")
    page.keyboard.press("Tab")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    expect(page.get_by_role("textbox", name="Tokens D")).to_have_value("110k")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("8")
    page.keyboard.press("Tab")
    page.keyboard.type("50")
    page.keyboard.press("Tab")
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    widget = CostCalculator(
        7e9, 110_000, device="H100", devices=8, utilisation=0.5, price=2
    )
    assert dict(widget._rows()).items() <= values(page).items()
    expect(page.locator(".said")).to_contain_text(power(widget.flops))


def test_sliders_go_from_end_to_end(show: Show) -> None:
    page = show(CostCalculator())
    for name, low, high in [
        ("Parameters N", "100k", "1t"),
        ("Tokens D", "100k", "100t"),
    ]:
        slider = page.get_by_role("slider", name=name)
        field = page.get_by_role("textbox", name=name)
        slider.press("End")
        expect(field).to_have_value(high)
        slider.press("Home")
        expect(field).to_have_value(low)
        last = 0.0
        for _ in range(25):  # each press is a step, and none is lost
            slider.press("ArrowRight")
            value = page.evaluate(
                "(text) => Number(text.replace('k', 'e3').replace('m', 'e6'))",
                field.input_value(),
            )
            assert value > last
            last = value


def test_what_does_not_fit_says_so(show: Show) -> None:
    page = show(CostCalculator(devices=8))
    rows = page.locator(".bill tr")
    train = rows.filter(has_text="Memory to train")
    expect(train).to_contain_text("not on one A100: at least 35; you have 8")
    expect(rows.filter(has_text="4 bits")).to_contain_text("at least 2")
    page.get_by_role("button", name="SmolLM2-135M").click()
    expect(train).to_contain_text("fits on one A100")
    assert page.locator(".tight").count() == 0


def test_models_are_those_of_the_chapter() -> None:
    file = Path(__file__).parents[1] / "chapters" / "scale.ipynb"
    code = "\n".join(
        cell.source
        for cell in nbformat.read(file, as_version=4).cells
        if cell.cell_type == "code"
    )
    assert "training_flops(125_952, 1_500 * 767)" in code
    assert "training_flops(1.558e9, 33.6e9)" in code
    assert "training_flops(174.6e9, 300e9)" in code
    assert "D = modern_parameters(real.model.config), 2e12" in code
    for name, law in LAWS.items():
        numbers = f"{law.E}, {law.A}, {law.alpha}, {law.B}, {law.beta}"
        assert f'"{name}": ScalingLaw({numbers})' in code
    for peak in ("peak=312e12", "peak=989e12", "peak=125e12"):
        assert peak in code
    assert {card.peak for card in CARDS.values()} == {312e12, 989e12, 125e12}
    for _, N, D, _ in MODELS:
        assert CostCalculator(N, D).losses


address = partial(address_of, "calculator")


def test_a_link_takes_the_state_along(show: Show) -> None:
    page = show(
        CostCalculator(),
        address=address({"parameters": 7e9, "device": "H100", "devices": 3}),
    )
    widget = CostCalculator(7e9, device="H100", devices=3)
    assert dict(widget._rows()).items() <= values(page).items()


NONSENSE = [
    "#calculator=%7B",
    "#calculator=7",
    "#calculator=null",
    "#calculator=%E0%A4%A",
    address(
        {
            "parameters": -1,
            "tokens": "7b",
            "device": "abacus",
            "devices": 0.5,
            "utilisation": 9,
            "price": None,
        }
    ),
    address({"device": "__proto__"}),
    address({"device": ["A100"]}),
    address([1]),
    address({"parameters": {"a": 1}}),
]


@pytest.mark.parametrize("where", NONSENSE)
def test_nonsense_in_the_address_does_no_harm(where: str, show: Show) -> None:
    page = show(CostCalculator(), address=where)
    assert dict(CostCalculator()._rows()).items() <= values(page).items()


def test_copied_python_makes_the_same_state(show: Show, browser: Browser) -> None:
    page = show(
        CostCalculator(
            134_515_008, 2e12, device="V100", devices=7, utilisation=0.31, price=0.25
        )
    )
    keep_copies(page)
    page.get_by_role("button", name="Copy as Python").click()
    expect(page.locator(".told")).to_have_text("Copied.")
    made = eval(page.evaluate("copied"), {"CostCalculator": CostCalculator})
    assert [getattr(made, name) for name in made._state] == [
        134_515_008,
        2e12,
        "V100",
        7,
        0.31,
        0.25,
    ]


def test_two_on_a_page_keep_apart(show: Show) -> None:
    page = show(CostCalculator(), CostCalculator(7e9, 1e12))
    cards = page.locator("figure")
    cards.nth(1).get_by_role("button", name="GPT-3").click()
    cards.nth(0).get_by_role("button", name="LLaMA-65B").click()
    expect(cards.nth(0).locator(".source")).to_contain_text("LLaMA-65B")
    expect(cards.nth(1).locator(".source")).to_contain_text("GPT-3")


def test_where_scripts_do_not_run_there_is_a_picture(show: Show) -> None:
    widget = CostCalculator()
    page = show(widget, scripts=False)
    assert page.locator("img").is_visible()
    alt = page.locator("img").get_attribute("alt")
    assert alt == widget.sentence() and "29.1 days" in alt


def test_nothing_jumps_and_nothing_overflows(show: Show) -> None:
    for width in (390, 800):
        page = show(CostCalculator(), width=width)
        heights = set()
        for name, *_ in MODELS:
            page.get_by_role("button", name=name).click()
            heights.add(page.locator(".card").bounding_box()["height"])  # type: ignore[index]
            assert overflow(page) <= 0
        field = page.get_by_role("textbox", name="Tokens D")
        field.fill("many")
        field.press("Enter")
        heights.add(page.locator(".card").bounding_box()["height"])  # type: ignore[index]
        assert max(heights) - min(heights) < 1, heights
        targets = page.locator("button, input, select, summary")
        assert too_small(targets) == []


@pytest.mark.parametrize("width, scheme", [(390, "light"), (1280, "dark")])
def test_axe_finds_nothing_serious(width: int, scheme: str, show: Show) -> None:
    page = show(CostCalculator(), width=width, dark=scheme == "dark")
    show_table(page)
    field = page.get_by_role("textbox", name="Tokens D")
    field.fill("many")
    field.press("Enter")
    assert serious(page) == []


def test_a_redraw_takes_no_time(show: Show, summary: Callable[[str], None]) -> None:
    page = show(CostCalculator())
    times = redraw_times(page.locator("input[type=range]").first, range(100))
    keeps_up("calculator: slider to table", times, summary)
    assert re.fullmatch(
        r"\d[\d.]*[kmbt]?",
        page.get_by_role("textbox", name="Parameters N").input_value(),
    )
