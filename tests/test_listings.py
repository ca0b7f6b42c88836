"""Listings of lmlib in chapters: the idea is what they show, not the checks around it."""

import ast
import re
from collections.abc import Iterator

import nbformat
import pytest
from support.modules import ROOT

CHECK = re.compile(r"\w*check_?\w*\(")


def listings() -> Iterator[tuple[str, list[str]]]:
    """Name of the chapter, and the lines of each stored listing that are not blank."""
    for path in sorted((ROOT / "chapters").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code" and cell.source.startswith("source("):
                text = cell.outputs[0].data["text/markdown"]
                code = text.removeprefix("```python\n").removesuffix("\n```")
                for number, part in enumerate(code.split("\n\n\n")):
                    lines = [line for line in part.splitlines() if line.strip()]
                    yield f"{path.stem}-{cell.source}-{number}", lines


LISTINGS = dict(listings())
each = pytest.mark.parametrize("lines", LISTINGS.values(), ids=LISTINGS)


@each
def test_two_lines_in_three_carry_the_idea(lines: list[str]) -> None:
    described = (ast.FunctionDef, ast.ClassDef)
    parts = [
        p for p in ast.walk(ast.parse("\n".join(lines))) if isinstance(p, described)
    ]
    around = sum(ast.get_docstring(part) is not None for part in parts)
    around += sum(bool(CHECK.match(line.strip())) for line in lines)
    around += sum(line.strip().startswith("raise ") for line in lines)
    assert len(lines) - around >= 2 / 3 * len(lines)


@each
def test_of_a_docstring_one_line_is_shown(lines: list[str]) -> None:
    quotes = [line for line in lines if '"""' in line]
    assert all(line.count('"""') == 2 for line in quotes)


def test_there_are_listings() -> None:
    assert len(LISTINGS) >= 6
