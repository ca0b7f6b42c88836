"""A reader solves exercises on the built page: with mouse, finger or keys, from a server or by double click.

`test_page_answers.py` tries every known answer; here is what stands around them.
"""

from __future__ import annotations

import gzip
import json
import re
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from playwright.sync_api import Browser, Locator, Page, expect
from support.visits import Visit, address, visit
from support.widget_page import serious

from lmlib.classroom.assignments import Assignment, topics
from lmlib.softmax import softmax
from lmlib.workshop.keeping import cells_of
from tools.site import SITE

pytestmark = pytest.mark.usefixtures("built")

SOFTMAX = "chapters/softmax.html"
PAGE_FILES = SITE / "_static" / "page"
SOLUTIONS = Assignment("softmax").exercises
REHEAT = SOLUTIONS["reheat"].solution
STORE = "Object.entries(localStorage).filter(([key]) => key.startsWith('lm-book/'))"


def bench(page: Page, name: str = "reheat") -> Locator:
    """The exercise's own place, opened."""
    place = page.locator(f"[data-exercise={name}]")
    place.get_by_role("button", name="Solve it here").click()
    expect(place.get_by_role("textbox")).to_be_focused()
    return place


def write(place: Locator, code: str) -> None:
    place.get_by_role("textbox").click()
    place.page.keyboard.press("Control+a")
    place.page.keyboard.press("Backspace")
    place.page.keyboard.insert_text(code)


def check(place: Locator) -> Locator:
    place.get_by_role("button", name="Check").click()
    return place.get_by_role("status").last


def ran(place: Locator, code: str) -> str:
    """What Python says of a piece of code."""
    write(place, code)
    place.get_by_role("button", name="Run").click()
    status = place.get_by_role("status").last
    expect(status).not_to_have_text("Python is at work …", timeout=60_000)
    output = place.locator(".work-output")
    return output.inner_text() if output.is_visible() else status.inner_text()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Visit]:
    with visit(browser, address("file", SOFTMAX)) as seen:
        yield seen
        assert not seen.problems


@pytest.fixture(scope="module")
def at_work(browser: Browser) -> Iterator[Locator]:
    """An exercise that is open already, with its Python, for all that only runs code in it."""
    with visit(browser, address("file", SOFTMAX)) as seen:
        yield bench(seen.page)
        assert not seen.problems


@pytest.mark.parametrize(
    "where, width, scheme",
    [
        ("file", 1280, "light"),
        ("file", 390, "dark"),
        ("http", 390, "light"),
        ("http", 1280, "dark"),
    ],
)
def test_an_exercise_is_solved_on_the_page(
    where: str, width: int, scheme: str, browser: Browser, served: str
) -> None:
    base = served if where == "http" else "file"
    with visit(browser, address(base, SOFTMAX), width, scheme) as seen:
        page = seen.page
        assert not [path for path in seen.loaded if "/_static/page/" in path]
        place = bench(page)
        expect(check(place)).to_have_text("✗ Not yet.", timeout=60_000)
        output = place.locator(".work-output")
        expect(output).to_have_text("reheat: not answered yet.\n")
        write(place, REHEAT.replace("top = max(probs)", "top = min(probs)"))
        expect(check(place)).to_have_text("✗ Not yet.")
        expect(output).to_contain_text("reheat([0.5714…, 0.2857…, 0.1429…, 0.0], 0.5)")
        write(place, REHEAT)
        expect(check(place)).to_have_text("✓ Right.")
        expect(output).to_have_text("Right: odds to the power 1/τ.\n")
        expect(place.locator(".work-state")).to_have_text("✓ Solved")
        expect(page.locator(".work-bar")).to_contain_text("1 of 6 exercises solved")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert not seen.problems
        assert serious(page) == []
        seen.problems.clear()  # axe asks for style sheets, which a folder does not give
        page.reload()
        again = page.locator("[data-exercise=reheat]")
        expect(again.locator(".work-state")).to_have_text("✓ Solved")
        again.get_by_role("button", name="Go on with your answer").click()
        expect(again.get_by_role("textbox")).to_contain_text("top = max(probs)")
        again.get_by_role("button", name="Start over").click()
        expect(again.get_by_role("textbox")).to_contain_text("NotImplementedError")
        page.keyboard.press("Control+z")  # nothing is lost
        expect(again.get_by_role("textbox")).to_contain_text("top = max(probs)")
        again.get_by_role("button", name="Put the editor away").click()
        expect(again.get_by_role("textbox")).to_be_hidden()
        assert not seen.problems


