"""The widgets in the classic notebook, with a kernel behind them; Colab's widget manager is of its generation."""

from __future__ import annotations

from collections.abc import Iterator

import nbformat
import pytest
import torch
from colab_lane import COLAB, SETUP_CELL, Runtime, snapshot, tempt, variables
from playwright.sync_api import Browser, Locator, Page, expect
from support.notebook_server import running

from lmlib.softmax import softmax

LOGITS = [2.0, 1.0, 0.0]
CELLS = [
    SETUP_CELL,
    "import torch\nfrom lmlib.widgets import AttentionHeatmap, TemperatureScrubber",
    f"scrubber = TemperatureScrubber({{'a fat': {LOGITS}}}, ['fox', 'wolf', 'crow'])\nscrubber",
    "print(scrubber.temperature, *(f'{p:.4f}' for p in scrubber.probs))",
    "scrubber.temperature = 0.5",
    "heatmap = AttentionHeatmap(['I', 'love', 'AI'], q=2 * torch.eye(3), k=2 * torch.eye(3))\nheatmap",
    "print(heatmap.query, heatmap.scale)",
]
SCRUBBER, ASK_SCRUBBER, SET_SCRUBBER, HEATMAP, ASK_HEATMAP = 2, 3, 4, 5, 6


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a classic notebook whose kernel runs in a fresh runtime."""
    folder, tools = tmp_path_factory.mktemp("classic"), tmp_path_factory.mktemp("tools")
    runtime = Runtime(
        folder, variables(snapshot(tools / "book"), tempt(tools / "newer"))
    )
    notebook = nbformat.v4.new_notebook(cells=[*map(nbformat.v4.new_code_cell, CELLS)])
    notebook.metadata.kernelspec = {"name": "colab", "display_name": "Colab"}
    nbformat.write(notebook, folder / "widgets.ipynb")
    own = {
        "JUPYTER_PATH": str(runtime.kernels.parent),
        "JUPYTER_CONFIG_DIR": str(folder),
    }
    command = [COLAB / "bin/python", "-m", "notebook", "--NotebookApp.token="]
    with running(command, folder, own) as address:
        yield address


@pytest.fixture(scope="module")
def page(browser: Browser, server: str) -> Iterator[Page]:
    """The notebook, opened, all its cells run once: the first alone, since the widget manager starts meanwhile."""
    errors: list[str] = []
    page = browser.new_page(viewport={"width": 1280, "height": 1600})
    page.route(
        "**/*",
        lambda r: r.continue_() if r.request.url.startswith(server) else r.abort(),
    )
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{server}/notebooks/widgets.ipynb")
    page.wait_for_function("Jupyter.notebook?.kernel?.is_connected()", timeout=120_000)
    page.evaluate("Jupyter.notebook.execute_cells([0])")
    expect(output(page, 0)).to_have_text("lmlib is installed.\n", timeout=60_000)
    page.evaluate("Jupyter.notebook.execute_cell_range(1, Jupyter.notebook.ncells())")
    expect(output(page, ASK_HEATMAP)).to_have_text("2 True\n", timeout=60_000)
    yield page
    page.close()
    assert not errors


def output(page: Page, cell: int) -> Locator:
    return page.locator(".cell").nth(cell).locator(".output_subarea")


def expect_answer(page: Page, cell: int, words: list[str]) -> None:
    """A cell that is run again prints ``words``, once the page's last message has reached the kernel."""
    for _ in range(20):
        page.evaluate("cell => Jupyter.notebook.get_cell(cell).clear_output()", cell)
        page.evaluate("cell => Jupyter.notebook.execute_cells([cell])", cell)
        output(page, cell).filter(has_text="\n").wait_for()
        if output(page, cell).inner_text().split() == words:
            return
    pytest.fail(f"the kernel says {output(page, cell).inner_text()!r}, not {words}")


def shares(logits: list[float], temperature: float = 1.0) -> list[str]:
    """The softmax as the widgets print it."""
    return [
        f"{p:.4f}" for p in softmax(torch.tensor(logits).double(), temperature).tolist()
    ]


def test_the_slider_moves_bars_and_kernel(page: Page) -> None:
    widget = output(page, SCRUBBER)
    bars = widget.locator(".rows .word:not(.rest) .prob")
    before = bars.all_inner_texts()
    slider = widget.get_by_label("Temperature τ").first
    slider.focus()
    for _ in range(12):
        slider.press("ArrowRight")
    shown = widget.get_by_label("Temperature τ").nth(1).input_value()
    after = shares(LOGITS, float(shown))
    expect(bars).to_have_text(after)
    assert before != after
    expect_answer(page, ASK_SCRUBBER, [str(float(shown)), *after])


def test_the_kernel_moves_slider_and_bars(page: Page) -> None:
    page.evaluate("cell => Jupyter.notebook.execute_cells([cell])", SET_SCRUBBER)
    widget = output(page, SCRUBBER)
    expect(widget.get_by_label("Temperature τ").nth(1)).to_have_value("0.5")
    expect(widget.locator(".rows .word:not(.rest) .prob")).to_have_text(
        shares(LOGITS, 0.5)
    )


def test_the_heatmap_redraws_and_tells_the_kernel(page: Page) -> None:
    widget = output(page, HEATMAP)
    widget.get_by_label("divide by √d").uncheck()
    chosen = widget.locator(".token.query[aria-selected=true]")
    chosen.focus()
    chosen.press("ArrowUp")
    weights = widget.locator(".token.key .value:not(.score)")
    expect(weights).to_have_text([*shares([0.0, 4.0]), "hidden"])
    expect_answer(page, ASK_HEATMAP, ["1", "False"])
