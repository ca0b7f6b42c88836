"""The layer stream in a real browser: the numbers of lmlib, whatever is off, and a page that can be used by all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import torch
from matplotlib.figure import Figure
from playwright.sync_api import Browser, Locator, Page, expect
from support.widget_page import (
    Show,
    address_of,
    exports,
    keep_copies,
    kernel_page,
    overflow,
    serious,
    show_table,
    too_small,
)

from lmlib.blocks import Config
from lmlib.pretrained import load_book_gpt
from lmlib.stories import STORIES, WORDS
from lmlib.transformer import GPT
from lmlib.widgets import LayerStream
from lmlib.widgets.base import script
from lmlib.widgets.labels import STREAM
from lmlib.widgets.live import pack_live
from lmlib.widgets.stages import Stage

ROOT = Path(__file__).parents[1]
SHORT = "once upon a time a wise king named tom lived in"
PARTS = ["residual", "norm"]
for layer in (0, 1):
    PARTS += [f"attention {layer}", *(f"head {layer}.{head}" for head in range(4))]
    PARTS += [f"feed-forward {layer}"]
CASES = [
    [],
    *([part] for part in PARTS),
    ["residual", "norm"],
    ["residual", "attention 1"],
    ["norm", "head 0.1", "feed-forward 1"],
    ["attention 0", "attention 1"],
    PARTS,
]


@pytest.fixture(scope="module")
def module(browser: Browser) -> Iterator[Callable[..., Any]]:
    """Evaluate with the functions of the widget's own module, which a kernel sends."""
    with exports(browser, script("stream", live=True)) as page:
        yield page.evaluate


IN_PAGE = """({ packed, ids, cases }) => {
  const gpt = lib.makeGpt(packed);
  const size = (x) => Math.hypot(...x);
  return cases.map((off) => {
    const session = gpt.session({ off });
    let step;
    for (const id of ids) step = session.push(id);
    const found = [{ name: "embedding", x: step.stream[0], added: null }, ...step.parts];
    return {
      logits: [...step.logits],
      stages: found.map(({ name, x, added }) => [name, [...session.lens(x)], size(x), added && size(added)]),
    };
  });
}"""


def same_stages(found: list[Any], wanted: list[Stage]) -> None:
    assert [name for name, *_ in found] == [stage.name for stage in wanted]
    for (_, logits, length, added), stage in zip(found, wanted, strict=True):
        log_probs = torch.tensor(logits, dtype=torch.float64).log_softmax(-1)
        torch.testing.assert_close(log_probs.exp(), stage.probs, rtol=0, atol=1e-3)
        wide = max(1.0, stage.probs.log().abs().max().item() / 20)
        torch.testing.assert_close(
            log_probs, stage.probs.log(), rtol=0, atol=1e-3 * wide
        )
        assert length == pytest.approx(stage.length, rel=1e-4, abs=1e-3)
        assert (added is None) == (stage.added is None)
        if added is not None:
            assert added == pytest.approx(stage.added, rel=1e-4, abs=1e-3)


@pytest.mark.parametrize("seed", [1, 2])
def test_page_and_modules_agree_whatever_is_off(
    seed: int, module: Callable[..., Any]
) -> None:
    n = (40, 90)[seed - 1]
    text = " ".join(" ".join(STORIES.sample(2, seed=seed)).split()[:n])
    widget = LayerStream(text)
    given = {"packed": pack_live(load_book_gpt()), "ids": [0, *WORDS.encode(text)]}
    found = module(IN_PAGE, {**given, "cases": CASES})
    for off, one in zip(CASES, found, strict=True):
        widget.off = off
        same_stages(one["stages"], widget.stages)
        assert one["logits"] == one["stages"][-1][1]
    same_stages(found[0]["stages"], widget.whole)


def test_nothing_off_is_the_model_itself() -> None:
    widget = LayerStream()
    ids = torch.tensor([[0, *WORDS.encode(widget.text)]])
    model = load_book_gpt()
    with torch.no_grad():
        wanted = model(ids, last=True)[0, 0].double().softmax(-1)
        lengths = [x.norm().item() for x in streams(model, ids)]
    torch.testing.assert_close(widget.stages[-1].probs, wanted, rtol=0, atol=1e-5)
    assert [s.length for s in widget.stages[::2]] == pytest.approx(lengths, abs=1e-4)


