"""Whether the release that the files name is one: the same version everywhere, a dated entry of the changelog, a tag.

``python -m tools.check_release v0.2.0`` asks whether that tag fits the files. Without an argument, it asks ``origin``
for the tag of the version, which the Colab buttons open and the set-up cells install.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tools.address import ROOT, renewed, stated, version


def newest_change(root: Path = ROOT) -> tuple[str, str]:
    """Version and date of the first heading of the changelog."""
    text = (root / "CHANGELOG.md").read_text("utf-8")
    found = re.search(r"(?m)^## (\S+) \((.+)\)$", text)
    return (found[1], found[2]) if found else ("no version", "no date")


def unfit(tag: str, root: Path = ROOT) -> str | None:
    """A sentence that says why the files are not the release ``tag``; None where they are."""
    if tag != f"v{version(root)}":
        return (
            f"The tag is {tag}, and pyproject.toml states the version {version(root)}: "
            "delete the tag, or set the version and run `make address`."
        )
    number, date = newest_change(root)
    if number != version(root) or not re.fullmatch(r"\d{4}-\d\d-\d\d", date):
        return (
            f"CHANGELOG.md begins with {number} ({date}): its first heading has to be "
            f"`## {version(root)} (2026-12-24)`, with the day of the release."
        )
    wanted = renewed(root, stated(root))
    apart = [
        path.name for path, text in wanted.items() if path.read_text("utf-8") != text
    ]
    if apart:
        return f"{apart[0]} names another release: run `make address`, and commit."
    return None


def at_origin(tag: str, root: Path, file: str) -> str | None:
    """A file as it is in the commit that ``origin`` has under a tag; None where there is no such tag."""
    git = ["git", "-C", str(root)]
    fetched = subprocess.run([*git, "fetch", "-q", "origin", f"refs/tags/{tag}"])
    if fetched.returncode:
        return None
    show = [*git, "show", f"FETCH_HEAD:{file}"]
    return subprocess.run(show, check=True, capture_output=True, text=True).stdout


def unpublished(root: Path = ROOT) -> str | None:
    """A sentence that says what is missing for Colab to open and install the release; None where all is there."""
    tag = f"v{version(root)}"
    project = at_origin(tag, root, "pyproject.toml")
    if project is None:
        return (
            f"There is no tag {tag}, so Colab has nothing to open and to install: "
            f"run `git tag {tag}`, then `git push origin {tag}`."
        )
    if f'"https://github.com/{stated(root)}"' not in project:
        return (
            f"The tag {tag} is a commit before `make address`, with another repository's address: "
            f"run `git tag --force {tag}`, then `git push --force origin {tag}`."
        )
    return None


if __name__ == "__main__":
    sys.exit(unfit(sys.argv[1]) if len(sys.argv) > 1 else unpublished())
