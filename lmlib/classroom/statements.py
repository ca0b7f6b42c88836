"""Reads the code of a notebook's cell: its statements, what each gives a name, and which names it needs.

Nothing runs here, and no code is so strange that it takes long or more than an exception.
"""

from __future__ import annotations

import ast
import symtable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from lmlib.classroom.magics import UNREADABLE, plain_python


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
            added_to = {
                node.target.id
                for node in ast.walk(ast.parse(self.source))
                if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
            }
            found = _globals(symtable.symtable(self.source, "cell", "exec"))
            return found | (added_to & self.binds)
        except UNREADABLE:  # such as a parameter twice: it will be graded as broken
            return set()

    @cached_property
    def from_the_book(self) -> bool:
        """Whether it imports from `lmlib`.

        >>> parts_of("from lmlib.workshop.parts import attend", 0)[0].from_the_book
        True
        """
        node = self._node
        module = node.module if isinstance(node, ast.ImportFrom) else None
        return (module or "").split(".")[0] == "lmlib"

    @cached_property
    def empty(self) -> bool:
        """Whether it is a function that nobody has filled in.

        >>> parts_of("def f(x):\\n    'Half of x.'\\n    raise NotImplementedError", 0)[0].empty
        True
        """
        if not isinstance(self._node, ast.FunctionDef):
            return False
        *above, last = self._node.body
        raised = last.exc if isinstance(last, ast.Raise) else None
        stopped = isinstance(raised, ast.Name) and raised.id == "NotImplementedError"
        return stopped and all(isinstance(line, ast.Expr) for line in above)

    @cached_property
    def _node(self) -> ast.stmt | None:
        try:
            return ast.parse(self.source).body[0]
        except UNREADABLE:
            return None


def parts_of(source: str, cell: int) -> list[Part]:
    """The statements of a cell that give names a meaning. Raises one of `UNREADABLE`.

    >>> [sorted(part.uses) for part in parts_of("%time\\nf = lambda x: x + y", 0)]
    [['y']]
    """
    source = plain_python(source)
    lines, tree = source.split("\n"), ast.parse(source)
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


def _binds(node: ast.AST) -> set[str]:
    """Names to which a statement gives a meaning, and those within it, but for what is inside a function."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        # `np.allclose = …` gives no name a meaning: it changes what belongs to all.
        return set().union(*map(_bare, targets))
    if isinstance(node, ast.Lambda):
        return set()
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Store) else set()
    return set().union(*map(_binds, ast.iter_child_nodes(node)))


def _bare(target: ast.AST) -> set[str]:
    within = list(ast.walk(target))
    if any(isinstance(n, (ast.Attribute, ast.Subscript)) for n in within):
        return set()
    return {n.id for n in within if isinstance(n, ast.Name)}
