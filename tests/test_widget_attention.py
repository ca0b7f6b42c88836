"""The attention heat map as an instrument: both ends of a link in view, links that are cut, table, Python, link."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import pytest
import torch
from playwright.sync_api import Locator, Page, expect
from support.widget_page import (
    Show,
    address_of,
    keep_copies,
    overflow,
    serious,
    show_table,
    too_small,
)
from test_widgets import causal_weights, generator

from lmlib.pretrained import load_book_gpt
from lmlib.stories import WORDS, story_sequences
from lmlib.widgets import AttentionHeatmap
from lmlib.widgets.cuts import with_cuts


@cache
def story(n: int = 60) -> list[str]:
    return [WORDS.vocab[i] for i in story_sequences(1, seed=5)[0][:n]]


def of_model(**settings: Any) -> AttentionHeatmap:
    return AttentionHeatmap(story(), model=load_book_gpt(), **settings)


def far_link() -> list[int]:
    """The strongest link over 12 tokens or more."""
    _, weights = with_cuts(load_book_gpt(), [WORDS.ids[w] for w in story()], ())
    far = torch.tril(torch.ones(weights.shape[-2:]), -12).bool()
    at = int(weights.masked_fill(~far, 0).argmax())
    return [int(i) for i in torch.unravel_index(torch.tensor(at), weights.shape)]


def shown(page: Page, j: int) -> bool:
    return page.locator(".token.key:not(.fold)").nth(j).is_visible()


def expected(page: Page) -> dict[str, float]:
    bars = page.locator(".expects .bar:not(.soft)").all()
    return {
        bar.locator("span").first.inner_text(): float(
            bar.locator("span").nth(1).inner_text()
        )
        for bar in bars
    }


@pytest.mark.parametrize("width", [390, 800])
def test_both_ends_of_the_strongest_link_are_in_view(width: int, show: Show) -> None:
    layer, head, query, key = far_link()
    page = show(of_model(layer=layer, head=head, query=query), width=width)
    boxes = [
        page.locator(".token.key:not(.fold)").nth(key).bounding_box(),
        page.locator(".token.query").nth(query).bounding_box(),
        page.locator(".links").locator("xpath=..").bounding_box(),
    ]
    first, last, pane = boxes
    assert first and last and pane
    assert (
        pane["y"]
        <= first["y"]
        < last["y"] + last["height"]
        <= pane["y"] + pane["height"]
    )
    assert not shown(page, query - 6) or query - 6 in range(key - 1, key + 2)
    fold = page.get_by_role("button", name="tokens").first
    queries = page.locator(".token.query:visible")
    before = queries.count()
    count = int(fold.inner_text().split()[1])
    fold.click()
    expect(queries).to_have_count(before + count)
    assert overflow(page) <= 0
    assert not serious(page)
    assert not too_small(page.locator(".card :is(button, select, summary)"))


def test_a_mouse_gets_from_a_cell_to_the_button_that_cuts_it(show: Show) -> None:
    page = show(of_model(query=12), height=2000)
    box = page.locator(".cells canvas").bounding_box()
    assert box
    cell = box["width"] / len(story())
    page.mouse.click(box["x"] + 3.5 * cell, box["y"] + 12.5 * cell)
    cut = page.locator(".readout button")
    goal = cut.bounding_box()
    assert goal
    page.mouse.move(goal["x"] + 5, goal["y"] + 5, steps=12)
    page.mouse.down()
    page.mouse.up()
    expect(cut).to_have_attribute("aria-pressed", "true")
    # The words of another row are not those of this cell.
    page.get_by_role("listbox").get_by_role("option").nth(11).click()
    expect(page.locator(".readout")).not_to_contain_text("12")
    expect(cut).to_have_count(0)


def test_a_cut_link_changes_the_prediction_as_python_says(show: Show) -> None:
    layer, head, query, key = far_link()
    widget = of_model(layer=layer, head=head, query=query)
    page = show(widget)
    before, _ = widget.predictions()
    for word, p in expected(page).items():
        assert p == pytest.approx(float(before[WORDS.ids[word]]), abs=2e-3)
    page.locator(".looks .cutter").first.click()
    widget.cut = [[layer, head, query, key]]
    _, now = widget.predictions()
    assert (before - now).abs().max() > 0.02
    found = expected(page)
    for word, p in found.items():
        assert p == pytest.approx(float(now[WORDS.ids[word]]), abs=2e-3)
    assert float(widget.weights[query, key]) == 0
    assert float(widget.weights[query].sum()) == pytest.approx(1)
    values = page.locator(".token.key:not(.fold) .value:not(.score)")
    best = int(widget.weights[query].argmax())
    assert float(values.nth(best).inner_text()) == pytest.approx(
        float(widget.weights[query, best]), abs=2e-3
    )
    assert "are cut: behind the query" in widget.sentence()
    page.get_by_role("button", name="mend all cuts").click()
    assert expected(page) != found
    assert page.locator(".looks .cutter[aria-pressed=true]").count() == 0


def test_a_link_is_cut_by_keys_and_by_a_cell(show: Show) -> None:
    page = show(of_model(layer=1, head=2, query=30))
    cutters = page.locator(".looks .cutter")
    cutters.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    pressed = page.locator(".looks .cutter[aria-pressed=true]")
    expect(pressed).to_have_count(1)
    assert page.locator(".looks .cutter[tabindex='0']").count() == 1
    page.get_by_role("button", name="mend all cuts").click()
    page.locator(".map .cells").click(position={"x": 20, "y": 20})
    page.locator(".readout .cutter").click()
    expect(pressed).to_have_count(1)
    expect(page.locator(".readout")).to_contain_text("mend")


def test_python_cuts_what_it_is_told_to() -> None:
    gpt = load_book_gpt()
    ids = [WORDS.ids[word] for word in story(20)]
    whole, weights = with_cuts(gpt, ids, ())
    again, same = gpt.with_weights(torch.tensor([ids]))
    torch.testing.assert_close(whole, again[0].double())
    torch.testing.assert_close(weights, same[:, 0].double())
    cut = [[0, 1, 7, 3], [0, 1, 7, 2], [1, 3, 12, 0]]
    logits, changed = with_cuts(gpt, ids, cut)
    for layer, head, query, key in cut:
        assert changed[layer, head, query, key] == 0
    row = weights[0, 1, 7].clone()
    row[[2, 3]] = 0
    torch.testing.assert_close(changed[0, 1, 7], row / row.sum(), atol=1e-6, rtol=0)
    torch.testing.assert_close(
        logits[:7], whole[:7]
    )  # what stands before sees nothing of it
    assert (logits[7] - whole[7]).abs().max() > 1e-3


@pytest.mark.parametrize(
    "name, settings",
    [
        ("cut", {"cut": 5}),
        ("cut", {"cut": [5]}),
        ("cut", {"cut": [[0, 0, 1]]}),
        ("cut", {"cut": [[0, 0, "5", 1]]}),
        ("cut", {"cut": [[0, 0, 5, 6]]}),
        ("cut", {"cut": [[2, 0, 5, 3]]}),
        ("cut", {"cut": [[0, 0, 5, 1.5]]}),
        ("cut", {"cut": [[0, 0, 0, 0]]}),
        ("cut", {"cut": [[0, 0, 1, 0], [0, 0, 1, 1]]}),
        ("cut", {"cut": None}),
        ("model", {"model": "gpt"}),
        ("weights", {"weights": torch.eye(60)}),
        ("example", {"example": "another"}),
        ("scale", {"scale": 1}),
    ],
)
def test_python_refuses_what_cannot_be(name: str, settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"^{name}"):
        AttentionHeatmap(story(), **{"model": load_book_gpt()} | settings)


@pytest.mark.parametrize(
    "texts", [["a", "dragon"], "a king", [], ["a"] * 200, {"x": ["a"]}, {"x": {}}]
)
def test_a_model_reads_its_own_words_and_no_others(texts: Any) -> None:
    with pytest.raises(ValueError, match=r"^tokens"):
        AttentionHeatmap(texts, model=load_book_gpt())


def test_nothing_is_cut_without_a_model() -> None:
    widget = AttentionHeatmap(list("abc"), causal_weights(1, 1, 3))
    with pytest.raises(ValueError, match=r"^cut: give a model"):
        widget.cut = [[0, 0, 1, 0]]
    with pytest.raises(ValueError, match=r"^model"):
        widget.predictions()


def q_and_k() -> tuple[torch.Tensor, torch.Tensor]:
    q, k = (
        torch.randn(2, 4, 3, generator=generator(s), dtype=torch.float64)
        for s in (1, 2)
    )
    return q, k


KINDS = {
    "model": lambda: of_model(layer=1, head=2, query=30, cut=[[1, 2, 30, 4]]),
    "weights": lambda: AttentionHeatmap(list("abcd"), causal_weights(2, 2, 4), head=1),
    "q and k": lambda: AttentionHeatmap(
        list("abcd"), q=q_and_k()[0], k=q_and_k()[1], scale=False, mask=False, query=1
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_python_that_is_copied_makes_this_very_widget(kind: str, show: Show) -> None:
    widget = KINDS[kind]()
    page = show(widget)
    keep_copies(page)
    page.get_by_role("button", name="Copy as Python").click()
    *start, call = page.evaluate("window.copied").split("\n")
    names: dict[str, Any] = {"AttentionHeatmap": AttentionHeatmap}
    exec("\n".join(start), names)
    made = eval(call, names)
    for trait in ("layer", "head", "query", "scale", "mask", "cut"):
        assert getattr(made, trait) == getattr(widget, trait)
    torch.testing.assert_close(made.weights, widget.weights)


address = partial(address_of, "attention")


def by_link(page: Page, show: Show) -> Page:
    """What a link to the page's state opens, once a link of a head is cut there: the same."""
    page.locator(".looks .cutter").first.click()
    keep_copies(page)
    page.get_by_role("button", name="Copy a link").click()
    link = page.evaluate("window.copied")
    again = show(of_model(), address=link[link.index("#") :])
    assert expected(again) == expected(page)
    return again


