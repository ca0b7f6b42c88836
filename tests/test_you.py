"""What readers predicted, how sure they were, and the page that shows it: kept in the browser, and read as data."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from support.visits import Visit, address, visit
from support.widget_page import serious

pytestmark = pytest.mark.usefixtures("built")

YOU = address("file", "you.html")
SOFTMAX = address("file", "chapters/softmax.html")


def answer(page: Page, card: str, choice: int, sure: str) -> None:
    """Choose an answer, counted from 0, and say how sure one is."""
    place = page.locator(f"#predict-{card}")
    place.locator(".choice").nth(choice).click()
    place.get_by_role("button", name=f"{sure} sure").click()


def kept(page: Page) -> dict[str, Any]:
    found = page.evaluate("bookKeep.all().entries")
    return {name: found[name] for name in sorted(found)}


@pytest.fixture
def softmax(browser: Browser) -> Iterator[Visit]:
    with visit(browser, SOFTMAX) as seen:
        yield seen
        assert not seen.problems


def test_an_answer_is_kept_with_how_sure_it_was(softmax: Visit) -> None:
    page = softmax.page
    answer(page, "half", 1, "70 %")
    answer(page, "order", 2, "I guess, 33 %")
    entries = kept(page)
    assert [*entries] == [
        "prediction/softmax/predict-half",
        "prediction/softmax/predict-order",
    ]
    half, order = entries.values()
    asked = page.locator("#predict-half").get_attribute("data-asked")
    assert half == {
        "edition": 1,
        "chosen": 2,
        "choices": 3,
        "right": True,
        "sure": 0.7,
        "asked": asked,
    }
    assert order["sure"] == pytest.approx(1 / 3) and not order["right"]
    bar = page.locator(".work-bar")
    expect(bar).to_contain_text("2 of 10 questions answered, 1 right")
    page.reload()
    status = page.locator("#predict-half").get_by_role("status")
    expect(status).to_contain_text("✓ Your answer is right: B")
    expect(status).to_contain_text("70 % sure; that costs 0.36 nats")
    expect(page.locator("#predict-half .question-actions")).to_be_hidden()
    expect(page.locator("#predict-tail").get_by_role("status")).to_be_empty()
    # To look at the other replies afterwards changes nothing.
    page.locator("#predict-half .choice").first.click()
    assert kept(page) == entries


def test_who_only_looks_has_predicted_nothing(softmax: Visit) -> None:
    card = softmax.page.locator("#predict-half")
    card.get_by_role("button", name="Show without answering").click()
    card.get_by_role("radio").first.focus()
    softmax.page.keyboard.press("Enter")
    assert kept(softmax.page) == {}


def test_enter_alone_commits_to_nothing(softmax: Visit) -> None:
    page, card = softmax.page, softmax.page.locator("#predict-half")
    card.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    first = card.get_by_role("button", name="Answer, I guess, 33 % sure")
    expect(first).to_be_focused()
    assert kept(page) == {}
    answer(page, "half", 0, "99 %")
    before = kept(page)
    card.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")  # looks at the other reply
    page.keyboard.press("Enter")
    assert kept(page) == before


def test_twenty_bold_answers_are_told_that_they_were_too_sure(browser: Browser) -> None:
    with visit(browser, YOU) as seen:
        seen.page.evaluate(WRITE, [(n < 10, 0.9, 3) for n in range(20)])
        said = seen.page.locator("#book-you")
        expect(said).to_contain_text("You were more sure than you were right")
        chance = 2 * math.sqrt(0.9 * 0.1 / 20)
        expect(said).to_contain_text(f"({round(100 * chance)} %)")


def test_a_question_in_other_words_is_asked_again(softmax: Visit) -> None:
    page = softmax.page
    answer(page, "half", 1, "70 %")
    page.evaluate(
        """() => {
          const name = "prediction/softmax/predict-half";
          bookKeep.write(name, { ...bookKeep.read(name), asked: "00000000" });
        }"""
    )
    page.reload()
    card = page.locator("#predict-half")
    expect(card.get_by_role("status")).to_be_empty()
    expect(card.get_by_role("group", name="How sure are you?")).to_be_visible()
    page.goto(YOU)
    expect(page.locator("#book-you")).to_contain_text(
        "1 of your predictions answer questions"
    )


# Right or not, how sure, and of how many choices.
ANSWERS = [
    (True, 0.9, 3),
    (True, 0.9, 3),
    (False, 0.9, 4),
    (True, 0.7, 3),
    (False, 0.7, 3),
    (False, 0.5, 3),
    (True, 0.99, 2),
]
WRITE = """(answers) => answers.forEach(([right, sure, choices], i) => bookKeep.write(
  `prediction/softmax/predict-made-${i}`, { chosen: 1, choices, right, sure, asked: "x" }))"""


@pytest.mark.parametrize("width, scheme", [(1280, "light"), (390, "dark")])
def test_the_page_computes_what_the_book_teaches(
    width: int, scheme: str, browser: Browser
) -> None:
    with visit(browser, YOU, width, scheme) as seen:
        page = seen.page
        you = page.locator("#book-you")
        expect(you).to_contain_text("Nothing yet")
        page.evaluate(WRITE, ANSWERS)
        losses = [
            -math.log(sure if right else (1 - sure) / (choices - 1))
            for right, sure, choices in ANSWERS
        ]
        loss = sum(losses) / len(losses)
        guess = sum(math.log(choices) for *_, choices in ANSWERS) / len(ANSWERS)
        expect(you).to_contain_text("Questions answered: 7. Right: 4.")
        expect(you).to_contain_text(f"Your cross-entropy: {loss:.2f} nats")
        expect(you).to_contain_text(f"a perplexity of {math.exp(loss):.2f}")
        expect(you).to_contain_text(f"Guessing: {guess:.2f} nats")
        expect(you).to_contain_text(
            "You were as sure as you were right, as far as so many answers can tell"
        )
        rows = you.locator("table").first.locator("tbody tr").all()
        assert [row.inner_text().split("\t") for row in rows] == [
            ["50 %", "1", "0 %"],
            ["70 %", "2", "50 %"],
            ["90 %", "3", "67 %"],
            ["99 %", "1", "100 %"],
        ]
        frame = you.locator("rect.frame")
        left, top, side = (
            float(frame.get_attribute(name) or 0) for name in ("x", "y", "width")
        )
        dots = [
            ((float(cx) - left) / side, 1 - (float(cy) - top) / side)
            for cx, cy in you.locator("circle").evaluate_all(
                "dots => dots.map((dot) => [dot.getAttribute('cx'), dot.getAttribute('cy')])"
            )
        ]
        wanted = [(0.5, 0), (0.7, 0.5), (0.9, 2 / 3), (0.99, 1)]
        assert dots == [pytest.approx(dot) for dot in wanted]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert not seen.problems
        assert serious(page) == []


def test_what_was_wrong_is_listed_the_surest_first(browser: Browser) -> None:
    with visit(browser, SOFTMAX) as seen:
        page = seen.page
        answer(page, "half", 0, "70 %")
        answer(page, "order", 2, "99 %")
        answer(page, "tail", 1, "50 %")
        page.goto(YOU)
        listed = page.locator("#book-you li")
        assert "99 % sure" in listed.nth(0).inner_text()
        assert "70 % sure" in listed.nth(1).inner_text()
        row = page.locator("#book-you tr", has_text="Next-word probability: softmax")
        right = len(listed.all())
        expect(row).to_contain_text(f"{3 - right} / 3 / 10")
        listed.nth(1).get_by_role("link").click()
        expect(page.locator("#predict-half")).to_be_in_viewport()
        assert not seen.problems


def test_a_copy_is_taken_along_erased_and_brought_in(
    browser: Browser, tmp_path: Path
) -> None:
    with visit(browser, SOFTMAX) as seen:
        page = seen.page
        answer(page, "half", 1, "70 %")
        page.evaluate(
            "bookKeep.write('exercise/softmax/reheat', { code: 'x = 1', solved: true, part: '' })"
        )
        before = kept(page)
        page.goto(YOU)
        with page.expect_download() as waiting:
            page.get_by_role("button", name="Download a copy").click()
        copy = tmp_path / "copy.json"
        waiting.value.save_as(copy)
        assert json.loads(copy.read_text("utf-8")) == {
            "book": "how-language-models-work",
            "edition": 1,
            "entries": before,
        }
        theme = page.evaluate("localStorage.getItem('theme')")
        page.get_by_role("button", name="Erase everything").click()
        assert kept(page) == before  # not at the first press
        page.get_by_role("button", name="Really erase everything?").click()
        assert kept(page) == {}
        assert page.evaluate("localStorage.getItem('theme')") == theme
        page.get_by_label("Load a copy").set_input_files(copy)
        expect(page.get_by_role("status")).to_have_text(
            "Taken in: 2. Refused: 0. No room: 0."
        )
        assert kept(page) == before
        assert not seen.problems


EVIL = "<img src=x onerror='window.hurt = true'>"


@pytest.mark.parametrize(
    "content, said",
    [
        ("", "That is no copy"),
        ("{", "That is no copy"),
        ("[1, 2]", "That is no copy"),
        (json.dumps({"book": "another", "entries": {}}), "That is no copy"),
        ("\x00" * 1000, "That is no copy"),
        (
            json.dumps(
                {
                    "book": "how-language-models-work",
                    "entries": {
                        EVIL: {"edition": 1, "code": EVIL, "solved": True},
                        "exercise/softmax/reheat": {"edition": 1, "code": 7},
                        "prediction/softmax/predict-order": {
                            "edition": 1,
                            "chosen": 1,
                            "choices": 1,
                            "right": False,
                            "sure": 0.5,
                            "asked": "x",
                        },
                        "exercise/__proto__/x": {"edition": 0, "code": ""},
                        "prediction/softmax/predict-half": {
                            "edition": 1,
                            "chosen": 1,
                            "choices": 3,
                            "right": EVIL,
                            "sure": 2,
                            "asked": EVIL,
                        },
                        "exercise/softmax/loss-in-bits": {
                            "edition": 1,
                            "code": f"print({EVIL!r})",
                            "solved": False,
                            "part": EVIL,
                        },
                    },
                }
            ),
            "Taken in: 1. Refused: 5.",
        ),
    ],
)
def test_a_file_from_elsewhere_is_read_as_data(
    content: str, said: str, browser: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "copy.json"
    file.write_text(content, "utf-8")
    with visit(browser, YOU) as seen:
        page = seen.page
        page.get_by_label("Load a copy").set_input_files(file)
        expect(page.get_by_role("status")).to_contain_text(said)
        if said.startswith("Taken"):
            page.goto(SOFTMAX)
            place = page.locator("[data-exercise=loss-in-bits]")
            place.get_by_role("button", name="Go on with your answer").click()
            expect(place.get_by_role("textbox")).to_contain_text("<img src=x")
            assert page.locator("img[src=x]").count() == 0
        assert page.evaluate("window.hurt") is None
        assert not seen.problems


def test_without_a_storage_the_page_says_so(browser: Browser) -> None:
    forbidden = """Object.defineProperty(window, "localStorage", {
      get() { throw new DOMException("not here", "SecurityError"); } });"""
    with visit(browser, YOU, script=forbidden) as seen:
        you = seen.page.locator("#book-you")
        expect(you).to_contain_text("This browser keeps nothing for this page")
        expect(you).to_contain_text("Nothing yet")


def test_without_scripts_the_page_says_what_it_is_for(browser: Browser) -> None:
    with visit(browser, YOU, java_script_enabled=False) as seen:
        expect(seen.page.locator("#book-you")).to_contain_text("needs scripts")
