"""The index of what the book covers: no row is lost, and each leads to a cell whose output is compared."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from tools.names import PAGE, brought_up_to_date

ROOT = Path(__file__).parents[1]
ROWS = {"A": 25, "B": 6, "C": 12, "D": 18, "E": 9, "F": 25}
IDS = [f"{letter}{n}" for letter, most in ROWS.items() for n in range(1, most + 1)]
UNCOMPARED = {"nbval-skip", "nbval-ignore-output", "raises-exception"}
LINK = re.compile(r"\]\(((?:chapters/)?\w+\.(?:ipynb|md))(?:#([\w-]+))?\)")
LINES = (ROOT / "where.md").read_text("utf-8").splitlines()
FOUND = {m[1]: m[0] for line in LINES if (m := re.match(r"\| ([A-F]\d+) \|.*", line))}


def slug(heading: str) -> str:
    """The address of a heading, as MyST makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@cache
def sections(chapter: str) -> dict[str, list[NotebookNode]]:
    """The cells below each heading of the second and third level, from it to the next that is as high or higher."""
    notebook = nbformat.read(ROOT / chapter, as_version=4)
    heads = [
        (i, len(m[1]), slug(m[2].strip()))
        for i, cell in enumerate(notebook.cells)
        if cell.cell_type == "markdown"
        for m in re.finditer(r"^(#{2,3}) (.+)$", cell.source, re.M)
    ]
    found = {}
    for k, (start, level, name) in enumerate(heads):
        later = (i for i, other, _ in heads[k + 1 :] if other <= level)
        found[name] = notebook.cells[start : next(later, len(notebook.cells))]
    return found


def paragraphs(page: str) -> dict[str, str]:
    """The text below each heading of a page."""
    text = (ROOT / page).read_text("utf-8")
    parts = re.split(r"^#{2,3} (.+)$", text, flags=re.M)[1:]
    return {
        slug(head): body for head, body in zip(parts[::2], parts[1::2], strict=True)
    }


def compared(cell: NotebookNode) -> bool:
    """Does the cell print, or show a table, and does nbval compare it?"""
    if cell.cell_type != "code" or {*cell.metadata.get("tags", [])} & UNCOMPARED:
        return False
    return any(
        out.output_type == "stream" or "text/markdown" in out.get("data", {})
        for out in cell.outputs
    )


def shown(target: str, place: str) -> bool:
    """Does a link lead to a section with such a cell, or to a paragraph with a link that does?"""
    if target.endswith(".ipynb"):
        return any(map(compared, sections(target).get(place, [])))
    text = paragraphs(target).get(place, "")
    if target == "reading.md":  # whose entries are works, and not cells
        return "{cite:t}" in text
    return any(shown(*link) for link in LINK.findall(text) if link[1])


def test_no_row_is_lost() -> None:
    assert [*FOUND] == IDS


@pytest.mark.parametrize("row", IDS)
def test_a_row_leads_to_what_is_computed(row: str) -> None:
    links = LINK.findall(FOUND[row])
    assert links
    for target, place in links:
        assert shown(target, place), f"{target}#{place}"


@pytest.mark.parametrize("page", ["questions.md", "corrections.md"])
def test_every_paragraph_links_to_what_shows_it(page: str) -> None:
    for name, text in paragraphs(page).items():
        links = [link for link in LINK.findall(text) if link[0].endswith(".ipynb")]
        if "{cite" in text or links:  # no heading above others
            assert links, name
        for target, place in links:
            assert shown(target, place), f"{name}: {target}#{place}"


def test_every_correction_names_a_source() -> None:
    text = paragraphs("corrections.md")
    for row in (f"F{n}" for n in range(1, ROWS["F"] + 1)):
        for _, place in LINK.findall(FOUND[row]):
            assert "{cite:" in text[place], row


def test_names_elsewhere_are_those_of_the_chapters() -> None:
    text = PAGE.read_text("utf-8")
    assert brought_up_to_date(text) == text, "run python -m tools.names"
