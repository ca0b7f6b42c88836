"""Exercises as they stand in a chapter: text, solution, visible check, hidden inputs, wrong answers.

By hand are written only these: the three cells of the chapter, the generators in
``assignments/<topic>/inputs.py``, and the mistakes in ``assignments/<topic>/mistakes.toml``.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import random
import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
from nbformat import NotebookNode

from lmlib.classroom.values import encode

BOOK = Path(__file__).parents[2]
POINTS = {"easy": 1, "medium": 2, "hard": 3}
STUB = "# Write your code here, in place of the next line.\nraise NotImplementedError"


@dataclass(frozen=True)
class Exercise:
    """One question: a function that the student writes."""

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
        """The name of the function that is asked for."""
        return self._definition.name

    @property
    def head(self) -> str:
        """Signature and docstring."""
        return "\n".join(self.solution.splitlines()[: self._definition.body[0].end_lineno])

    @property
    def body(self) -> str:
        """What the student has to write."""
        return "\n".join(self.solution.splitlines()[self._definition.body[0].end_lineno :])

    @property
    def stub(self) -> str:
        """What the student is given."""
        return self.head + "\n" + re.sub("^", "    ", STUB, flags=re.MULTILINE)

    @property
    def _definition(self) -> ast.FunctionDef:
        (definition,) = ast.parse(self.solution).body
        assert isinstance(definition, ast.FunctionDef)
        return definition


class Assignment:
    """The exercises of one chapter. Raises ValueError where there is no such chapter.

    >>> Assignment("softmax").exercises["reheat"].function
    'reheat'
    """

    def __init__(self, topic: str, book: Path = BOOK) -> None:
        self.topic, self.book = topic, book
        known = topics(book)
        if topic not in known:
            raise ValueError(
                f"topic: {topic!r} is not known; use one of {', '.join(known)}"
            )
        path = book / "chapters" / f"{topic}.ipynb"
        self.cells = nbformat.read(path, as_version=4).cells
        first = self.cells[0].source.splitlines()[0]
        self.title = first.removeprefix("# ")

    def __repr__(self) -> str:
        return f"Assignment({self.topic!r}: {', '.join(self.exercises)})"

    @cached_property
    def exercises(self) -> dict[str, Exercise]:
        """By name, in the order of the chapter."""
        found = {}
        for place, solution in enumerate(self.cells):
            if "exercise-solution" in tags(solution):
                text, check = self.cells[place - 1], self.cells[place + 1]
                name = solution.metadata["exercise"]
                found[name] = self._exercise(
                    name, text.source, solution.source, check.source
                )
        return found

    def _exercise(self, name: str, text: str, solution: str, check: str) -> Exercise:
        statement = re.search(
            r"```\{exercise\}\n:label: .*?\n\n(.*?)\n```", text, re.DOTALL
        )
        level = re.search(r"\*\((easy|medium|hard), (\d+) minutes\)\*", text)
        if statement is None or level is None:
            raise ValueError(
                f"exercise {name!r} of chapter {self.topic!r} has no {{exercise}} directive with a difficulty"
            )
        text = self._with_formulas(statement[1])
        return Exercise(name, text, solution, check, level[1], int(level[2]))

    def _with_formulas(self, text: str) -> str:
        """Each formula that the chapter has elsewhere, written below the text that names it."""
        chapter = "\n".join(cell.source for cell in self.cells)
        names = list(dict.fromkeys(re.findall(r"\{eq\}`(eq:[\w-]+)`", text)))
        for number, name in enumerate(names, 1):
            formula = re.search(rf"\$\$((?:(?!\$\$).)*)\$\$ \({name}\)", chapter, re.DOTALL)
            if formula is None:
                raise ValueError(
                    f"formula {name!r} does not stand in chapter {self.topic!r}"
                )
            text = text.replace(f"{{eq}}`{name}`", f"({number})")
            text += f"\n\n$$\n{formula[1].strip()} \\tag{{{number}}}\n$$"
        return text

    def setup(self, *sources: str) -> str:
        """The chapter's imports and functions that the names in ``sources`` need, and no others.

        A single import of torch takes a second, and most answers do without it.
        """
        wanted = set().union(*map(names_used, sources))
        statements = [part for cell in self._setup_cells for part in ast.parse(cell).body]
        taken: list[str] = []
        for statement in reversed(statements):
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                kept = [a for a in statement.names if (a.asname or a.name) in wanted]
                if kept:
                    statement.names = kept
                    taken.append(ast.unparse(statement))
            elif getattr(statement, "name", None) in wanted:  # a function or a class
                wanted |= names_used(ast.unparse(statement))
                taken.append("\n\n" + ast.unparse(statement))
        return "\n".join(reversed(taken)).strip()

    @property
    def _setup_cells(self) -> list[str]:
        apart = {"exercise-solution", "exercise-check", "colab"}
        code = [cell for cell in self.cells if cell.cell_type == "code"]
        return [cell.source for cell in code if not tags(cell) & apart]

    @cached_property
    def inputs_module(self) -> ModuleType:
        """``assignments/<topic>/inputs.py``: one generator of arguments for each exercise."""
        path = self.book / "assignments" / self.topic / "inputs.py"
        spec = importlib.util.spec_from_file_location(f"inputs_of_{self.topic}", path)
        if spec is None or spec.loader is None or not path.is_file():
            raise ValueError(f"topic: {self.topic!r} has no hidden inputs; write {path}")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def inputs(self, name: str, seed: str) -> list[Any]:
        """The hidden inputs of an exercise, encoded. The class's secret ``seed`` decides them."""
        generator = getattr(self.inputs_module, name.replace("-", "_"))
        return [encode(list(args)) for args in generator(random.Random(f"{seed} {name}"))]

    def mistakes(self) -> dict[str, list[list[str]]]:
        """For each exercise the changes, (right, wrong), that make wrong answers of the solution."""
        path = self.book / "assignments" / self.topic / "mistakes.toml"
        return tomllib.loads(path.read_text("utf-8"))

    def digest(self) -> str:
        """Changes when anything changes that decides a grade."""
        inputs = self.book / "assignments" / self.topic / "inputs.py"
        text = repr(self.exercises) + "".join(self._setup_cells) + inputs.read_text("utf-8")
        return hashlib.sha256(text.encode()).hexdigest()


def topics(book: Path = BOOK) -> list[str]:
    """The chapters that have an assignment. Raises ValueError where the book's sources are not there."""
    found = sorted(path.parent.name for path in book.glob("assignments/*/inputs.py"))
    if not found:
        raise ValueError(
            f"book: {book} holds no assignments; run this in a clone of the book"
        )
    return found


def tags(cell: NotebookNode) -> set[str]:
    """The tags of a cell."""
    return set(cell.metadata.get("tags", []))


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
