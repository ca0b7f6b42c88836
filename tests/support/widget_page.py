"""A page of the site with widgets in it, opened from the disk: shared scripts beside it, and no other host."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

Show = Callable[..., Page]


def extension() -> ModuleType:
    """``_ext/widgets.py``, which is no part of a package."""
    path = Path(__file__).parents[2] / "_ext" / "widgets.py"
    spec = importlib.util.spec_from_file_location("site_widgets", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def opener(browser: Browser, folder: Path, own: tuple[str, ...]) -> Iterator[Show]:
    """Puts widgets on a page with the scripts ``own``; a request to a host or a message on the console fails the test.

    ``site=False`` opens what a notebook shows: each output carries its own script.
    """
    widgets = extension()
    found = widgets.scripts()
    for name, text in found.items():
        (folder / name).write_text(text, encoding="utf-8")
    contexts, problems = [], []

    def show(
        *shown: Any,
        width: int = 800,
        dark: bool = False,
        scripts: bool = True,
        site: bool = True,
        address: str = "",
    ) -> Page:
        body = "".join(one._repr_mimebundle_()[0]["text/html"] for one in shown)
        if site:
            tags = "".join(f'<script defer src="{name}"></script>' for name in own)
            body = widgets.MODULE.sub(r"\1", body) + tags
        file = folder / "page.html"
        head = "<html lang='en'><meta charset='utf-8'><title>Page</title>"
        text = f"<!doctype html>{head}<body><main><h1>Page</h1>{body}</main></body>"
        file.write_text(text, encoding="utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": 900},
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
        return page

    try:
        yield show
    finally:
        for context in contexts:
            context.close()
    assert not problems


def serious(page: Page) -> list[str]:
    """What axe finds that keeps somebody out."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response
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
