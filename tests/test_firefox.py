"""The built site in Firefox: widgets have lmlib's numbers, and exercises are solved. Build it first: `make book`."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import torch
from support.firefox import FIREFOX, Firefox, firefox

from lmlib.classroom.assignments import Assignment
from lmlib.notebook import visible
from lmlib.softmax import softmax
from lmlib.stories import WORDS
from lmlib.widgets import StoryBox
from tools.site import SITE, pages

PAGES = [
    page
    for page in pages()
    if (file := SITE / f"{page}.html").exists()
    and 'class="lm-widget"' in file.read_text("utf-8")
]
# KaTeX leaves an attribute of its tables empty.
KATEX = "‘columnspacing’ attribute of <mtable/>"
HELPERS = """
const all = (selector) => [...document.querySelectorAll(selector)];
const inside = (figure) => [...figure.querySelectorAll("*")].find((el) => el.shadowRoot)?.shadowRoot;
const cards = () => all("figure.lm-widget").map((figure) => inside(figure)?.querySelector(".card"));
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const until = async (isSo) => { for (let i = 0; i < 600 && !isSo(); i += 1) await pause(100); };
"""

pytestmark = [
    pytest.mark.usefixtures("built"),
    pytest.mark.skipif(not FIREFOX, reason="there is no Firefox"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    with firefox(tmp_path_factory.mktemp("firefox")) as opened:
        yield opened


def test_every_kind_of_widget_is_among_them() -> None:
    assert len(PAGES) >= 11


@pytest.mark.parametrize("name", PAGES)
def test_widgets_live_without_a_complaint(name: str, page: Firefox) -> None:
    page.open((SITE / f"{name}.html").as_uri(), 390, 844)
    widgets = page.run(
        HELPERS
        + """
        all(".question-skip").forEach((button) => button.click());
        all("article details").forEach((fold) => { fold.open = true; });
        for (const figure of all("figure.lm-widget")) {
          figure.scrollIntoView();
          await pause(200);
        }
        await until(() => cards().every((card) => card && card.innerText.length > 100));
        return all("figure.lm-widget").map((figure, i) => {
          const { innerText, scrollWidth, clientWidth } = cards()[i];
          return [Boolean(figure.querySelector("img")), innerText.length, scrollWidth - clientWidth];
        });"""
    )
    assert widgets
    for still, letters, wider in widgets:
        assert not still and letters > 100 and wider <= 1
    assert page.run("return document.documentElement.scrollWidth - innerWidth;") <= 0
    assert [said for said in page.said if KATEX not in said] == []


def test_the_story_box_says_what_lmlib_says(page: Firefox) -> None:
    page.open((SITE / "intro.html").as_uri(), 1280, 900)
    text = "once upon a time a wise king named tom lived in "
    rows = page.run(
        HELPERS
        + f"""
        await until(() => cards()[0]?.dataset.live !== undefined);
        const [card] = cards();
        const field = card.querySelector("textarea");
        field.value = {text!r};
        field.dispatchEvent(new Event("input"));
        return [...card.querySelectorAll(".rows .next")].map((row) =>
          [...row.querySelectorAll(".name, .numbers")].map((cell) => cell.textContent));"""
    )
    box = StoryBox(text)
    true = box.true
    assert true and len(rows) == 6
    for (word, p, q), i in zip(rows, box.ids(), strict=False):
        assert word == visible(WORDS.vocab[i])
        assert float(p) == pytest.approx(float(box.probs[i]), abs=2e-3)
        assert float(q.replace("–", "0")) == pytest.approx(
            true.get(word, 0.0), abs=1e-3
        )


def test_the_scrubber_draws_what_softmax_gives(page: Firefox) -> None:
    page.open((SITE / "chapters" / "softmax.html").as_uri(), 1280, 900)
    logits, shown = page.run(
        HELPERS
        + """
        await until(() => cards()[0]);
        const figure = document.querySelector('figure.lm-widget[data-widget="temperature"]');
        const { _data, context } = JSON.parse(figure.querySelector("script").textContent);
        const [card] = cards();
        const typed = card.querySelector(".console input[type=number]");
        typed.value = "2";
        typed.dispatchEvent(new Event("change"));
        const shown = [...card.querySelectorAll(".rows .prob")].map((cell) => Number(cell.textContent));
        return [_data.contexts[context], shown];"""
    )
    wanted = softmax(torch.tensor(logits, dtype=torch.float64), 2.0)
    ranked = wanted.sort(descending=True).values[: len(shown)].tolist()
    assert len(shown) > 5 and shown == pytest.approx(ranked, abs=5e-5)


def test_a_gpt_trains_in_the_page(page: Firefox) -> None:
    page.open((SITE / "chapters" / "pretraining.html").as_uri(), 1280, 900)
    said = page.run(
        HELPERS
        + """
        all(".question-skip").forEach((button) => button.click());
        const figure = document.querySelector('figure.lm-widget[data-widget="training"]');
        figure.scrollIntoView();
        const mine = () => cards()[all("figure.lm-widget").indexOf(figure)];
        await until(() => mine()?.dataset.live !== undefined);
        mine().querySelector(".go").click();
        await until(() => /Step [2-9]\\d:/.test(mine().querySelector(".at").textContent));
        const said = mine().querySelector(".at").textContent;
        mine().querySelector(".go").click();
        return said;"""
    )
    loss = float(said.split(": ")[1].split(" ")[0])
    assert 1 < loss < 6, said


def test_an_exercise_is_solved(page: Firefox) -> None:
    page.open((SITE / "chapters" / "softmax.html").as_uri(), 390, 844)
    solution = Assignment("softmax").exercises["reheat"].solution
    said = page.run(
        HELPERS
        + f"""
        bookKeep.write("exercise/softmax/reheat", {{ code: {json.dumps(solution)}, solved: false, part: "" }});
        const place = document.querySelector("[data-exercise=reheat]");
        place.querySelector("button").click();
        await until(() => place.querySelector(".cm-content")?.textContent.includes("top = max"));
        place.querySelector(".work-check").click();
        await until(() => place.querySelector(".work-output")?.textContent);
        await until(() => place.querySelector(".work-status.right"));
        return [".work-status", ".work-output", ".work-state"].map((part) => place.querySelector(part).textContent);"""
    )
    assert said == ["✓ Right.", "Right: odds to the power 1/τ.\n", "✓ Solved"]
