"""Every widget in JupyterLab, with a kernel: Python reads what the page sets, and the page shows what Python sets."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from support.notebook_server import running

from lmlib import widgets

ONE, TWO = "once upon a time ", "once upon a "
START = "once upon a time a wise king named tom lived in"
SET_UP = f"""
import torch
from lmlib.bpe import BPETokenizer
from lmlib.ngrams import NGram
from lmlib.points import ENDS_WELL
from lmlib.stories import STORIES, WORDS, story_sequences
from lmlib.widgets import *
stories = story_sequences(300, seed=0)
few = dict(bigram=NGram(2, len(WORDS.vocab)).fit(stories), five_gram=NGram(5, len(WORDS.vocab)).fit(stories))
given = {{
    TemperatureScrubber: dict(logits={{"a fat": [2.0, 1.0, 0.0]}}, vocab=["fox", "wolf", "crow"]),
    AttentionHeatmap: dict(tokens=["I", "love", "AI"], q=2 * torch.eye(3), k=2 * torch.eye(3)),
    EmbeddingMap: dict(vectors=torch.eye(3) + 0.1, words=["a", "b", "c"]),
    LabelsNeeded: dict(results={{"read": {{50: [0.9, 0.8], 200: [0.9]}}, "counts": {{50: [0.7], 200: [0.8]}}}}),
    RewardFrontier: dict(grammar=STORIES, judge=ENDS_WELL),
    StoryBox: dict(text={START!r}),
    TokeniserLens: dict(vocabularies={{"low": BPETokenizer.train("low low", vocab_size=258)}}),
}}
""".strip()


class Case(NamedTuple):
    """A trait, and the control of the page that it belongs to."""

    trait: str
    role: str
    name: str
    python: str
    """What Python sets, as it is written there …"""
    seen: str
    """… and what the control then shows."""
    typed: str | None
    """What is then put into the control: a text, a key in <>, or None for a click …"""
    read: str
    """… and what Python then says that the trait is."""


CASES = {
    "TemperatureScrubber": Case("temperature", "spinbutton", "Temperature τ", "0.5", "0.5", "2", "2.0"),
    "AttentionHeatmap": Case("scale", "checkbox", "divide by √d", "False", "false", None, "True"),
    "AttentionWorkbench": Case("mask", "checkbox", "hide the future", "False", "false", None, "True"),
    "BeamTree": Case("beams", "spinbutton", "Width: texts kept", "4", "4", "2", "2"),
    "ChatBox": Case("dropped", "checkbox", "<stop>", "['<stop>']", "true", None, "[]"),
    "CostCalculator": Case("devices", "textbox", "How many", "16", "16", "32", "32"),
    "EmbeddingMap": Case("word", "combobox", "Word", "'b'", "b", "c", "'c'"),
    "LabelsNeeded": Case("n", "slider", "Labels for training", "200", "1", "<ArrowLeft>", "50"),
    "LayerStream": Case("text", "textbox", "A text, up to the word that we follow", repr(ONE), ONE, TWO, repr(TWO)),
    "RewardFrontier": Case("beta", "spinbutton", "β: the price of a nat", "0.5", "0.5", "2", "2.0"),
    "StoryBox": Case("text", "textbox", "Write the beginning", repr(ONE), ONE, TWO, repr(TWO)),
    "TokeniserLens": Case("text", "textbox", "Type any text", "'low'", "low", "lower", "'lower'"),
    "TrainingRun": Case("shown", "slider", "Step that is shown", "0", "0", "<ArrowRight>", "1"),
}  # fmt: skip


@pytest.fixture(scope="module")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The notebook in a JupyterLab with settings of its own; what the page says is wrong fails the test."""
    folder = tmp_path_factory.mktemp("lab")
    cells = [SET_UP]
    for kind, case in CASES.items():
        cells += [
            f"w = {kind}(**given.get({kind}, {{}}))\nw",
            f"w.{case.trait} = {case.python}",
            f"print(repr(w.{case.trait}))",
        ]
    cells += ["w = NextWordDuel(**few)\nw", "w.guesses = []", "print(len(w.guesses))"]
    notebook = nbformat.v4.new_notebook(cells=[*map(nbformat.v4.new_code_cell, cells)])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, folder / "widgets.ipynb")
    settings = folder / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    # All cells are there, also those that nobody sees yet.
    (settings / "tracker.jupyterlab-settings").write_text(
        json.dumps({"windowingMode": "none"}), "utf-8"
    )
    own = {
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
    }
    command = [sys.executable, "-m", "jupyterlab", "--IdentityProvider.token="]
    command += ["--LabApp.expose_app_in_browser=True", "--LabApp.news_url="]
    errors: list[str] = []
    with running(command, folder, own) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.route(
            "http*://**",
            lambda route: (
                route.continue_()
                if route.request.url.startswith(address)
                else route.abort()
            ),
        )
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{address}/lab/tree/widgets.ipynb")
        page.wait_for_function(
            "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
            timeout=120_000,
        )
        run(page, 0)
        yield page
        page.close()
    assert not errors


def run(page: Page, cell: int) -> Locator:
    """Run a cell to its end; its output."""
    page.evaluate(
        """async (cell) => {
          jupyterapp.shell.currentWidget.content.activeCellIndex = cell;
          await jupyterapp.commands.execute("notebook:run-cell");
        }""",
        cell,
    )
    output = page.locator(".jp-Notebook .jp-Cell").nth(cell).locator(".jp-OutputArea")
    expect(output.locator("[data-mime-type*=error]")).to_have_count(0)
    return output


def shown(control: Locator) -> Any:
    return control.evaluate(
        "el => el.matches('[type=checkbox], [type=radio]') ? String(el.checked) : el.value"
    )


def wait_until(true: Callable[[], bool], page: Page) -> None:
    """Until page and kernel have told each other, however busy the machine is."""
    for _ in range(300):
        if true():
            return
        page.wait_for_timeout(200)
    assert true()


@pytest.mark.parametrize("kind", CASES)
def test_a_trait_goes_both_ways(kind: str, lab: Page) -> None:
    first = 1 + 3 * [*CASES].index(kind)
    widget, case = run(lab, first), CASES[kind]
    control = widget.get_by_role(case.role, name=case.name).first  # type: ignore[arg-type]
    expect(control).to_be_visible()
    run(lab, first + 1)
    wait_until(lambda: shown(control) == case.seen, lab)
    if case.typed is None:
        control.click()
    elif case.typed.startswith("<"):
        control.press(case.typed.strip("<>"))
    else:
        control.fill(case.typed)
        if not control.evaluate("el => el.matches('textarea')"):
            control.press("Enter")
    wait_until(lambda: run(lab, first + 2).inner_text().strip() == case.read, lab)


def test_the_duel_tells_what_was_guessed_and_forgets_it(lab: Page) -> None:
    first = 1 + 3 * len(CASES)
    widget = run(lab, first)
    widget.locator(".words").get_by_role("radio").first.check()
    widget.get_by_role("button", name="That is my guess").click()
    expect(widget.locator(".verdict")).to_contain_text("You gave it")
    wait_until(lambda: run(lab, first + 2).inner_text().strip() == "1", lab)
    run(lab, first + 1)
    expect(widget.locator(".heading").first).to_have_text("Word 1 of 10")


def test_every_widget_is_there() -> None:
    assert sorted([*CASES, "NextWordDuel"]) == sorted(
        name for name in dir(widgets) if isinstance(getattr(widgets, name), type)
    )