def test_keys_alone_are_enough(opened: Visit) -> None:
    page = opened.page
    page.locator("[data-exercise=reheat] button").focus()
    page.keyboard.press("Enter")
    place = page.locator("[data-exercise=reheat]")
    field = place.get_by_role("textbox", name="Your code for reheat")
    expect(field).to_be_focused()
    page.keyboard.press("Control+a")
    for number, line in enumerate(REHEAT.splitlines()):
        if number:
            page.keyboard.press("Enter")
        # The editor has indented the line already.
        page.keyboard.type(line.strip())
    page.keyboard.press("Control+Enter")
    status = place.get_by_role("status").last
    expect(status).to_have_text("✓ Right.", timeout=60_000)
    focused = []
    for _ in range(3):  # the field is no trap
        page.keyboard.press("Tab")
        focused.append(page.evaluate("document.activeElement.textContent"))
    assert focused == ["Run", "Check", "Start over"]
    for _ in range(3):
        page.keyboard.press("Shift+Tab")
    expect(field).to_be_focused()
    page.keyboard.press("Shift+Enter")
    expect(status).to_have_text("It ran, and printed nothing.")


LONG = "print('a' * 500)\n" * 100 + "for i in range(100_000): print(i)"


@pytest.mark.parametrize(
    "code, said",
    [
        ("print(1)\n2 + 3", "1\n5\n"),
        ("x = 5; x", "5\n"),
        ("x = 5; x;", "It ran, and printed nothing."),
        ("import math, random\nrandom.seed(0)\nmath.floor(random.random())", "0\n"),
        (
            "def half(x):\n    return x / 0\n\nhalf(3)",
            "Traceback (most recent call last):\n  line 4, in <module>\n    half(3)\n"
            "  line 2, in half\n    return x / 0\nZeroDivisionError: division by zero\n",
        ),
        ("def f(:\n    pass", "SyntaxError: "),
        ("x = 'open", "SyntaxError: "),
        ("if True:\nx = 1", "IndentationError: "),
        ("def f(n):\n    return f(n + 1)\n\nf(0)", "RecursionError: "),
        (LONG, "… there is more; only its end is shown:"),
        (LONG, "99998\n99999\n"),
        (
            "for i in range(9999): print(i)\n1 / 0",
            "ZeroDivisionError: division by zero",
        ),
        ("len('a' * 100_000_000)", "100000000\n"),
        ("int('1' * 5000)", "ValueError: "),
        ("print('<img src=x onerror=alert(1)>')", "<img src=x onerror=alert(1)>\n"),
        ("import numpy", "Colab has all of them."),
        ("def f():\n    import numpy\nf()", "Colab has all of them."),
        ("torch.linalg.svd(torch.eye(2))", "has no attribute"),
        ("import os\nos.remove('x')", "AttributeError: "),
        ("input('?')", "there is no keyboard behind input() here"),
        ("[0.5] * 10**9", "MemoryError"),
        ("x = 'a'\nwhile True:\n    x = x + x", "MemoryError"),
        ("raise SystemExit('bye')", "SystemExit: bye\n"),
        ("assert 1 == 2, 'no'", "AssertionError: no\n"),
        ("import statistics\nstatistics.mean([1, 2, 6])", "3\n"),
        (
            "torch.arange(6.0).view(2, 3)",
            "tensor([[0., 1., 2.],\n        [3., 4., 5.]])",
        ),
        ("", "It ran, and printed nothing."),
    ],
)
def test_what_python_says(code: str, said: str, at_work: Locator) -> None:
    found = ran(at_work, code)
    assert said in found
    assert len(found) < 25_000
    assert ran(at_work, "6 * 7") == "42\n"  # the page, and its Python, are alive


def test_a_loop_without_end_is_stopped_by_hand_or_by_the_clock(opened: Visit) -> None:
    page = opened.page
    place = bench(page)
    expect(check(place)).to_have_text("✗ Not yet.", timeout=60_000)  # Python is there
    status, output = place.get_by_role("status").last, place.locator(".work-output")
    write(place, "print('on')\nwhile True:\n    pass")
    place.get_by_role("button", name="Run").click()
    expect(output).to_have_text("on\n")  # said before the end that never comes
    stop = place.get_by_role("button", name="Stop")
    stop.focus()
    stop.click()
    expect(status).to_have_text("Stopped.")
    expect(stop).to_be_hidden()
    expect(status).to_be_focused()
    page.evaluate("bookWork.seconds = 2")
    place.get_by_role("button", name="Run").click()
    expect(status).to_have_text("Stopped after 2 seconds: does a loop never end?")
    expect(output).to_have_text("on\n")
    run = place.get_by_role("button", name="Run")
    expect(run).not_to_have_attribute("aria-disabled", "true")
    page.evaluate("bookWork.seconds = 20")
    assert ran(place, "1 + 1") == "2\n"


