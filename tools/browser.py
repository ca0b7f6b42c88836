"""A headless Chromium for what needs a real browser: the print edition and the tests of the site."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

# Where macOS has it, outside the PATH.
APPLICATIONS = [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
]
FLAGS = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]


def chromium_path(own: str) -> str | None:
    """First Chromium that exists: $CHROMIUM, Playwright's `own`, then the PATH, then macOS's applications."""
    found = (
        shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")
    )
    candidates = [os.environ.get("CHROMIUM"), own, *found, *APPLICATIONS]
    return next((path for path in candidates if path and Path(path).is_file()), None)


def flags() -> list[str]:
    """How Chromium is started. Its sandbox cannot start as root, which is what a container usually runs as."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0  # Windows has no such number
    return [*FLAGS, "--no-sandbox"] if root else FLAGS


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser, or FileNotFoundError where the machine has none."""
    with sync_playwright() as playwright:
        path = chromium_path(playwright.chromium.executable_path)
        if path is None:
            raise FileNotFoundError(
                "no Chromium found: `make browser` installs one, or set CHROMIUM=/path/to/chromium"
            )
        browser = playwright.chromium.launch(executable_path=path, args=flags())
        yield browser
        browser.close()


if __name__ == "__main__":  # for install_browser.sh: is there a browser?
    with sync_playwright() as playwright:
        path = chromium_path(playwright.chromium.executable_path)
    print(f"== Browser: {path}" if path else "== No Chromium on this machine yet")
    sys.exit(path is None)