def streams(model: GPT, ids: torch.Tensor) -> list[torch.Tensor]:
    """The last word's vector before the first block and behind each."""
    found = [model.decoder.embedded(ids)]
    for block in model.decoder.blocks:
        found.append(block(found[-1])[0])
    return [x[0, -1] for x in found]


def test_one_head_fetches_the_town() -> None:
    """What the chapter says."""
    widget = LayerStream()
    said = {}
    for part in PARTS:
        widget.off = [part]
        said[part] = widget.stages[-1].top(1)[0]
    lost = {part for part, (word, _) in said.items() if word != "winterham"}
    assert lost == {"head 0.1", "attention 0", "feed-forward 0", "norm", "residual"}
    assert said["head 0.1"][0] == said["norm"][0] == "oakton"
    assert widget.whole[-1].top(1)[0][0] == "winterham"
    *_, towns = STORIES.follow(SHORT.split())
    assert max(towns, key=lambda town: towns[town]) == "oakton"
    assert said["residual"][0] not in towns


def test_adjust_is_as_before(module: Callable[..., Any]) -> None:
    found = module(
        """({ packed, ids }) => {
          const gpt = lib.makeGpt(packed);
          const read = (options) => {
            const session = gpt.session(options);
            let step;
            for (const id of ids) step = session.push(id);
            return [...step.logits];
          };
          const adjust = (layer, head, weights) => { if (layer === 1 && head === 2) weights.fill(0); };
          return [read(), read({}), read({ adjust }), read({ off: ["head 1.2"] })];
        }""",
        {"packed": pack_live(load_book_gpt()), "ids": [0, *WORDS.encode(SHORT)]},
    )
    plain, same, adjusted, off = found
    assert plain == same != adjusted == off


def switch(page: Page, name: str) -> Locator:
    return page.get_by_role("switch", name=name)


def shown(page: Page) -> list[list[str]]:
    """Word and probability of the likeliest three behind each part."""
    bars = page.locator(".says .bar").all()
    texts = [
        f"{bar.locator('.name').inner_text()} {bar.locator('.numbers').inner_text()}"
        for bar in bars
    ]
    return [texts[i : i + 3] for i in range(0, len(texts), 3)]


def written(p: float) -> str:
    return "<0.001" if 0 < p < 0.001 else f"{p:.3f}"


def wanted(widget: LayerStream) -> list[list[str]]:
    return [
        [f"{word} {written(p)}" for word, p in top] for _, top, _, _ in widget.table
    ]


def test_switches_show_what_lmlib_computes(show: Show) -> None:
    widget = LayerStream()
    page = show(widget)
    assert shown(page) == wanted(widget)
    told = page.locator(".does > .numbers").all_inner_texts()
    assert told[0] == f"length {widget.table[0][2]:.2f}"
    assert told[1] == f"adds {widget.table[1][3]:.2f} · length {widget.table[1][2]:.2f}"
    assert page.locator(".verdict").inner_text().startswith("The whole model says “winterham”: 0.99")  # fmt: skip
    expect(page.locator(".ghost").first).to_be_hidden()
    head = page.get_by_role(
        "switch", name="head 1 of block 0, looks most at “winterham”"
    )
    expect(head).to_have_attribute("aria-checked", "true")
    head.click()
    widget.off = ["head 0.1"]
    assert shown(page) == wanted(widget)
    expect(switch(page, "head 1 of block 0")).to_have_attribute("aria-checked", "false")
    assert "Now “oakton” leads: 0.99" in page.locator(".verdict").inner_text()
    answers = page.locator(".answer .bar:not(.head)").all()
    first = answers[0].locator(".numbers").all_inner_texts()
    second = answers[1].locator(".numbers").all_inner_texts()
    whole = dict(widget.whole[-1].top(5))
    assert {answers[i].locator(".name").inner_text() for i in (0, 1)} == {"oakton", "winterham"}  # fmt: skip
    assert written(whole["winterham"]) in (first[1], second[1])
    expect(page.locator(".answer .ghost").first).to_be_visible()
    switch(page, "residual").click()
    widget.off = ["head 0.1", "residual"]
    assert widget.off == ["residual", "head 0.1"]
    assert shown(page) == wanted(widget)
    assert page.locator(".does > .numbers").nth(1).inner_text().startswith("gives ")
    assert page.locator(".node").nth(1).inner_text() == "="
    page.get_by_role("button", name="All on").click()
    widget.off = []
    assert shown(page) == wanted(widget)
    expect(page.get_by_role("button", name="All on")).to_be_disabled()


