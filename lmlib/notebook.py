"""What chapters show between text and figures: source code and tables, as Markdown that every front end renders."""

from __future__ import annotations

import html
import inspect
import textwrap
from collections.abc import Callable, Iterable, Sequence

from IPython.display import Markdown


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
    """Rows as a table, the first column to the left and the others to the right; round numbers first.

    >>> print(table([["I", 2]], columns=["word", "count"]).data)
    | word | count |
    |:--|--:|
    | I | 2 |
    """
    head, *body = [
        "| " + " | ".join(html.escape(str(cell), quote=False) for cell in row) + " |"
        for row in [columns, *rows]
    ]
    return Markdown("\n".join([head, "|:--" + "|--:" * (len(columns) - 1) + "|", *body]))
