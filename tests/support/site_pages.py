"""Pages of the built site, each read once."""

from __future__ import annotations

from functools import cache

from bs4 import BeautifulSoup

from tools.site import SITE


@cache
def soup(page: str) -> BeautifulSoup:
    """The page at this path in the site. All tests share it, so what changes a part copies it first."""
    return BeautifulSoup((SITE / page).read_text("utf-8"), "html.parser")
