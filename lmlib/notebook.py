"""What chapters show between text and figures: source code and tables, as Markdown that every front end renders."""

from __future__ import annotations

import html
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Sequence

from IPython.display import Markdown

NUMBER = re.compile(r"[−+×-]?[.\d∞]|[–·?]?$")
"""How a cell of a column of numbers begins; or it is empty, or says that there is none."""


def source(*objects: Callable) -> Markdown:
    """The source of functions or classes as it stands in the installed package.

    >>> from lmlib.softmax import perplexity
    >>> print(source(perplexity).data[:30])
    ```python
    def perplexity(nats:
    """
    code = "\n\n".join(
        textwrap.dedent(inspect.getsource(thing)).rstrip() for thing in objects
    )
    return Markdown(f"```python\n{code}\n```")


def table(rows: Iterable[Sequence[object]], columns: Sequence[str]) -> Markdown:
    """Rows as a table; columns of numbers stand to the right, but for the first. Round numbers first.

    >>> print(table([["I", 2]], columns=["word", "count"]).data)
    | word | count |
    |:--|--:|
    | I | 2 |
    """
    cells = [[str(cell) for cell in row] for row in rows]
    columns_of_numbers = [
        i
        for i, column in enumerate(zip(*cells, strict=True))
        if all(map(NUMBER.match, column))
    ]
    sides = [
        "--:" if i and i in columns_of_numbers else ":--" for i in range(len(columns))
    ]
    head, *body = [
        "| " + " | ".join(html.escape(cell, quote=False) for cell in row) + " |"
        for row in [columns, *cells]
    ]
    return Markdown("\n".join([head, f"|{'|'.join(sides)}|", *body]))
