"""A page of the built site as a reader has it open, with every other host out of reach."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlparse

import pytest
from playwright.sync_api import Browser, Page, Route

from tools.site import SITE


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """A line for each request would bury the test's own output."""


@pytest.fixture(scope="session")
def served() -> Iterator[str]:
    """Address of the site on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(SITE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@dataclass
class Visit:
    """A page as a reader has it open, and all that went wrong on the way."""

    page: Page
    problems: list[str] = field(default_factory=list)
    loaded: set[str] = field(default_factory=set)


@contextmanager
def visit(
    browser: Browser,
    address: str,
    width: int = 1280,
    scheme: str = "light",
    script: str = "",
    **settings: Any,
) -> Iterator[Visit]:
    """Open ``address`` where only its own site can be reached. ``script`` runs before those of the page."""
    home = urlparse(address)
    size = {"width": width, "height": 900}
    context = browser.new_context(viewport=size, color_scheme=scheme, **settings)  # type: ignore[arg-type]
    context.add_init_script(script)
    seen = Visit(context.new_page())

    def guard(route: Route) -> None:
        there = urlparse(route.request.url)
        if there.scheme in ("data", "blob") or (there.scheme, there.netloc) == (
            home.scheme,
            home.netloc,
        ):
            seen.loaded.add(there.path)
            route.continue_()
        else:
            seen.problems.append(f"asks another host: {route.request.url}")
            route.abort()

    context.route("**/*", guard)
    page = seen.page
    page.on(
        "console",
        lambda m: (
            seen.problems.append(f"{m.type}: {m.text}")
            if m.type in ("error", "warning")
            else None
        ),
    )
    page.on("pageerror", lambda error: seen.problems.append(f"page error: {error}"))
    page.on(
        "requestfailed", lambda request: seen.problems.append(f"failed: {request.url}")
    )
    page.on(
        "response",
        lambda r: (
            seen.problems.append(f"{r.status}: {r.url}") if r.status >= 400 else None
        ),
    )
    try:
        page.goto(address)
        yield seen
    finally:
        context.close()


def address(base: str, page: str) -> str:
    return (SITE / page).as_uri() if base == "file" else base + page