def test_a_link_opens_what_it_was_made_of(show: Show) -> None:
    page = show(of_model(layer=1, head=2, query=30))
    by_link(page, show)
    show_table(page)
    assert page.locator(".after tbody tr").count() == 31


@pytest.mark.parametrize(
    "where",
    [
        "#attention=%7B",
        address([1]),
        address({"example": "__proto__", "layer": 9, "head": -1, "query": "3"}),
        address({"cut": [[0, 0, 0, 0]]}),
        address({"cut": [[0, 0, 3, 7]]}),
        address({"cut": "all", "scale": "no", "mask": None}),
        address({"cut": [[1, 2, 30]] * 3}),
    ],
)
def test_nonsense_in_the_address_does_no_harm(where: str, show: Show) -> None:
    page = show(of_model(), address=where)
    assert (
        page.locator(".looks").inner_text()
        == show(of_model()).locator(".looks").inner_text()
    )


def test_words_of_a_model_are_text(show: Show) -> None:
    nasty = ["<img onerror=alert(1)>", "$$", "</script>", *list("abcdefghijklmnopqrst")]
    page = show(AttentionHeatmap(nasty, causal_weights(1, 1, 23), query=22))
    assert page.locator(".card img").count() == 0
    page.locator(".token.query").nth(20).click()
    expect(page.locator(".looks b")).to_contain_text("r")


