"""Reads the code of a notebook's cell: its statements, what each gives a name, and which names it needs.

Nothing runs here, and no code is so strange that it takes long or more than an exception.
"""

from __future__ import annotations

import ast
import re
import symtable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

# IPython's own transformer reads the whole cell again for each magic: a hostile cell takes it minutes.
MAGIC = re.compile(
    r"""^([ \t]*+)(?!.*(?:\"{3}|'{3}))(?:%time[ \t]+([^\s!%-].*)"""
    r"""|(\w[\w., ]*=[ \t]*)?(?:%%?[a-zA-Z!]|!(?!=))(?:.*\\\n)*.*|\?\??[ \t]*[a-zA-Z*].*|[\w.*[\]]+\?\??[ \t]*)$""",
    re.MULTILINE,
)
UNREADABLE = (SyntaxError, ValueError, RuntimeError, MemoryError)
"""What Python's parser raises for code that it cannot read."""


@dataclass(frozen=True)
class Part:
    """A statement of a notebook, and the names that it gives a meaning."""

    source: str
    binds: frozenset[str]
    cell: int

    @cached_property
    def uses(self) -> set[str]:
        """The names that it needs from elsewhere."""
        try:
            return _globals(symtable.symtable(self.source, "cell", "exec"))
        except UNREADABLE:  # such as a parameter twice: it will be graded as broken
            return set()


def parts_of(source: str, cell: int) -> list[Part]:
    """The statements of a cell that give names a meaning. Raises one of `UNREADABLE`.

    >>> [sorted(part.uses) for part in parts_of("%time\\nf = lambda x: x + y", 0)]
    [['y']]
    """
    lines = re.split(
        r"\r\n?|\n", source
    )  # as ast counts; splitlines also cuts at U+2028
    try:
        tree = ast.parse(source)
    except SyntaxError:  # perhaps for %magic and !commands
        lines = _without_magics(lines)
        tree = ast.parse("\n".join(lines))
    statements = [
        (_first_line(node), node.end_lineno or node.lineno) for node in tree.body
    ]
    shared = {end for (_, end), (start, _) in pairwise(statements) if start == end}
    parts = []
    for node, (start, end) in zip(tree.body, statements, strict=True):
        if binds := _binds(node):
            alone = not {start, end} & shared
            text = "\n".join(lines[start - 1 : end]) if alone else ast.unparse(node)
            parts.append(Part(text, frozenset(binds), cell))
    return parts


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


def _first_line(node: ast.stmt) -> int:
    return min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])


def same(source: str, other: str) -> bool:
    """Whether two sources say the same, but for comments and layout.

    >>> same("x = 1  # one", "x=1"), same("x = (", "x = (")
    (True, False)
    """
    try:
        return ast.dump(ast.parse(source)) == ast.dump(ast.parse(other))
    except UNREADABLE:
        return False


def _globals(table: symtable.SymbolTable) -> set[str]:
    """Names that the code looks up in the notebook: neither parameters nor local variables."""
    here = table.get_type() == "module"
    own = {
        symbol.get_name()
        for symbol in table.get_symbols()
        if (symbol.is_referenced() if here else symbol.is_global())
    }
    return own.union(*map(_globals, table.get_children()))


def _binds(node: ast.stmt) -> set[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    if isinstance(node, ast.Try) and any(
        isinstance(n, (ast.Import, ast.ImportFrom)) for n in node.body
    ):
        return set().union(*map(_binds, node.body))
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        within = [n for target in targets for n in ast.walk(target)]
        # `np.allclose = …` gives no name a meaning: it changes what belongs to all.
        if not any(isinstance(n, (ast.Attribute, ast.Subscript)) for n in within):
            return {n.id for n in within if isinstance(n, ast.Name)}
    return set()
