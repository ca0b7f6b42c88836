"""States in the tables of routes and courses how long each row takes: python -m tools.routes

A row that links to chapters ends with minutes, to read and to do the tasks in the text, or with hours, to do all
exercises as well. Both are counted as `tools.reading_time` counts.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from lmlib.files import write_whole
from tools.reading_time import Length, length

ROOT = Path(__file__).parents[1]
PAGES = ("routes.md", "courses.md")
ROW = re.compile(r"^(\|.*\(chapters/.*\| *)(\d+ min|[\d½]+ h)( *\|)$", re.M)


@cache
def of(chapter: str) -> Length:
    """The length of a chapter."""
    path = ROOT / "chapters" / f"{chapter}.ipynb"
    return length(json.loads(path.read_text("utf-8"))["cells"])


def stated(row: str, unit: str) -> str:
    """How long the chapters of a row take."""
    names = dict.fromkeys(re.findall(r"\(chapters/(\w+)\.ipynb", row))
    found = [of(name) for name in names]
    if unit == "min":
        return f"{5 * round(sum(f.to_read + f.task_minutes for f in found) / 5)} min"
    halves = round(sum(f.to_read + f.exercise_minutes for f in found) / 30)
    return f"{halves // 2 or ''}{'½' if halves % 2 else ''} h"


def brought_up_to_date(text: str) -> str:
    """The page with the times of its rows."""

    def row(found: re.Match[str]) -> str:
        return found[1] + stated(found[1], found[2].split()[1]) + found[3]

    return ROW.sub(row, text)


if __name__ == "__main__":
    for page in PAGES:
        path = ROOT / page
        write_whole(path, brought_up_to_date(path.read_text("utf-8")))