@pytest.mark.parametrize("width", [800, 390])
def test_the_matrix_opens_where_the_links_do(width: int, show: Show) -> None:
    query, key = 60, 40
    weights = torch.zeros(64, 64)
    weights[:, 0] = 1
    weights[query, 0], weights[query, key] = 0.25, 0.75
    tokens = [f"w{i}" for i in range(64)]
    page = show(AttentionHeatmap(tokens, weights, query=query), width=width)
    cells = page.locator(".cells")
    box = page.locator(".scroll", has=cells)
    expect(box).not_to_have_js_property("scrollTop", 0)
    frame, whole = box.bounding_box(), cells.bounding_box()
    assert frame and whole
    side = whole["width"] / 64
    row, column = whole["y"] + query * side, whole["x"] + key * side
    assert frame["y"] < row < row + side <= frame["y"] + frame["height"] + 1
    assert frame["x"] < column < column + side <= frame["x"] + frame["width"]


# A reader's own words

OWN = "once upon a time a wise king named tom lived in oakton. he led back to"


def own_field(page: Page) -> Locator:
    return page.get_by_label("Your own words")


def test_a_reader_s_own_words_are_read_by_the_model(show: Show) -> None:
    page = show(of_model(layer=0, head=1))
    own_field(page).fill(OWN)
    widget = of_model(layer=0, head=1, text=OWN)
    tokens = page.locator(".token.query .text").all_inner_texts()
    assert tokens == ["<end>", *WORDS.split(OWN)] == widget.shown.tokens
    values = page.locator(".token.key .value:not(.score)").all_inner_texts()
    row = widget.weights[-1].tolist()
    assert [float(v) for v in values] == pytest.approx(row, abs=6e-5)
    now = widget.predictions()[1]
    for word, p in expected(page).items():
        assert p == pytest.approx(float(now[WORDS.ids[word]]), abs=6e-4)


