"""How long a chapter is, and how many minutes it takes: counted from its notebook, by a formula that the book states.

python -m tools.reading_time [--write] [chapters/NAME.ipynb …]

An estimate, which intro.md explains: a minute for 200 words of the path, for 15 open lines of code, for a
Predict, a question of the quiz or two figures, and two for a widget; exercises as they state it themselves.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

from lmlib.files import write_whole

ROOT = Path(__file__).parents[1]
Cell = dict[str, Any]

WORDS_A_MINUTE, LINES_A_MINUTE, FIGURES_A_MINUTE, WIDGET = 200, 15, 2, 2.0
HEADING = re.compile(r"^## Exercises", re.M)
ASIDE = {"replies", "look-closer", "exercise-answer", "remove-cell"}
CLOSED = {"hide-input", "hide-cell", "remove-cell", "remove-input", "exercise-solution", "exercise-check"}  # fmt: skip
STATED = re.compile(r"\*About (\d+) minutes to read, and (\d+) with all exercises\.")
LISTING = re.compile(r"^```python\n(.*?)\n```$", re.M | re.S)
# No fences, which hold exercises, no formulas, and none of what a page does not show: addresses, roles, directives.
NOT_READ = re.compile(
    r"^```.*?^```|\$\$.*?\$\$|\$[^$\n]*\$|^:{3,}\{[^\n]*|\{[\w:]+\}`[^`]*`|`[^`\n]*`|\]\([^)\n]*\)",
    re.M | re.S,
)


class Length(NamedTuple):
    """What a reader meets in a chapter."""

    words: int
    """Of the path."""
    lines: int
    """Of open code, with printed listings."""
    folded_words: int
    folded_lines: int
    """Of folded code, but for exercises, imports and pictures."""
    figures: int
    widgets: int
    questions: int
    """Predicts, and the quiz."""
    exercise_minutes: int
    task_minutes: int
    """Of the exercises that stand in the text, which are a part of the above."""

    @property
    def to_read(self) -> int:
        """Minutes without exercises."""
        minutes = self.words / WORDS_A_MINUTE + self.lines / LINES_A_MINUTE
        minutes += self.figures / FIGURES_A_MINUTE + WIDGET * self.widgets
        return round(minutes + self.questions)

    @property
    def with_exercises(self) -> int:
        """Minutes in all, in whole fives."""
        return 5 * round((self.to_read + self.exercise_minutes) / 5)


def tags(cell: Cell) -> set[str]:
    """The tags of a cell."""
    return set(cell["metadata"].get("tags", []))


def text(cell: Cell) -> str:
    """The source of a cell."""
    return "".join(cell["source"])


def words(markdown: str) -> int:
    """Words of a text, without formulas, code, markup and exercises.

    >>> words("A word, $x$ and [some more](https://example.org): 3.")
    5
    """
    return len(re.findall(r"[^\W\d_]+", NOT_READ.sub(" ", markdown)))


def _kinds(cell: Cell) -> list[str]:
    """What a cell shows besides text."""
    outputs = [out.get("data", {}) for out in cell.get("outputs", [])]
    widget = "application/vnd.jupyter.widget-view+json"
    drawn = [
        "widget" if widget in data else "figure"
        for data in outputs
        if {"image/png", "image/svg+xml"} & set(data)
    ]
    return drawn + ["figure"] * text(cell).count("```{figure}")


def _listed(cell: Cell) -> int:
    """Lines of the listings that a cell prints."""
    shown = [out.get("data", {}).get("text/markdown", "") for out in cell["outputs"]]
    code = [found for one in shown for found in LISTING.findall("".join(one))]
    return sum(len(one.splitlines()) for one in code)


def _before_exercises(cells: list[Cell]) -> list[Cell]:
    heads = [i for i, cell in enumerate(cells) if HEADING.search(text(cell))]
    return cells[: heads[0]] if heads else cells


def _exercise_minutes(cells: list[Cell]) -> int:
    level = r"\*\((?:easy|medium|hard), (\d+) minutes\)\*"
    return sum(int(n) for cell in cells for n in re.findall(level, text(cell)))


def length(cells: list[Cell]) -> Length:
    """The length of a notebook with these cells."""
    markdown = [cell for cell in cells if cell["cell_type"] == "markdown"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    read = [text(cell) for cell in markdown if not tags(cell) & ASIDE]
    opened = [cell for cell in code if not tags(cell) & CLOSED]
    listed = [
        cell
        for cell in code
        if not tags(cell) & {"hide-output", "hide-cell", "remove-output", "remove-cell"}
    ]
    kinds = [kind for cell in cells for kind in _kinds(cell)]
    apart = {"exercise-solution", "exercise-check", "install", "setup"}
    folded = [
        c for c in code if tags(c) & CLOSED and not tags(c) & apart and not _kinds(c)
    ]
    return Length(
        words=sum(map(words, read)),
        lines=sum(len(text(c).splitlines()) for c in opened)
        + sum(map(_listed, listed)),
        folded_words=sum(words(text(c)) for c in markdown if "look-closer" in tags(c)),
        folded_lines=sum(len(text(c).splitlines()) for c in folded),
        figures=kinds.count("figure"),
        widgets=kinds.count("widget"),
        questions=len(
            re.findall(r":::\{(?:predict|quiz)\}", "\n".join(map(text, markdown)))
        ),
        exercise_minutes=_exercise_minutes(markdown),
        task_minutes=_exercise_minutes(_before_exercises(markdown)),
    )


def main(arguments: list[str]) -> None:
    """Print the length of each chapter; with --write also state its minutes in it."""
    paths = [Path(one) for one in arguments if one != "--write"]
    for path in paths or sorted((ROOT / "chapters").glob("*.ipynb")):
        notebook = json.loads(path.read_text("utf-8"))
        found = length(notebook["cells"])
        print(
            f"{path.stem:16} {found.to_read:3} min, {found.with_exercises:3} with exercises; {found}"
        )
        if "--write" in arguments:
            stated = f"*About {found.to_read} minutes to read, and {found.with_exercises} with all exercises."
            for cell in notebook["cells"]:
                cell["source"] = (
                    [STATED.sub(stated, line) for line in cell["source"]]
                    if isinstance(cell["source"], list)
                    else STATED.sub(stated, cell["source"])
                )
            write_whole(path, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
