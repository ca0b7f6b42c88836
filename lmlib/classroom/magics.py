"""A notebook's cell as plain Python: without magics and commands, which mean nothing where no notebook is."""

from __future__ import annotations

import ast
import re

# IPython's own transformer reads the whole cell again for each magic: a hostile cell takes it minutes.
MAGIC = re.compile(
    r"""^([ \t]*+)(?!.*(?:\"{3}|'{3}))(?:%time[ \t]+([^\s!%-].*)"""
    r"""|(\w[\w., ]*=[ \t]*)?(?:%%?[a-zA-Z!]|!(?!=))(?:.*\\\n)*.*|\?\??[ \t]*[a-zA-Z*].*|[\w.*[\]]+\?\??[ \t]*)$""",
    re.MULTILINE,
)
OF_THE_CELL = re.compile(r"\s*%%(\w+)")
TIMED, WRITTEN = {"timeit"}, {"writefile", "file"}
OTHER_LANGUAGES = {"bash", "sh", "script", "cmd", "perl", "ruby", "html", "HTML"}
OTHER_LANGUAGES |= {"javascript", "js", "latex", "markdown", "svg", "SVG"}
NOT_RUN = TIMED | WRITTEN | OTHER_LANGUAGES
"""What stands above a cell that gives no name a meaning for the notebook, or is no Python."""
UNREADABLE = (SyntaxError, ValueError, RuntimeError, MemoryError)
"""What Python's parser raises for code that it cannot read."""


def plain_python(source: str) -> str:
    """A cell without what only notebooks understand. Raises one of `UNREADABLE`.

    >>> plain_python("%time x = 1\\n!ls"), plain_python("%%timeit\\nx = 1")
    ('x = 1\\npass', '')
    """
    # as ast counts lines; splitlines also cuts at U+2028
    lines = re.split(r"\r\n?|\n", source)
    if (magic := OF_THE_CELL.match(source)) and magic[1] in NOT_RUN:
        return ""
    try:
        ast.parse("\n".join(lines))
    except SyntaxError:  # perhaps for %magic and !commands
        lines = _without_magics(lines)
        ast.parse("\n".join(lines))
    return "\n".join(lines)


def _without_magics(lines: list[str]) -> list[str]:
    """Python in place of what only notebooks understand. In a text of several lines it means nothing."""
    plain = MAGIC.sub(_python, "\n".join(lines)).split("\n")
    nodes = ast.walk(ast.parse("\n".join(plain)))
    texts = [node for node in nodes if isinstance(node, (ast.Constant, ast.JoinedStr))]
    for first, last in {(node.lineno, node.end_lineno) for node in texts}:
        plain[first:last] = lines[first:last]
    return plain


def _python(magic: re.Match[str]) -> str:
    indent, timed, target = magic.groups()
    instead = timed or (f"{target}get_ipython()" if target else "pass")
    return indent + instead + "\n" * magic[0].count("\n")