def test_own_words_can_lose_a_link_and_be_taken_back(show: Show) -> None:
    page = show(of_model(layer=0, head=1))
    before = page.locator(".token.query").count()
    own_field(page).fill(OWN)
    page.locator(".looks .cutter").first.click()
    expect(page.get_by_role("button", name="mend all cuts (1)")).to_be_visible()
    own_field(page).fill("")
    assert page.locator(".token.query").count() == before
    expect(page.get_by_role("button", name="mend all cuts (0)")).to_be_disabled()


@pytest.mark.parametrize(
    "text, read, says",
    [
        ("once upon a tyme a", "once upon a", "“tyme” is not among"),
        ("", None, ""),
        ("   ", None, ""),
        ("<img src=x onerror=alert(1)>", None, "“<” is not among"),
        ("$$ once", None, "“$” is not among"),
        ("\u202e once", None, ""),
        ("once upon a ti", "once upon a", ""),
        ("once upon a time " * 900, None, ""),
    ],
)
def test_what_the_model_cannot_read_is_said(
    text: str, read: str | None, says: str, show: Show
) -> None:
    page = show(of_model())
    before = page.locator(".token.query .text").all_inner_texts()
    own_field(page).fill(text)
    expect(page.locator(".own .note")).to_contain_text(says)
    tokens = page.locator(".token.query .text").all_inner_texts()
    if len(text) > 1000:
        assert len(tokens) == load_book_gpt().config.block_size
    else:
        assert tokens == (["<end>", *read.split()] if read else tokens)
        assert read or tokens in (before, ["<end>", "once"])
    assert not page.locator(".card img").count()


def test_a_word_that_is_offered_takes_the_place_of_the_unknown_one(show: Show) -> None:
    page = show(of_model())
    own_field(page).fill("once upon a tyme ")
    page.get_by_role("button", name="time", exact=True).click()
    expect(own_field(page)).to_have_value("once upon a time ")
    assert page.locator(".token.query").count() == 5


def test_own_words_travel_in_links_and_python(show: Show) -> None:
    page = show(of_model())
    own_field(page).fill(OWN)
    again = by_link(page, show)
    expect(own_field(again)).not_to_have_value("")
    page.get_by_role("button", name="Copy as Python").click()
    *start, call = page.evaluate("window.copied").split("\n")
    names: dict[str, Any] = {"AttentionHeatmap": AttentionHeatmap}
    exec("\n".join(start), names)
    made = eval(call, names)
    assert made.shown.tokens == ["<end>", *WORDS.split(OWN)] and len(made.cut) == 1


def test_python_reads_own_words_and_takes_them_back() -> None:
    widget = of_model(query=5)
    widget.text = OWN
    assert widget.shown.tokens[-1] == "to" and widget.query == 5
    widget.cut = [[0, 1, 5, 3]]
    widget.text = ""
    assert widget.cut == [] and widget.shown.tokens == story()
    assert of_model(text=OWN).query == len(WORDS.split(OWN))
    for wrong in ("a tyme", "...?" * 3, 5, None, "a" * 20_000):
        with pytest.raises(ValueError, match=r"^text: "):
            widget.text = wrong
        with pytest.raises(ValueError, match=r"^text: "):
            of_model(text=wrong)
    with pytest.raises(ValueError, match=r"^text: give a model"):
        AttentionHeatmap(["a", "b"], torch.eye(2), text="once")
