"""Reads the cells of a notebook that was handed in, as far as each of them can be read."""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class Cell(NamedTuple):
    """A cell that was handed in."""

    kind: str
    source: str
    name: str | None
    """nbgrader's name, where it was not lost."""


def cells_of(data: bytes) -> list[Cell]:
    """All cells that can be read. Raises ValueError where there are cells and none of them can, or no notebook.

    >>> cells_of(b'{"cells": [{"cell_type": "code", "source": ["x = 1"]}, null]}')
    [Cell(kind='code', source='x = 1', name=None)]
    """
    try:
        text = data.decode(json.detect_encoding(data), "replace")
        cells = json.loads(text)["cells"]
    except (RecursionError, LookupError, TypeError) as error:
        raise ValueError("it has no cells") from error
    if not isinstance(cells, list):
        raise ValueError("its cells are no list")
    found = [_cell(cell) for cell in cells if _is_cell(cell)]
    if cells and not found:
        raise ValueError("none of its cells can be read")
    return found


def _is_cell(cell: Any) -> bool:
    return isinstance(cell, dict) and isinstance(
        cell.get("source"), (str, list, type(None))
    )


def _cell(cell: dict[str, Any]) -> Cell:
    source, metadata = cell.get("source"), cell.get("metadata")
    lines = source if isinstance(source, list) else [source]
    text = "".join(line for line in lines if isinstance(line, str))
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return Cell(
        str(cell.get("cell_type")), text, name if isinstance(name, str) else None
    )