def test_typing_a_text(show: Show) -> None:
    page = show(LayerStream())
    field = page.get_by_label("A text, up to the word that we follow").first
    for text in (SHORT, "Once upon a time a wise king named tom lived in oakton. the", ""):  # fmt: skip
        field.fill(text)
        assert shown(page) == [
            [line.replace("<end>", "(the end)") for line in row]
            for row in wanted(LayerStream(text))
        ]
    assert page.locator(".followed").inner_text() == "“(start)” + place 0"
    field.fill("once upon a time a wis")
    assert page.locator(".note").inner_text().startswith("“wis” is not whole yet")
    field.fill("once upon a tyme a wise")
    assert "“tyme” is not among the 303 words" in page.locator(".note").inner_text()
    assert page.locator(".followed").inner_text() == "“a” + place 3"
    page.get_by_role("button", name="time", exact=True).click()
    expect(field).to_have_value("once upon a time a wise")
    expect(field).to_be_focused()
    assert page.locator(".note").inner_text() == ""
    field.fill(SHORT + " oakton" * 120)
    assert "reads 99 words" in page.locator(".note").inner_text()
    page.get_by_role("button", name="First text").click()
    expect(field).to_have_value(STREAM["start"])


def test_a_near_word_takes_the_place_of_the_word_alone(show: Show) -> None:
    page = show(LayerStream())
    field = page.get_by_label("A text, up to the word that we follow").first
    field.fill("a wise king . kin was")
    page.get_by_role("button", name="king", exact=True).click()
    expect(field).to_have_value("a wise king . king was")


def test_keyboard_alone(show: Show) -> None:
    page = show(LayerStream())
    page.get_by_label("A text, up to the word that we follow").first.focus()
    page.keyboard.press("Tab")  # the first text is already there: on to the switches
    focused = "() => document.querySelector('figure > div > div').shadowRoot.activeElement.getAttribute('aria-label')"
    assert page.evaluate(focused) == "residual"
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    assert page.evaluate(focused).startswith("head 1 of block 0")
    page.keyboard.press("Enter")
    assert "oakton" in page.locator(".verdict").inner_text()
    page.keyboard.press("Space")
    assert page.locator(".verdict").inner_text().startswith("The whole model says")
    page.keyboard.press("End")
    assert page.evaluate(focused) == "feed-forward of block 1"
    page.keyboard.press("Space")
    page.keyboard.press("Home")
    assert page.evaluate(focused) == "residual"
    assert page.locator("[role=switch][tabindex='0']").count() == 1
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # all on
    assert page.evaluate(focused) == "residual"
    expect(page.locator(".said")).to_contain_text("All on. The whole model says")


def test_state_in_the_address_and_as_python(show: Show) -> None:
    state = {"text": SHORT, "off": ["norm", "head 1.3"]}
    page = show(LayerStream(), address=address_of("stream", state))
    assert shown(page) == wanted(LayerStream(SHORT, ["norm", "head 1.3"]))
    keep_copies(page)
    page.get_by_role("button", name="Copy as Python").click()
    assert page.evaluate("copied") == f'LayerStream("{SHORT}", off=["norm", "head 1.3"])'  # fmt: skip
    show_table(page)
    rows = page.locator("tbody tr").all()
    assert len(rows) == 5
    assert rows[1].inner_text().startswith("attention of block 0")


@pytest.mark.parametrize(
    "state",
    [
        '{"text": 5, "off": "norm"}',
        '{"text": "<img src=x onerror=alert(1)>", "off": [null, 7, "head 9.9", {"a": 1}, "__proto__"]}',
        '{"off": {"length": 3}}',
        "[1]",
        "%7B",
        json.dumps({"text": "tom " * 3000}),
    ],
)
def test_nonsense_in_the_address_does_no_harm(state: str, show: Show) -> None:
    page = show(
        LayerStream(), address=f"#stream={state if state == '%7B' else quote(state)}"
    )
    assert page.locator("[role=switch][aria-checked=false]").count() == 0
    assert page.locator("img").count() == 0
    switch(page, "norms").click()
    assert page.locator("[role=switch][aria-checked=false]").count() == 1


