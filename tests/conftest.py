"""Fixtures shared by the tests: one real browser for the whole run, and the built site."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from support.visits import served
from support.widget_page import show

from tools.browser import chromium
from tools.site import SITE

__all__ = ["served", "show"]

# A page on a busy machine may be late; one that never comes is as wrong after 20 seconds as after 5.
expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium, started once for all tests."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def built() -> None:
    """Says what to do where there is no site to test."""
    if not (SITE / "index.html").exists():
        pytest.fail("there is no built site; run `make book` first")
