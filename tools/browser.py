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
    # Letters as wide as in a window: lines are then as long, and PDFs have their spaces.
    "--font-render-hinting=none",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]


# A browser without windows opens a page in a third of the time.
SHELL = "chromium-headless-shell"
NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium_path(own: str) -> str | None:
    """First Chromium that exists: $CHROMIUM, one without windows, Playwright's `own`, the PATH's, macOS's.

    Where Playwright has one without windows, it stands beside its `own`.
    """
    shells = (
        shell
        for folder in Path(own).parents
        if folder.name.startswith("chromium-")
        for shell in folder.parent.glob(
            f"chromium_headless_shell-{folder.name.split('-')[1]}/*/*headless*shell*"
        )
    )
    found = [shutil.which(name) for name in (SHELL, *NAMES)]
    first, *others = found
    candidates = [
        os.environ.get("CHROMIUM"),
        *shells,
        first,
        own,
        *others,
        *APPLICATIONS,
    ]
    return next((str(p) for p in candidates if p and Path(p).is_file()), None)


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
    if path:
        print(f"== Browser: {path}")
    sys.exit(path is None)
