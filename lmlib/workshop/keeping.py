"""A part that is right is kept in a file, so that it travels from one notebook to the next.

``my_gpt.py`` has one cell for each part, ``# %% name``, with the function and what it needs of its notebook's
cell. Python's standard library alone, since every check imports it.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from pathlib import Path

from lmlib.files import write_whole
from lmlib.workshop.road import ROAD

NAME = "my_gpt.py"
HEAD = '''"""The parts of a GPT that I wrote. "What you have built" puts them together and loads trained weights.

Keep this file beside your notebooks. A right answer to a check of the book changes its part.
"""

from lmlib.workshop.parts import *  # the book's, for what is not below
'''
DRIVE = Path("/content/drive/MyDrive")
"""Where Colab shows a reader's own drive, if they have connected it: it stays when the notebook's machine goes."""


def folder() -> Path:
    """Where ``my_gpt.py`` is: in Colab the reader's drive if it is connected, else the folder of the notebook."""
    return DRIVE if DRIVE.is_dir() else Path.cwd()


def keep(function: Callable) -> str:
    """Keep a reader's part, and say so in a sentence; nothing is said of the book's own.

    What stands beside it in its cell is kept as far as it is a definition or an import.
    """
    name = getattr(function, "__name__", "")
    if name not in ROAD:
        return f"It is not kept in {NAME}: no part of the GPT is called {name!r}."
    try:
        cell = _cell(function)
        if is_books(name, cell):
            return ""
        path = folder() / NAME
        own = read(path) if path.exists() else {}
        own[name] = definitions(cell)
        write_whole(path, written(own))
    except (OSError, SyntaxError, TypeError, UnicodeError) as error:
        return f"It could not be kept in {NAME} ({error})."
    return f"Kept in {NAME}: {len(own)} of {len(ROAD)} parts of the GPT are yours."


def read(path: Path) -> dict[str, str]:
    """The code of each part in a file that :func:`keep` wrote."""
    return cells_of(path.read_text("utf-8"))


def cells_of(text: str) -> dict[str, str]:
    """The same of the text of such a file.

    >>> cells_of("# %% look_up\\ndef look_up(ids, table):\\n    return table[ids]")
    {'look_up': 'def look_up(ids, table):\\n    return table[ids]'}
    """
    cells = re.split(r"^# %% (\w+)\n", text, flags=re.M)
    named = zip(cells[1::2], cells[2::2], strict=True)
    return {name: code.strip("\n") for name, code in named if name in ROAD}


def written(own: dict[str, str]) -> str:
    """The text of such a file, its parts in the order of the chapters."""
    cells = [f"# %% {name}\n{own[name]}\n" for name in ROAD if name in own]
    return "\n\n".join([HEAD, *cells])


def definitions(cell: str) -> str:
    """What of a cell can be run again anywhere: imports, functions, classes and names for values.

    >>> print(definitions("import math\\nprint(1)\\ndef f(x): return x"))
    import math
    <BLANKLINE>
    <BLANKLINE>
    def f(x): return x
    """
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign)
    nodes = [node for node in ast.parse(cell).body if isinstance(node, kinds)]
    lines = cell.splitlines()
    return "\n\n\n".join("\n".join(lines[_first(n) : n.end_lineno]) for n in nodes)


def is_books(name: str, code: str) -> bool:
    """Whether a part is the book's own solution, but for comments and docstring."""
    parts = Path(__file__).with_name("parts.py").read_text("utf-8")
    own, books = _function(name, code), _function(name, parts)
    return own is not None and own == books


def _function(name: str, code: str) -> str | None:
    for node in ast.parse(code).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            if ast.get_docstring(node):
                node.body = node.body[1:]
            return ast.dump(node)
    return None


def _first(node: ast.stmt) -> int:
    above = [d.lineno for d in getattr(node, "decorator_list", [])]
    return min([node.lineno, *above]) - 1


def _cell(function: Callable) -> str:
    """The cell that a function was written in; of one in a file, the function alone."""
    inside = inspect.unwrap(function)
    file = inspect.getfile(inside)
    if Path(file).is_file():
        return inspect.getsource(inside)
    return "".join(inspect.findsource(inside)[0])