def test_an_endless_answer_is_stopped_by_what_runs_next(opened: Visit) -> None:
    page = opened.page
    first = bench(page)
    expect(check(first)).to_have_text("✗ Not yet.", timeout=60_000)
    write(first, "while True: pass")
    first.get_by_role("button", name="Run").click()
    second = bench(page, "loss-in-bits")
    expect(check(second)).to_have_text("✗ Not yet.", timeout=60_000)
    expect(first.get_by_role("status").last).to_contain_text("something else was run")


def test_too_much_code_is_not_run(opened: Visit) -> None:
    place = bench(opened.page)
    opened.page.evaluate(
        """() => {
          const view = document.querySelector("[data-exercise=reheat] .cm-content");
          view.focus();
          document.execCommand("insertText", false, "# " + "x".repeat(120000));
        }"""
    )
    expect(check(place)).to_contain_text("and 100,000 are the most")


def test_exercises_that_need_more_lead_to_colab(browser: Browser) -> None:
    with visit(browser, address("file", "chapters/tensors.html")) as seen:
        place = seen.page.locator("[data-exercise=downhill]")
        link = place.get_by_role("link", name="Solve it in Colab")
        colab = r"^https://colab\.research\.google\.com/.*/tensors\.ipynb$"
        expect(link).to_have_attribute("href", re.compile(colab))
        expect(place.get_by_role("button")).to_have_count(0)
        expect(seen.page.locator(".work-open")).to_have_count(7)


FORBIDDEN = """Object.defineProperty(window, "localStorage", {
  get() { throw new DOMException("not here", "SecurityError"); }
});"""
FULL = """const { setItem } = Storage.prototype;
Storage.prototype.setItem = function (key, value) {
  if (key.startsWith("lm-book/")) throw new DOMException("full", "QuotaExceededError");
  setItem.call(this, key, value);
};"""
OLD = """localStorage.setItem("lm-book/exercise/softmax/reheat", JSON.stringify({ edition: 0, answer: "x" }));
localStorage.setItem("lm-book/exercise/softmax/loss-in-bits", "{");
localStorage.setItem("lm-book/prediction/softmax/predict-half", JSON.stringify({ edition: 1, chosen: 99 }));"""


@pytest.mark.parametrize(
    "script, said",
    [
        (FORBIDDEN, "This browser keeps nothing for this page"),
        (FULL, "This browser has no room left"),
        (OLD, "Your code is kept in this browser."),
    ],
    ids=["forbidden", "full", "old"],
)
def test_a_page_works_without_its_storage(
    script: str, said: str, browser: Browser
) -> None:
    with visit(browser, address("file", SOFTMAX), script=script) as seen:
        place = bench(seen.page)
        if script == OLD:
            expect(place.locator(".work-kept")).to_contain_text("of another edition")
        write(place, REHEAT)
        expect(check(place)).to_have_text("✓ Right.", timeout=60_000)
        expect(place.locator(".work-kept")).to_contain_text(said)
        card = seen.page.locator("#predict-half")
        expect(card.get_by_role("status")).to_be_empty()
        card.locator(".choice").nth(1).click()
        card.get_by_role("button", name="Answer, 90 % sure").click()
        expect(card.get_by_role("status")).to_contain_text("Your answer is right")
        # The theme's own scripts ask for a storage that is not there.
        own = ("not here", "theme mode")
        assert not [s for s in seen.problems if not any(o in s for o in own)]


def test_two_tabs_do_not_overwrite_each_other(browser: Browser, served: str) -> None:
    with visit(browser, address(served, SOFTMAX)) as seen:
        one, two = seen.page, seen.page.context.new_page()
        two.goto(one.url)
        first, second = bench(one), bench(two)
        write(first, REHEAT)
        expect(check(first)).to_have_text("✓ Right.", timeout=60_000)
        expect(second.locator(".work-state")).to_have_text("✓ Solved")
        # The other tab takes the code over, where nobody is writing.
        two.locator("article h1").first.click()
        write(first, REHEAT + "\n# from the first tab\n")
        two.evaluate("document.activeElement.blur()")
        first.get_by_role("button", name="Run").click()
        expect(second.get_by_role("textbox")).to_contain_text("from the first tab")
        other = bench(two, "loss-in-bits")
        write(other, SOLUTIONS["loss-in-bits"].solution)
        expect(check(other)).to_have_text("✓ Right.", timeout=60_000)
        expect(one.locator(".work-bar")).to_contain_text("2 of 6 exercises solved")
        kept = dict(one.evaluate(STORE))
        assert len(kept) == 2
        for entry in kept.values():
            assert json.loads(entry)["solved"] is True


