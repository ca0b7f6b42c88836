"""A page with widgets as the site has them: their scripts in files beside it, and no other host in reach."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

sys.path.insert(0, str(Path(__file__).parents[2] / "_ext"))
import widgets as site_widgets

Show = Callable[..., Page]


@cache
def site_scripts() -> dict[str, str]:
    """The files of the site, by name."""
    return site_widgets.scripts()


@pytest.fixture
def live_page(browser: Browser, tmp_path: Path) -> Iterator[Show]:
    """Put widgets on a page and open it from the disk; anything that goes wrong there fails the test."""
    contexts, problems = [], []
    for name, text in site_scripts().items():
        (tmp_path / name).write_text(text, "utf-8")

    def open_page(
        *widgets: Any, width: int = 800, scripts: bool = True, address: str = ""
    ) -> Page:
        figures = [
            site_widgets.MODULE.sub(r"\1", w._repr_mimebundle_()[0]["text/html"])
            for w in widgets
        ]
        kinds = sorted({w._kind for w in widgets})
        names = ["core.js", "gpt.js", *(f"{kind}.js" for kind in kinds)]
        tags = "".join(f'<script defer src="{name}"></script>' for name in names)
        page_file = tmp_path / "page.html"
        page_file.write_text(
            f"<!doctype html><html lang='en'><meta charset='utf-8'><title>page</title><body><main><h1>page</h1>"
            f"{''.join(figures)}</main>{tags}</body></html>",
            "utf-8",
        )
        context = browser.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=scripts
        )
        contexts.append(context)
        context.route(
            "http*://**",
            lambda route: (problems.append(route.request.url), route.abort()),
        )
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(page_file.as_uri() + address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not problems
