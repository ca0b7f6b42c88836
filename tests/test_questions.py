"""Questions that come before their answers, the switch for code, and a chapter's first screen.

The pages are those of the built site (`make book`), from their folder, as by double click.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect
from test_chapters import ASIDES

from tools.site import SITE, pages

CHAPTERS = [name for name in pages() if name.startswith("chapters/")]
SIZES = [(1280, 800), (390, 844)]
SOFTMAX = "chapters/softmax"

pytestmark = pytest.mark.usefixtures("built")


@contextmanager
def opened(
    browser: Browser, name: str, script: str = "", **settings: Any
) -> Iterator[Page]:
    """A page from its folder; whatever its own scripts complain about fails the test."""
    with browser.new_context(**settings) as context:
        page = context.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.add_init_script(script)
        page.goto((SITE / f"{name}.html").as_uri())
        yield page
        assert script or not wrong  # the theme does without no storage


@pytest.mark.parametrize("name", CHAPTERS)
def test_question_and_picture_are_on_the_first_screen(
    name: str, browser: Browser
) -> None:
    with opened(browser, name) as page:
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            drawn = ":is(img, svg):not(button *):visible"
            picture = page.locator(f"article :is(.cell_output, figure) {drawn}").first
            box = picture.bounding_box()
            assert box
            seen = min(height, box["y"] + box["height"]) - box["y"]
            at = f"{width} px: {seen:.0f} of {box['height']:.0f} px"
            assert seen >= 0.6 * box["height"], at
            question = page.locator("article section > p").first.bounding_box()
            assert question and question["y"] + question["height"] <= box["y"]


# Answers with each choice in turn, as keys do, and gives what is said each time.
ANSWER_ALL = """card => [...card.querySelectorAll("input")].map((radio) => {
  const asked = !card.querySelector(".question-actions").hidden;
  radio.checked = true;
  if (asked) radio.form.requestSubmit();
  else radio.dispatchEvent(new Event("change", { bubbles: true }));
  return card.querySelector("[role=status]").textContent;
})"""


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_choice_of_every_question_has_its_reply(
    name: str, browser: Browser
) -> None:
    with opened(browser, name) as page:
        aside = Path(name).name in ASIDES
        assert aside or page.locator(".veiled").count() >= 2
        for card in page.locator(".question").all():
            expect(card.get_by_role("status")).to_be_empty()
            identity = card.get_attribute("id")
            replies = page.locator(f".replies[data-question='{identity}'] details p")
            said = card.evaluate(ANSWER_ALL)
            assert len(set(said)) == len(said) == replies.count() >= 2
            assert sum(text.startswith("✓") for text in said) == 1
            for text, reply in zip(said, replies.all(), strict=True):
                assert (reply.text_content() or "") in text
        expect(page.locator(".veiled, [inert]")).to_have_count(0)


def predict(page: Page) -> tuple[Locator, Locator]:
    """A Predict, and the output that answers it."""
    card = page.locator("#predict-half")
    return card, page.locator("#predict-half ~ .cell .cell_output").first


def words_for_screen_readers(page: Page) -> str:
    return page.locator("article").aria_snapshot()


@pytest.mark.parametrize("width, scheme", [(1280, "light"), (390, "dark")])
def test_the_output_is_veiled_until_an_answer_is_chosen(
    width: int, scheme: str, browser: Browser
) -> None:
    viewport = {"width": width, "height": 900}
    with opened(browser, SOFTMAX, viewport=viewport, color_scheme=scheme) as page:
        card, output = predict(page)
        cell = output.locator("td").first
        expect(output).to_have_attribute("inert", "")
        expect(cell).to_be_hidden()
        words = cell.text_content() or ""
        table = output.locator("table").first
        assert words and "0.938" not in words_for_screen_readers(page)
        covered = output.bounding_box()
        card.scroll_into_view_if_needed()
        before = card.bounding_box()
        card.locator(".choice").first.click()
        expect(table).to_be_hidden()  # to choose is not to answer
        card.get_by_role("button", name="Answer, 70 % sure").click()
        expect(table).to_be_visible()
        assert "0.938" in words_for_screen_readers(page)
        shown, after = output.bounding_box(), card.bounding_box()
        assert covered and shown and before and after
        assert shown["height"] == pytest.approx(covered["height"], abs=1)
        assert after["y"] == pytest.approx(before["y"], abs=1), "the page jumped"
        status = card.get_by_role("status")
        expect(status).to_contain_text("✗ Your answer is not right: A")
        expect(status).to_contain_text("Temperature does not scale probabilities")
        expect(status).to_contain_text("70 % sure; that costs 1.90 nats")  # −ln 0.15
        card.locator(".choice").nth(1).click()  # the others can be looked at now
        expect(status).to_contain_text("✓ The right answer: B")
        serious = [
            violation["id"]
            for violation in Axe().run(page).response["violations"]
            if violation["impact"] in ("serious", "critical")
        ]
        assert not serious


def test_a_question_can_be_answered_with_the_keyboard_alone(browser: Browser) -> None:
    with opened(browser, SOFTMAX) as page:
        card, output = predict(page)
        radios = card.get_by_role("radio")
        group = card.get_by_role("group").first
        assert (
            "Predict"
            in (group.get_attribute("aria-labelledby") and card.inner_text()).title()
        )
        radios.first.focus()
        page.keyboard.press("ArrowDown")  # walks, and does not answer
        expect(radios.nth(1)).to_be_focused()
        expect(output).to_have_class("cell_output docutils container veiled")
        sure = card.get_by_role("group", name="How sure are you?").get_by_role("button")
        assert [button.inner_text() for button in sure.all()] == [
            "I guess 33 %",
            "50 %",
            "70 %",
            "90 %",
            "99 %",
        ]
        for button in sure.all():
            page.keyboard.press("Tab")
            expect(button).to_be_focused()
            box = button.bounding_box()
            assert box and box["height"] >= 24 and box["width"] >= 24
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Enter")
        expect(card.get_by_role("status")).to_contain_text("✓ Your answer is right: B")
        expect(card.get_by_role("status")).to_contain_text("90 % sure; that costs 0.11")
        expect(radios.nth(1)).to_be_focused()
        expect(output).not_to_have_class("veiled")


def test_without_a_choice_nothing_is_answered(browser: Browser) -> None:
    with opened(browser, SOFTMAX) as page:
        card, output = predict(page)
        card.get_by_role("button", name="Answer, 50 % sure").click()
        expect(card.get_by_role("status")).to_be_empty()
        expect(output).to_have_attribute("inert", "")


def test_who_does_not_want_to_answer_sees_the_output(browser: Browser) -> None:
    with opened(browser, SOFTMAX) as page:
        card, output = predict(page)
        card.get_by_role("button", name="Show without answering").click()
        expect(output.locator("table").first).to_be_visible()
        expect(card.get_by_role("status")).to_contain_text("✓ The right answer: B")


def test_without_scripts_each_reply_is_a_fold_under_its_choice(
    browser: Browser,
) -> None:
    with opened(browser, SOFTMAX, java_script_enabled=False) as page:
        card = page.locator("#predict-half")
        expect(card.locator("ol > li")).to_have_count(3)
        folds = page.locator(".replies[data-question='predict-half'] details")
        expect(folds).to_have_count(3)
        expect(folds.nth(1).locator("summary")).to_have_text("B. 16/21")
        expect(page.locator(".cell_output table").first).to_be_visible()
        folds.nth(1).locator("summary").click()
        expect(folds.nth(1).locator("p")).to_be_visible()
        quiz = page.locator(".question.quiz").first
        behind = "node => node.nextElementSibling.className"
        assert quiz.evaluate(behind) == "replies"


def test_paper_has_question_choices_output_and_all_replies(browser: Browser) -> None:
    with opened(browser, SOFTMAX) as page:
        page.emulate_media(media="print")
        card, output = predict(page)
        expect(card.locator("ol.question-choices")).to_be_visible()
        expect(card.get_by_role("radio").first).to_be_hidden()
        expect(output.locator("table").first).to_be_visible()
        replies = page.locator(".replies[data-question='predict-half'] details > p")
        for reply in replies.all():
            expect(reply).to_be_visible()


def test_an_unsolved_exercise_does_not_say_right(browser: Browser) -> None:
    with opened(browser, SOFTMAX) as page:
        checks = page.locator(".cell.tag_exercise-check")
        assert checks.count() >= 3
        for check in checks.all():
            expect(check.locator(".cell_output")).to_be_hidden()
        checks.first.locator("summary").click()
        expect(checks.first.locator(".cell_output")).to_be_visible()


def shown_code(page: Page) -> int:
    """How many cells of code are open, without those of exercises."""
    return page.locator(
        ".cell:not(.tag_exercise-solution, .tag_exercise-check) .cell_input:visible"
    ).count()


FORBIDDEN = """Object.defineProperty(window, "localStorage", {
  get() { throw new DOMException("storage is not for pages from a folder", "SecurityError"); }
});"""


@pytest.mark.parametrize("forbidden", [False, True])
def test_the_switch_shows_all_code_what_matters_or_none(
    forbidden: bool, browser: Browser
) -> None:
    with opened(browser, SOFTMAX, FORBIDDEN if forbidden else "") as page:
        group = page.get_by_role("group", name="Code")
        some = shown_code(page)
        assert some > 0
        group.get_by_role("radio", name="what matters").focus()
        page.keyboard.press("ArrowLeft")
        assert shown_code(page) > some
        solutions = page.locator(".tag_exercise-solution .cell_input:visible")
        expect(solutions).to_have_count(0)
        page.keyboard.press("ArrowRight")
        assert shown_code(page) == some
        page.keyboard.press("ArrowRight")
        assert shown_code(page) == 0
        page.wait_for_timeout(500)  # a browser writes down a little later
        page.goto((SITE / "chapters/tokens.html").as_uri())
        kept = page.get_by_role("group", name="Code").get_by_role("radio", checked=True)
        expect(kept).to_have_attribute("value", "matters" if forbidden else "none")
        assert (shown_code(page) == 0) is not forbidden
