"""Gathers the tables "here | elsewhere" of all chapters on one page: python -m tools.names

Each chapter says what its things are called elsewhere. `names.md` shows all of that; nothing is copied by hand.
"""

from __future__ import annotations

import json
import re

from lmlib.files import write_whole
from tools.site import ROOT, pages

PAGE = ROOT / "names.md"
BEGIN = "<!-- gathered from the chapters by python -m tools.names -->"
TABLE = re.compile(r"^\| here \| elsewhere \|\n\|:--\|:--\|\n((?:\|.*\|\n?)+)", re.M)


def in_order() -> list[str]:
    """The chapters as the contents have them."""
    folder = "chapters/"
    return [page.removeprefix(folder) for page in pages() if page.startswith(folder)]


def tables(chapter: str) -> tuple[str, str]:
    """The title of a chapter, and the rows of its tables of names ("" for none)."""
    path = ROOT / "chapters" / f"{chapter}.ipynb"
    cells = json.loads(path.read_text("utf-8"))["cells"]
    text = [
        "".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"
    ]
    rows = [found[1].strip() for one in text for found in TABLE.finditer(one)]
    return text[0].splitlines()[0].removeprefix("# "), "\n".join(rows)


def brought_up_to_date(page: str) -> str:
    """The page with the tables as the chapters have them now."""
    parts = []
    for chapter in in_order():
        title, rows = tables(chapter)
        if rows:
            head = f"### [{title}](chapters/{chapter}.ipynb)"
            parts.append(f"{head}\n\n| here | elsewhere |\n|:--|:--|\n{rows}\n")
    return page.split(BEGIN)[0] + "\n\n".join([BEGIN, "\n".join(parts)])


if __name__ == "__main__":
    write_whole(PAGE, brought_up_to_date(PAGE.read_text("utf-8")))