def test_what_is_erased_elsewhere_does_not_come_back(
    browser: Browser, served: str
) -> None:
    with visit(browser, address(served, SOFTMAX)) as seen:
        one, two = seen.page, seen.page.context.new_page()
        place = bench(one)
        write(place, REHEAT)
        expect(check(place)).to_have_text("✓ Right.", timeout=60_000)
        two.goto(served + "you.html")
        two.get_by_role("button", name="Erase everything").click()
        two.get_by_role("button", name="Really erase everything?").click()
        expect(place.locator(".work-state")).to_have_text("")
        one.close()
        assert two.evaluate(STORE) == []


def test_a_solved_exercise_stays_solved_in_a_tab_that_writes_on(
    browser: Browser, served: str
) -> None:
    with visit(browser, address(served, SOFTMAX)) as seen:
        one, two = seen.page, seen.page.context.new_page()
        two.goto(one.url)
        first, second = bench(one), bench(two)
        write(first, REHEAT)
        write(second, REHEAT)
        expect(check(first)).to_have_text("✓ Right.", timeout=60_000)
        expect(second.locator(".work-state")).to_have_text("✓ Solved")
        write(second, REHEAT + "\n# and on")
        second.get_by_role("button", name="Run").click()
        expect(second.locator(".work-state")).to_have_text("✓ Solved")
        ((_, entry),) = two.evaluate(STORE)
        assert json.loads(entry)["solved"] and "and on" in json.loads(entry)["code"]


def test_parts_of_a_gpt_can_be_taken_along(opened: Visit, tmp_path: Path) -> None:
    place = bench(opened.page, "probabilities")
    own = SOLUTIONS["probabilities"].solution.replace("powers", "raised")
    write(place, f"import math\nprint('not kept')\n\n\n{own}")
    expect(check(place)).to_have_text("✓ Right.", timeout=60_000)
    expect(place.locator(".work-part")).to_contain_text("1 of 30 parts of a GPT")
    with opened.page.expect_download() as waiting:
        place.get_by_role("button", name="Download my_gpt.py").click()
    assert waiting.value.suggested_filename == "my_gpt.py"
    waiting.value.save_as(tmp_path / "my_gpt.py")
    text = (tmp_path / "my_gpt.py").read_text("utf-8")
    kept = cells_of(text)["probabilities"]
    assert "raised" in kept and "import math" in kept and "print" not in kept
    space: dict[str, Any] = {}
    exec(text, space)
    logits = torch.tensor([[2.0, 1.0, 0.5], [0.0, 0.0, 9.0]])
    assert torch.allclose(space["probabilities"](logits), softmax(logits))


def weight(file: Path) -> int:
    return len(gzip.compress(file.read_bytes(), 9))


def test_python_is_small_and_comes_only_when_asked(
    opened: Visit, summary: Callable[[str], None]
) -> None:
    sizes = {file.name: weight(file) / 1000 for file in PAGE_FILES.glob("*.js")}
    chapters = [size for name, size in sizes.items() if name[:-3] in topics()]
    summary(
        f"Python on a page: {sizes['python.js']:.0f} kB gzipped, the editor {sizes['editor.js']:.0f}, "
        f"the exercises of a chapter {min(chapters):.0f} to {max(chapters):.0f}"
    )
    assert sizes["python.js"] < 300
    assert sizes["editor.js"] < 110
    assert not [path for path in opened.loaded if "/_static/page/" in path]


STARTS = """async () => {
  const script = await bookWork.load("python.js");
  const times = [];
  for (let i = 0; i < 5; i += 1) {
    const began = performance.now();
    const worker = new Worker(URL.createObjectURL(new Blob([script])));
    await new Promise((ready) => { worker.onmessage = ready; });
    times.push(performance.now() - began);
    worker.terminate();
  }
  return times;
}"""


def test_python_is_soon_ready(opened: Visit, summary: Callable[[str], None]) -> None:
    """How soon depends on the machine; what is asserted is that it is no matter of many seconds."""
    page = opened.page
    plain = statistics.median(page.evaluate(STARTS))
    summary(f"Python on a page is ready after {plain:.0f} ms")
    assert plain < 10_000
