"""The search tree in a real browser: what it keeps and what it says is what lmlib.beam finds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from playwright.sync_api import Browser, Page, expect
from support.widget_page import (
    Show,
    keep_copies,
    keeps_up,
    kernel_page,
    overflow,
    redraw_times,
    serious,
    site_scripts,
    too_small,
)

from lmlib.beam import beam_search
from lmlib.pretrained import load_book_gpt
from lmlib.stories import WORDS
from lmlib.transformer import GPT, Config
from lmlib.widgets import BeamTree, StoryBox
from lmlib.widgets.base import VIEW

GPT_ = load_book_gpt().double()
SHORT = "once upon a time a young"
ENDED = "in the end he was happy ."


def column(page: Page, n: int) -> list[tuple[str, float, bool]]:
    """Of each word of a step, from the table: the text, its log-probability, and whether it is kept."""
    summary = page.locator("summary")
    if page.locator("details[open]").count() == 0:
        summary.click()
    rows = page.locator("tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.children].map(cell => cell.textContent))"
    )
    return [
        (row[0], float(row[2].replace("−", "-")), row[-1].startswith("kept"))
        for row in rows
        if row[1] == str(n)
    ]


def texts_of(
    prompt: str, steps: int, beams: int, penalty: float = 0.0
) -> list[tuple[str, float]]:
    """What lmlib finds, written as the page writes it."""
    ids = torch.tensor([[0, *WORDS.encode(prompt)]])
    texts, scores = beam_search(GPT_, ids, steps, beams, 0, length_penalty=penalty)
    found = []
    for text, score in zip(texts.tolist(), scores.tolist(), strict=True):
        new = text[ids.shape[1] :]
        new = new[: new.index(0) + 1] if 0 in new else new
        words = " ".join("(the end)" if i == 0 else WORDS.vocab[i] for i in new)
        found.append((re.sub(r" (?=[.,])", "", words), score))
    return found


def equal(page: Page, wanted: list[tuple[str, float]], n: int) -> None:
    kept = [row[:2] for row in column(page, n) if row[2]]
    assert [text for text, _ in kept] == [text for text, _ in wanted]
    assert [s for _, s in kept] == pytest.approx([s for _, s in wanted], abs=1e-3)


@pytest.mark.parametrize("prompt", [BeamTree().text, SHORT, "the fox", ""])
def test_every_step_keeps_what_lmlib_keeps(prompt: str, show: Show) -> None:
    page = show(BeamTree(prompt, beams=1, steps=8))
    for beams in (1, 2, 3, 5):
        page.get_by_label("Width: texts kept").last.fill(str(beams))
        page.get_by_label("Width: texts kept").last.press("Enter")
        for n in range(1, 9):
            equal(page, texts_of(prompt.replace(".", " . "), n, beams), n)


@pytest.mark.parametrize("penalty", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("beams", [2, 3, 5])
def test_ended_texts_and_the_penalty_are_those_of_lmlib(
    penalty: float, beams: int, show: Show
) -> None:
    page = show(BeamTree(ENDED, beams=beams, steps=6, length_penalty=penalty))
    for n in range(1, 7):
        if column(page, n):  # there are no more steps once all texts have ended
            equal(page, texts_of(ENDED, n, beams, penalty), n)
    best = page.locator(".results .text").first
    expect(best).to_have_text(texts_of(ENDED, 6, beams, penalty)[0][0])


def test_a_penalty_that_changes_nothing_says_so(show: Show) -> None:
    page = show(BeamTree(steps=4, length_penalty=1))
    expect(page.get_by_text("Here the penalty changes nothing")).to_be_visible()
    page.get_by_label("The text to go on from").fill(ENDED)
    expect(page.get_by_text("Here the penalty changes nothing")).to_be_visible()
    page.get_by_label("Length penalty").last.fill("2")
    page.get_by_label("Length penalty").last.press("Enter")
    expect(page.get_by_text("Here the penalty changes nothing")).to_have_count(0)
    expect(page.get_by_text("times as likely as the one that was found")).to_be_visible()  # fmt: skip


def test_all_have_ended_and_so_has_the_search(show: Show) -> None:
    page = show(BeamTree(ENDED, beams=1, steps=8))
    expect(page.get_by_text("All texts have ended")).to_be_visible()
    expect(page.locator(".position")).to_have_text("Step 1 of 1")
    assert page.locator(".results .text").first.inner_text() == "(the end)"


def test_what_is_thrown_away_is_next_in_rank(show: Show) -> None:
    page = show(BeamTree(SHORT, beams=3, steps=1))
    ids = torch.tensor([[0, *WORDS.encode(SHORT)]])
    with torch.no_grad():
        logs, order = GPT_(ids)[0, -1].log_softmax(-1).sort(descending=True)
    shown = column(page, 1)
    assert [text for text, *_ in shown] == [WORDS.vocab[i] for i in order[:7]]
    assert [s for _, s, _ in shown] == pytest.approx(logs[:7].tolist(), abs=1e-3)
    assert [kept for *_, kept in shown] == [True] * 3 + [False] * 4


def test_by_itself_greedy_is_not_the_best(show: Show) -> None:
    widget = BeamTree()
    [best, score], [greedy, other] = widget.found()[0], widget.found(1)[0]
    assert best[0] != greedy[0] and score > other + 0.1
    page = show(widget)
    texts = page.locator(".results .text").all_inner_texts()
    assert texts == [" ".join(best), " ".join(greedy)]
    assert page.locator(".node.best:not(.root)").count() == 4
    assert page.locator(".node.greedy:not(.root)").count() == 4
    expect(page.get_by_text("1.22 times as likely as greedy's")).to_be_visible()
    page.get_by_label("Width: texts kept").first.press("ArrowLeft")
    expect(page.get_by_text("Greedy writes the same text.")).to_be_visible()


def test_a_step_forward_and_back(show: Show) -> None:
    page = show(BeamTree())
    last = page.locator(".results .text").first.inner_text()
    height = page.locator(".box").bounding_box()["height"]  # type: ignore[index]
    for n in (3, 2, 1, 1):
        page.get_by_role("button", name="Back").press("Enter")
        expect(page.locator(".position")).to_have_text(f"Step {n} of 4")
        assert page.locator(".node.kept").count() == 3 * n
        assert page.locator(".box").bounding_box()["height"] == height  # type: ignore[index]
    page.get_by_role("button", name="Forward").click()
    expect(page.locator(".position")).to_have_text("Step 2 of 4")
    page.get_by_role("button", name="All steps").click()
    assert page.locator(".results .text").first.inner_text() == last


def test_by_keyboard_alone(show: Show) -> None:
    page = show(BeamTree())
    field = page.get_by_label("The text to go on from")
    field.focus()
    names = []
    for _ in range(12):
        page.keyboard.press("Tab")
        names.append(
            page.evaluate(
                "(() => { const a = document.querySelector('[role=group]').shadowRoot.activeElement;"
                " return a && (a.getAttribute('aria-label') || a.textContent); })()"
            )
        )
    at = next(i for i, name in enumerate(names) if name and name.startswith("first a"))
    assert names[at - 3 : at] == ["← Back", "Forward →", "All steps"]
    assert names[at + 1] == "Show as table"  # the tree is one stop
    node = page.locator(".node[tabindex='0']")
    node.focus()
    expect(node).to_have_attribute(
        "aria-label", "first a farmer brought: −2.13, kept, 1 of 3."
    )
    page.keyboard.press("ArrowDown")
    expect(page.locator(".node:focus .word")).to_have_text("the")
    expect(page.locator(".reads")).to_have_text(
        "finally he saw the: −2.32, kept, 2 of 3, greedy."
    )
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".reads")).to_contain_text("finally he saw: −2.32")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".reads")).to_contain_text("finally he saw the: −2.32")
    page.keyboard.press("End")
    expect(page.locator(".reads")).to_contain_text("thrown away")
    for _ in range(6):
        page.keyboard.press("ArrowLeft")
    expect(page.locator(".node:focus")).to_have_class("node root")
    assert page.locator(".node[tabindex='0']").count() == 1
    page.locator(".node.root").press("ArrowRight")
    expect(page.locator(".reads")).to_contain_text("finally: −1.02, kept, 1 of 3")


def test_a_screen_reader_hears_the_change(show: Show) -> None:
    page = show(BeamTree())
    said = page.locator(".said")
    expect(said).to_have_text(
        "Step 4. Best: first a farmer brought, −2.13. Greedy: finally he saw the, −2.32."
    )
    page.get_by_role("button", name="Back").click()
    expect(said).to_contain_text("Step 3. Best: luckily a farmer")


def test_words_that_the_model_does_not_know(show: Show) -> None:
    page = show(BeamTree(SHORT))
    field = page.get_by_label("The text to go on from")
    field.fill("once upon a time a dragon named")
    expect(page.get_by_text("“dragon” is not among the 303 words")).to_be_visible()
    equal(page, texts_of("once upon a time a", 4, 3), 4)
    field.fill("the fox " * 200)
    expect(page.get_by_text("goes on from 91 words and no more")).to_be_visible()
    page.get_by_label("Steps: words to write").last.fill("8")
    page.get_by_label("Steps: words to write").last.press("Enter")
    equal(page, texts_of(" ".join(("the fox " * 46).split()[:91]), 8, 3), 8)
    field.fill("")
    equal(page, texts_of("", 8, 3), 8)


NONSENSE = [
    '{"text": 7, "beams": "x", "steps": [], "length_penalty": {}, "step": true}',
    '{"beams": 6, "steps": 9, "length_penalty": -1, "step": 0}',
    '{"beams": 2.5, "steps": -1, "length_penalty": 1e400, "step": 99}',
    "[]",
    "{",
    "null",
    "%E0%A4%A",
]


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_nonsense_in_the_address_does_no_harm(nonsense: str, show: Show) -> None:
    page = show(BeamTree(), address=f"#beam={nonsense}")
    expect(page.locator(".position")).to_have_text("Step 4 of 4")
    assert page.locator(".results .text").first.inner_text() == "first a farmer brought"


def test_a_link_and_a_call_bring_the_state_back(show: Show) -> None:
    state = {"text": SHORT, "beams": 2, "steps": 6, "length_penalty": 0.5, "step": 3}
    page = show(BeamTree(), address=f"#beam={json.dumps(state)}")
    expect(page.locator(".position")).to_have_text("Step 3 of 6")
    equal(page, texts_of(SHORT, 3, 2, 0.5), 3)
    keep_copies(page)
    page.get_by_role("button", name="Copy as Python").click()
    call = f'BeamTree("{SHORT}", beams=2, steps=6, length_penalty=0.5, step=3)'
    assert page.evaluate("copied") == call
    page.get_by_role("button", name="Copy a link").click()
    assert "#beam=" in page.evaluate("copied")
    expect(page.get_by_text("Copied.")).to_be_visible()


def test_words_stay_text(show: Show) -> None:
    """Whatever the vocabulary of a model holds."""
    nasty = "<img src=x onerror=alert(1)>"
    packed = site_scripts()["live.js"].replace('"finally"', json.dumps(nasty), 1)
    assert packed != site_scripts()["live.js"]
    page = show(BeamTree(), files={"live.js": packed})
    assert nasty in page.locator(".node .word").all_inner_texts()
    assert page.locator("img").count() == 0
    labels = {"kept": "<b>kept</b>", "title": "<i>"}
    page = show(BeamTree(labels=labels))
    expect(page.get_by_text("<b>kept</b>").first).to_be_visible()


def test_two_on_one_page_and_a_story_box(show: Show) -> None:
    page = show(BeamTree(SHORT, steps=2), BeamTree(SHORT, steps=2), StoryBox(SHORT))
    back = page.get_by_role("button", name="← Back")
    assert back.count() == 2
    back.first.click()
    assert page.locator(".position").all_inner_texts() == ["Step 1 of 2", "Step 2 of 2"]


def test_the_bundle_serves_every_front_end(show: Show) -> None:
    widget = BeamTree()
    bundle, _ = widget._repr_mimebundle_()
    assert set(bundle) == {VIEW, "text/html", "image/png", "text/plain"}
    assert bundle["text/plain"].endswith(
        "The best text found in 4 steps is “first a farmer brought”, log-probability -2.13."
        " Greedy writes “finally he saw the”, -2.32."
    )
    assert "http" not in bundle["text/html"].replace("http://www.w3.org", "")
    page = show(widget, scripts=False)
    assert page.locator("img").get_attribute("alt") == bundle["text/plain"]
    assert page.locator("img").is_visible()


def test_the_picture_draws_what_is_kept() -> None:
    def words(widget: BeamTree) -> list[str]:
        return [text.get_text() for text in widget.picture().axes[0].texts]

    drawn = words(BeamTree())
    for word in ("first", "luckily", "finally", "brought", "saw", "greedy"):
        assert word in drawn
    assert words(BeamTree(ENDED, beams=1, steps=8)).count("(the end)") == 2
    assert words(BeamTree(ENDED, beams=4, steps=8)).count("(the end)") > 2


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_and_axe_finds_nothing(width: int, theme: str, show: Show) -> None:
    page = show(
        BeamTree(steps=8, length_penalty=0.5),
        width=width,
        html=f"<html lang='en' data-theme='{theme}'>",
    )
    assert overflow(page) <= 0
    page.locator("summary").click()
    assert overflow(page) <= 0
    inside = "node => node.getBoundingClientRect().right <= node.closest('.card').getBoundingClientRect().right"
    assert page.locator("table").evaluate(inside)
    assert serious(page) == []
    assert too_small(page.locator("button, input, summary")) == []


def test_a_redraw_is_quick(show: Show, summary: Callable[[str], None]) -> None:
    page = show(BeamTree(steps=8))
    slider = page.locator("input[type=range]").first
    times = redraw_times(slider, (i % 5 for i in range(30)))
    other = page.locator("textarea").evaluate(
        """field => ["one", "two"].map((_, i) => {
          field.value = `${field.value} soon tom`;
          const start = performance.now();
          field.dispatchEvent(new Event("input"));
          document.body.getBoundingClientRect();
          return performance.now() - start;
        })"""
    )
    keeps_up("beam tree of 8 steps: width to redrawn", times, summary)
    summary(f"beam tree of 8 steps: another text {max(other):.1f} ms")


def test_page_and_python_tell_each_other(browser: Browser) -> None:
    widget = BeamTree(SHORT)
    with kernel_page(browser, widget) as page:
        equal(page, texts_of(SHORT, 4, 3), 4)
        page.evaluate("window.model.set('beams', 5)")
        equal(page, texts_of(SHORT, 4, 5), 4)
        page.get_by_role("button", name="Back").click()
        widget.step = page.evaluate("window.model.get('step')")
        assert [score for _, score in widget.found()] == pytest.approx(
            [score for _, score in texts_of(SHORT, 3, 3)], abs=1e-3
        )


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "beams 0": ({"beams": 0}, "beams: 0 is no whole number from 1 to 5"),
    "beams 6": ({"beams": 6}, "beams: 6 is no whole"),
    "beams nan": ({"beams": float("nan")}, "beams: nan is no whole"),
    "beams True": ({"beams": True}, "beams: True is no whole"),
    "steps 9": ({"steps": 9}, "steps: 9 is no whole number from 1 to 8"),
    "steps text": ({"steps": "2"}, "steps: '2' is no whole"),
    "step 0": ({"step": 0}, "step: 0 is no whole number .* or None for the last"),
    "penalty": ({"length_penalty": -0.1}, "length_penalty: -0.1 is not from 0 to 2"),
    "penalty nan": ({"length_penalty": float("nan")}, "length_penalty: nan"),
    "penalty none": ({"length_penalty": None}, "length_penalty: None"),
    "words": ({"text": "a dragon"}, "text: .*dragon"),
    "long": ({"text": "a " * 2001}, "text: 4002 characters"),
    "labels": ({"labels": {"keep": "x"}}, r"labels: \['keep'\] are not used"),
    "model": ({"model": GPT(Config(vocab_size=5))}, "model: .* is not for these 304 words"),
    "small model": (
        {"model": GPT(Config(304, block_size=8))},
        "model: it reads 8 tokens; give one that reads 10",
    ),
}


@pytest.mark.parametrize("given, message", BAD.values(), ids=BAD)
def test_bad_values_are_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BeamTree(**given)


def test_a_bad_value_leaves_the_widget_as_it_was() -> None:
    widget = BeamTree(SHORT)
    with pytest.raises(ValueError, match="beams: 9"):
        widget.beams = 9
    assert widget.beams == 3
