"""Widgets on a page as readers have them: opened from the disk, and no other host in reach."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page

Show = Callable[..., Page]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg=="


@cache
def site_scripts() -> dict[str, str]:
    """The files of script that pages of the site load, by name."""
    from _ext.widgets import scripts  # it loads Sphinx and torch, which few tests need

    return scripts()


def _body(widgets: Iterable[Any], site: bool, drawn: bool) -> str:
    """The outputs of widgets; on the site they share files of script, in a notebook each carries its own.

    Where scripts run, their pictures go at once, so that they need not be ``drawn``.
    """
    widgets = list(widgets)
    body = "".join(
        widget._repr_mimebundle_()[0]["text/html"]
        if drawn
        else widget._html(PIXEL, widget.sentence())
        for widget in widgets
    )
    if not site:
        return f"<main>{body}</main>"
    from _ext.widgets import KINDS, MODULE

    kinds = sorted({widget._kind for widget in widgets})
    live = ["gpt.js"] if any(KINDS[kind] for kind in kinds) else []
    names = ["core.js", *live, *(f"{kind}.js" for kind in kinds)]
    tags = "".join(f'<script defer src="{name}"></script>' for name in names)
    shared = MODULE.sub(r"\1", body)
    return f"<main>{shared}</main>{tags}"


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Show]:
    """Put widgets on a page and open it, their models loaded; a request to a host or a message there fails the test.

    ``site=False`` opens what a notebook shows. ``files`` take the place of files of the site.
    """
    contexts, problems = [], []

    def open_page(
        *widgets: Any,
        width: int = 800,
        height: int = 900,
        dark: bool = False,
        scripts: bool = True,
        site: bool = True,
        address: str = "",
        html: str = "<html lang='en'>",
        files: dict[str, str] | None = None,
        ready: bool = True,
    ) -> Page:
        if site:
            for name, text in (site_scripts() | (files or {})).items():
                (tmp_path / name).write_text(text, "utf-8")
        head = "<meta charset='utf-8'><meta name='viewport' content='width=device-width'><title>Page</title>"
        file = tmp_path / "page.html"
        file.write_text(
            f"<!doctype html>{html}{head}<body>{_body(widgets, site, drawn=not scripts)}</body>",
            "utf-8",
        )
        context = browser.new_context(
            viewport={"width": width, "height": height},
            java_script_enabled=scripts,
            color_scheme="dark" if dark else "light",
        )
        contexts.append(context)
        context.route(
            "http*://**",
            lambda route: (problems.append(route.request.url), route.abort()),
        )
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(file.as_uri() + address)
        live = sum(widget._is_live for widget in widgets) if site and scripts else 0
        if live and ready:
            page.locator(".card[data-live]").nth(live - 1).wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not problems


def address_of(kind: str, state: Any) -> str:
    """The end of an address that has a widget in a state, as the page writes it."""
    return f"#{kind}={quote(json.dumps(state), safe='')}"


@contextmanager
def exports(browser: Browser, source: str) -> Iterator[Page]:
    """A page where ``lib`` holds what a module of this source exports."""
    page = browser.new_page()
    page.evaluate(
        """async (source) => {
          window.lib = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
        }""",
        source,
    )
    yield page
    page.close()


@contextmanager
def kernel_page(browser: Browser, widget: Any) -> Iterator[Page]:
    """The module as anywidget loads it, with a ``model`` that asks the widget and counts what is ``saved``."""
    state = {name: getattr(widget, name) for name in ("_data", *widget._state)}
    page, sent = browser.new_page(), []
    widget.send = sent.append

    def ask(question: dict[str, Any]) -> list[Any]:
        sent.clear()
        widget._handle_custom_msg(question, [])
        return sent

    page.expose_function("ask", ask)
    page.evaluate(
        """async ([source, state]) => {
          const file = new Blob([source], { type: "text/javascript" });
          const { default: widget } = await import(URL.createObjectURL(file));
          const listeners = {};
          window.saved = 0;
          window.model = {
            get: (name) => state[name],
            set: (name, value) => { state[name] = value; (listeners[`change:${name}`] ?? []).forEach((f) => f()); },
            on: (event, f) => (listeners[event] ??= []).push(f),
            off: () => {},
            save_changes: () => { window.saved += 1; },
            send: async (question) => {
              for (const answer of await ask(question)) listeners["msg:custom"].forEach((f) => f(answer));
            },
          };
          const el = document.createElement("div");
          document.body.append(el);
          widget.render({ model: window.model, el });
        }""",
        [widget._esm, json.loads(json.dumps(state))],
    )
    page.locator(".card[data-live]" if widget._is_live else ".card").wait_for()
    yield page
    page.close()


def keep_copies(page: Page) -> None:
    """What is copied from now on is ``copied``, as a page from the disk cannot read the clipboard."""
    page.evaluate(
        """() => {
          const clipboard = { writeText: async (text) => { window.copied = text; } };
          Object.defineProperty(navigator, "clipboard", { value: clipboard });
        }"""
    )


def serious(page: Page, rules: Iterable[str] = ()) -> list[str]:
    """What axe finds that keeps somebody out, by all of its rules or by these."""
    # All that passes would take axe as long again to list.
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = [*rules]
    found = Axe().run(page, options=options).response
    return [
        f"{violation['id']}: {node['html'][:160]}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


def overflow(page: Page) -> int:
    """How many pixels a page is wider than its window."""
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


def too_small(targets: Locator) -> list[str]:
    """The targets that a finger would miss: shown, and less than 24 pixels wide or high."""
    return targets.evaluate_all(
        """nodes => nodes.map((n) => [n, n.getBoundingClientRect()])
          .filter(([, r]) => (r.width || r.height) && Math.min(r.width, r.height) < 24)
          .map(([n, r]) => `${n.outerHTML.slice(0, 80)}: ${r.width} × ${r.height}`)"""
    )


def redraw_times(slider: Locator, values: Iterable[float]) -> list[float]:
    """Milliseconds from moving a slider to each of the values to the page laid out anew."""
    return slider.evaluate(
        """(slider, values) => values.map((value) => {
          slider.value = value;
          const start = performance.now();
          slider.dispatchEvent(new Event("input"));
          document.body.getBoundingClientRect();
          return performance.now() - start;
        })""",
        list(values),
    )


def keeps_up(what: str, times: list[float], summary: Callable[[str], None]) -> None:
    """Tell how long redraws take, and that none keeps a reader waiting, even beside other tests."""
    median = statistics.median(times)
    summary(f"{what}: median {median:.1f} ms, worst {max(times):.1f} ms")
    assert median < 500


def random_numbers(seed: int) -> Iterator[float]:
    """mulberry32 as `numbers.js` has it, written again in Python."""
    wrap = 0xFFFFFFFF
    while True:
        seed = (seed + 0x6D2B79F5) & wrap
        t = ((seed ^ (seed >> 15)) * (1 | seed)) & wrap
        t ^= (t + ((t ^ (t >> 7)) * (61 | t) & wrap)) & wrap
        yield (t ^ (t >> 14)) / 2**32


def show_table(page: Page) -> None:
    """Open the first widget's table, which is filled a moment after the click."""
    page.get_by_text("Show as table").first.click()
    page.locator(".whole table").first.wait_for()
