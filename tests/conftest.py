"""Fixtures shared by the tests: one real browser for the whole run."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tools.browser import chromium


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium, started once for all tests."""
    with chromium() as browser:
        yield browser
