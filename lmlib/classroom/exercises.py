"""One exercise: its text, solution and check, and which names a piece of code needs from elsewhere."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeGuard

POINTS = {"easy": 1, "medium": 2, "hard": 3}
STUB = "# Write your code here, in place of the next line.\nraise NotImplementedError"


@dataclass(frozen=True)
class Exercise:
    """One question: a function or a class that the student writes."""

    name: str
    statement: str
    """Markdown, with the directives of the book taken out."""
    solution: str
    check: str
    difficulty: str
    minutes: int

    @property
    def points(self) -> int:
        """1 for easy, 2 for medium, 3 for hard."""
        return POINTS[self.difficulty]

    @property
    def function(self) -> str:
        """The name of the function or class that is asked for: the last one of the solution."""
        return [node.name for node in ast.parse(self.solution).body if _named(node)][-1]

    @property
    def stub(self) -> str:
        """What the student is given."""
        return self.cut(lambda indent, body: textwrap.indent(STUB, indent))

    @property
    def body(self) -> str:
        """What the student has to write."""
        lines = self.solution.splitlines()
        places = _to_write(ast.parse(self.solution))
        return "\n".join("\n".join(lines[first:last]) for first, last in places)

    def cut(self, instead: Callable[[str, str], str]) -> str:
        """The solution with something in place of what the student writes, by its indentation and text.

        A function or a method with a docstring is written by the student. What has none is given.
        """
        lines = self.solution.splitlines()
        for first, last in reversed(_to_write(ast.parse(self.solution))):
            body = "\n".join(lines[first:last])
            (indent,) = re.findall(r"\A\s*^([ \t]*)\S", body, re.MULTILINE)
            lines[first:last] = [instead(indent, body)]
        return "\n".join(lines)


def _named(node: ast.AST) -> TypeGuard[ast.FunctionDef | ast.ClassDef]:
    return isinstance(node, (ast.FunctionDef, ast.ClassDef))


def _to_write(tree: ast.Module) -> list[tuple[int, int]]:
    """Lines behind the docstring of each function, and of each method of a class."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    nodes = [*tree.body, *(method for one in classes for method in one.body)]
    return sorted(
        (node.body[0].end_lineno or 0, node.end_lineno or 0)
        for node in nodes
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node)
    )


def stated(name: str, text: str, chapter: str, topic: str) -> tuple[str, str, int]:
    """What the cell of an exercise says: statement, difficulty, minutes. Raises ValueError where it does not."""
    statement = re.search(
        r"```\{exercise\}\n:label: .*?\n\n(.*?)\n```", text, re.DOTALL
    )
    level = re.search(r"\*\((easy|medium|hard), (\d+) minutes\)\*", text)
    if statement is None or level is None:
        raise ValueError(
            f"exercise {name!r} of chapter {topic!r} has no {{exercise}} directive with a difficulty"
        )
    return with_formulas(statement[1], chapter, topic), level[1], int(level[2])


def with_formulas(text: str, chapter: str, topic: str) -> str:
    """Each formula that the chapter has elsewhere, written below the text that names it."""
    names = list(dict.fromkeys(re.findall(r"\{eq\}`(eq:[\w-]+)`", text)))
    for number, name in enumerate(names, 1):
        formula = re.search(rf"\$\$((?:(?!\$\$).)*)\$\$ \({name}\)", chapter, re.DOTALL)
        if formula is None:
            raise ValueError(f"formula {name!r} does not stand in chapter {topic!r}")
        text = text.replace(f"{{eq}}`{name}`", f"({number})")
        text += f"\n\n$$\n{formula[1].strip()} \\tag{{{number}}}\n$$"
    return text


def needed(offer: str, *sources: str) -> str:
    """The imports and functions of ``offer`` that the names in ``sources`` need, and no others."""
    wanted = set().union(*map(names_used, sources))
    taken: list[str] = []
    for statement in reversed(ast.parse(offer).body):
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            kept = [a for a in statement.names if (a.asname or a.name) in wanted]
            if kept:
                statement.names = kept
                taken.append(ast.unparse(statement))
        elif getattr(statement, "name", None) in wanted:  # a function or a class
            wanted |= names_used(ast.unparse(statement))
            taken.append("\n\n" + ast.unparse(statement))
    return "\n".join(reversed(taken)).strip()


def names_used(source: str) -> set[str]:
    """Names that ``source`` needs from elsewhere; none where it cannot be parsed.

    >>> sorted(names_used("y = math.log(x) + y"))
    ['math', 'x']
    """
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    own = {node.arg for node in nodes if isinstance(node, ast.arg)}
    own |= {
        node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    }
    own |= {
        node.name for node in nodes if isinstance(node, ast.ExceptHandler) and node.name
    }
    names = [node for node in nodes if isinstance(node, ast.Name)]
    own |= {name.id for name in names if isinstance(name.ctx, ast.Store)}
    return {name.id for name in names} - own