def test_markup_stays_text(show: Show) -> None:
    mark = "<img src=x onerror=alert(1)>"
    page = show(
        LayerStream(SHORT, labels={"attention": mark, "all_on": "</script><b>"})
    )
    assert mark in page.locator(".part").all_inner_texts()
    page.get_by_label("A text, up to the word that we follow").first.fill(mark)
    assert "“<” is not among" in page.locator(".note").inner_text()
    assert page.locator("img").count() == page.locator("b").count() == 0


def test_two_on_one_page(show: Show) -> None:
    page = show(LayerStream(SHORT), LayerStream(off=["residual"]))
    assert page.locator("[role=switch][aria-checked=false]").count() == 1
    page.get_by_role("switch", name="norms").first.click()
    offs = page.locator("figure").nth(0).locator("[aria-checked=false]")
    assert offs.count() == 1
    assert page.locator("figure").nth(1).locator("[aria-checked=false]").count() == 1


def test_another_model_in_a_kernel(browser: Browser) -> None:
    model = GPT(Config(len(WORDS.vocab), 30, 1, 2, 16), seed=3).eval()
    widget = LayerStream(SHORT, ["head 0.1"], model=model)
    with kernel_page(browser, widget) as page:
        assert shown(page) == wanted(widget)
        assert page.get_by_role("switch").count() == len(widget.parts()) == 6


BAD = [
    ({"text": "once upon a tyme"}, "text: 'tyme'"),
    ({"text": "tom " * 1001}, "text: 4004"),
    ({"off": "norm"}, "off: 'norm'"),
    ({"off": ["head 2.0"]}, r"off: \['head 2.0'\]"),
    ({"off": [7]}, r"off: \[7\]"),
    ({"off": None}, "off: None"),
    ({"off": 3}, "off: 3"),
    ({"off": torch.tensor(0)}, "off: tensor"),
    ({"model": "book"}, "model: 'book' is no GPT"),
    ({"labels": {"colour": "x"}}, "labels: "),
    ({"model": GPT(Config(7))}, "model: "),
]


@pytest.mark.parametrize("bad, message", BAD)
def test_what_cannot_be_is_said(bad: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LayerStream(**{"text": SHORT, **bad})


def test_a_text_of_another_kind() -> None:
    with pytest.raises(ValueError, match="text"):
        LayerStream(5)  # type: ignore[arg-type]


def test_a_bad_value_later_changes_nothing() -> None:
    widget = LayerStream(SHORT)
    with pytest.raises(ValueError, match="off"):
        widget.off = ["tail 0"]
    assert widget.off == []
    widget.text = "once upon a tim"  # as a page sends it while it is being typed
    assert len(widget._ids()) == 4


def test_picture_and_sentence(show: Show) -> None:
    widget = LayerStream(SHORT, ["norm", "head 0.1"])
    assert isinstance(widget.picture(), Figure)
    sentence = widget.sentence()
    assert SHORT in sentence and "norm, head 0.1 off" in sentence
    for stage in widget.stages:
        assert f"length {stage.length:.2f}" in sentence
    page = show(widget, scripts=False)
    picture = page.get_by_role("img", name="Layer stream.")
    expect(picture).to_be_visible()
    assert picture.get_attribute("alt") == sentence


@pytest.mark.parametrize("width, scheme", [(390, "light"), (390, "dark"), (1280, "dark"), (320, "light")])  # fmt: skip
def test_narrow_and_accessible(width: int, scheme: str, show: Show) -> None:
    page = show(
        LayerStream(off=["head 0.1", "attention 1"]), width=width, dark=scheme == "dark"
    )
    show_table(page)
    assert overflow(page) <= 0
    assert too_small(page.locator("button, summary")) == []
    fonts = page.locator(".card *").evaluate_all(
        "nodes => nodes.map((n) => parseFloat(getComputedStyle(n).fontSize))"
    )
    assert min(fonts) >= 12
    assert serious(page) == []


def test_nothing_jumps(show: Show) -> None:
    page = show(LayerStream(), width=390)
    height = "() => document.querySelector('figure').getBoundingClientRect().height"
    before = page.evaluate(height)
    names = ["residual", "norms", "head 1 of block 0", "attention of block 1"]
    for name in names:
        switch(page, name).first.click()
        assert page.evaluate(height) == before, name


def test_the_script_is_small() -> None:
    assert len((ROOT / "lmlib" / "widgets" / "stream.js").read_bytes()) < 30_000
