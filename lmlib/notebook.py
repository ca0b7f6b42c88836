"""What chapters show between text and figures: source code and tables, as Markdown that every front end renders.

Words are text, in tables as in figures and widgets: none of their characters is markup, and :func:`visible` says how
those look that nobody would see. A cell that is meant as markup is itself a ``Markdown``, as ``Markdown("$x^2$")``.
"""

from __future__ import annotations

import ast
import html
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Sequence

from IPython.display import Markdown

NUMBER = re.compile(r"[−+×-]?[.\d∞]|[–·?]?$")
"""How a cell of a column of numbers begins; or it is empty, or says that there is none."""

SIGNS = {"\n": "⏎", "\t": "⇥"}
# Spaces that HTML would swallow: at either end, and beside another one.
LOST_SPACE = re.compile(r"^ | $|(?<= ) | (?= )")
# Joiners inside a word belong to its spelling, as in Persian and in many emoji.
NOT_A_JOINER = re.compile(r"(?!(?<=\S)[\u200c\u200d](?=\S)).", re.DOTALL)
# What Markdown takes for markup, and the dots and colons from which some front ends make links. "<" and "&" are HTML's.
MARKUP = re.compile(r"[$*@\[\\\]_`{|}~]|[.:](?=[^\W\d]|/)")


def _sign(character: str) -> str:
    picture = character if character.isprintable() else repr(character)[1:-1]
    return SIGNS.get(character, picture)


def visible(word: object) -> str:
    """A word as figures, tables and widgets show it: as it is, but nothing in it is invisible.

    A line break becomes ⏎, a tab ⇥, a space at an end or beside another one ␣, the
    empty word ∅, and any other character without a picture its escape, as \\xa0.

    >>> [visible(word) for word in ("in the", " is", "\\n", "", "\\r")]
    ['in the', '␣is', '⏎', '∅', '\\\\r']
    """
    spaced = LOST_SPACE.sub("␣", str(word)) or "∅"
    return NOT_A_JOINER.sub(lambda found: _sign(found[0]), spaced)


def source(*objects: Callable) -> Markdown:
    """The source of functions or classes as it stands in the installed package.

    Of a docstring only the first line is shown, so that the page shows the idea; ``help`` prints all of it.
    A method stands under the name of its class.

    >>> from lmlib.softmax import softmax
    >>> print(source(softmax).data)
    ```python
    def softmax(logits: Tensor, temperature: float = 1.0, dim: int = -1) -> Tensor:
        \"""Probabilities from logits, sharper for temperature below 1 and flatter above.\"""
        return log_softmax(logits, temperature, dim).exp()
    ```
    """
    code = "\n\n\n".join(map(_listing, objects))
    longest = max(map(len, re.findall("`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markdown(f"{fence}python\n{code}\n{fence}")


def _listing(thing: Callable) -> str:
    code = textwrap.dedent(inspect.getsource(thing)).rstrip()
    lines = code.splitlines()
    described = (ast.FunctionDef, ast.ClassDef)
    parts = [part for part in ast.walk(ast.parse(code)) if isinstance(part, described)]
    for part in sorted(parts, key=lambda part: -part.lineno):
        if text := ast.get_docstring(part):
            first = part.body[0]
            short = " " * first.col_offset + f'"""{text.splitlines()[0]}"""'
            lines[first.lineno - 1 : first.end_lineno] = [short]
    shown = "\n".join(lines)
    owner = thing.__qualname__.rpartition(".")[0]  # of a method, its class
    return f"class {owner}:\n{textwrap.indent(shown, ' ' * 4)}" if owner else shown


def _reference(character: str) -> str:
    reference = f"&#{ord(character)};"
    # MathJax reads the finished page once more, but not across the border of an element.
    return f"<span>{reference}</span>" if character in "$\\" else reference


def _written(cell: object) -> str:
    """A cell's Markdown: character references, which no parser takes for markup."""
    if cell is None or isinstance(cell, Markdown):
        return cell.data if cell else ""
    plain = html.escape(visible(cell), quote=False)
    return MARKUP.sub(lambda found: _reference(found[0]), plain)


def _check_widths(rows: Sequence[Sequence[object]], columns: Sequence[object]) -> None:
    for i, row in enumerate(rows):
        if len(row) != len(columns):
            raise ValueError(
                f"rows: row {i} has {len(row)} cells, but {len(columns)} columns are named; "
                "give one cell a column, and None to leave it empty"
            )


def table(rows: Iterable[Sequence[object]], columns: Sequence[object]) -> Markdown:
    """Rows as a table; columns of numbers stand to the right, but for the first. Round numbers first.

    A cell is text, shown as :func:`visible` says; ``None`` is an empty one, and a ``Markdown`` is
    markup. Raises ValueError for a row that does not fit the columns.

    >>> print(table([["I", 2]], columns=["word", "count"]).data)
    | word | count |
    |:--|--:|
    | I | 2 |
    """
    cells = list(rows)
    _check_widths(cells, columns)
    sides = [":--"] * len(columns)
    for i, column in enumerate(zip(*cells, strict=True)):
        if i and all(
            NUMBER.match("" if cell is None else str(cell)) for cell in column
        ):
            sides[i] = "--:"
    head, *body = [f"| {' | '.join(map(_written, row))} |" for row in [columns, *cells]]
    return Markdown("\n".join([head, f"|{'|'.join(sides)}|", *body]))
