"""The book's parts with a reader's in their place: all in one space, so that each calls whichever is there.

>>> parts = Parts({"look_up": "def look_up(ids, table):\\n    return 2 * table[ids]"})
>>> parts.own, parts.refused
([], {'look_up': "look_up([[0, 2]], a tensor of shape (3, 2)) is not what the book's gives"})
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lmlib.workshop.keeping import NAME, folder, read
from lmlib.workshop.road import ROAD
from lmlib.workshop.trials import fault, said

BOOKS = Path(__file__).with_name("parts.py")


class Parts:
    """All parts of a GPT by name, each the reader's where they wrote one and it does what it should.

    ``own`` are the names of the reader's parts, ``refused`` says of each that is not taken why, and the
    book's stands in for it. Where ``strict`` is False, a part is taken that does something else, to see what
    becomes of the model. A part is an attribute: ``parts.attend(q, k, v, causal=True)``.
    """

    def __init__(
        self,
        written: Mapping[str, str] = {},
        strict: bool = True,
        books: str | None = None,
    ) -> None:
        alone = {name: _fault(name, code, strict) for name, code in written.items()}
        self.refused = {name: why for name, why in alone.items() if why}
        taken = {name: written[name] for name in ROAD if alone.get(name) == ""}
        self.own, self._space = [*taken], _space(taken, books)

    def __getattr__(self, name: str) -> Callable:
        if name in ROAD:
            return self._space[name]
        raise AttributeError(f"no part is called {name!r}; there are {', '.join(ROAD)}")

    def __repr__(self) -> str:
        refused = f", {len(self.refused)} refused" if self.refused else ""
        return f"Parts: {len(self.own)} of {len(ROAD)} are yours{refused}"


def _space(written: Mapping[str, str], books: str | None = None) -> dict[str, Any]:
    """The book's parts, or what is given for them, and those that a reader wrote, calling each other."""
    space: dict[str, Any] = {"__name__": "parts"}
    code = BOOKS.read_text("utf-8") if books is None else books
    exec(compile(code, "parts.py", "exec"), space)
    for name, own in written.items():
        exec(compile(own, f"{NAME}: {name}", "exec"), space)
    return space


def _fault(name: str, code: str, strict: bool) -> str:
    """Why a part is not taken, tried among the book's; empty if it is."""
    try:
        own = _space({name: code})[name]
        return fault(name, own, _space({})[name]) if strict else ""
    except Exception as error:  # a reader's code may raise anything
        return f"it cannot be run: {said(error)}"


def load_parts(path: str | Path | None = None) -> Parts:
    """The parts in ``my_gpt.py``, of the given path or of :func:`lmlib.workshop.keeping.folder`.

    Where there is no such file, all parts are the book's. Raises ValueError for a path that is none.
    """
    file = folder() / NAME if path is None else Path(path)
    if path is not None and not file.is_file():
        raise ValueError(
            f"path: there is no file {str(path)!r}; a right check makes it"
        )
    return Parts(read(file) if file.is_file() else {})
