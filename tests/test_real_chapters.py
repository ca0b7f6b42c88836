"""The sections on a real model where none is installed: one line says how to get it, and nothing fails."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

import matplotlib.pyplot as plt
import pytest
from test_chapters import CHAPTERS, code_cells, section

from lmlib.interop import real


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_goes_on_without_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LMLIB_MODEL", raising=False)
    monkeypatch.setattr(real, "PACKAGE", "a_package_that_nobody_has")
    cells = [c for c in section(CHAPTERS[name], "A real one") if c.cell_type == "code"]
    first = CHAPTERS[name].cells.index(cells[0])
    before = "\n".join(cell.source for cell in CHAPTERS[name].cells[:first])
    variables: dict[str, object] = {"__name__": "__main__"}
    printed = io.StringIO()
    with redirect_stdout(printed):
        for cell in [code_cells(CHAPTERS[name])[1], *cells]:
            try:
                exec(compile(cell.source, cell.id, "exec"), variables)
            except NameError as error:  # of the chapter before, which is not run here
                assert rf"{error.name} = " in before or f"{error.name}," in before
    assert printed.getvalue().strip() == real.HOW
    assert not plt.get_fignums()
