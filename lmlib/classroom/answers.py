"""Finds answers in whatever was handed in: the functions by their names, and what those need.

Nothing else of a submission is used: no metadata, no outputs, no tests. Nothing of it runs here.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path

from lmlib.classroom.exercises import Exercise

FILE_LIMIT, CODE_LIMIT = 100 << 20, 300_000
"""Bytes of a file and characters of code that are read: both far above honest work."""


@dataclass(frozen=True)
class Part:
    """A statement of a notebook: the names that it gives a meaning, and those that it needs."""

    source: str
    binds: frozenset[str]
    uses: frozenset[str]


class Submission:
    """The code of a file, read as far as it can be. ``trouble`` says in words what could not.

    >>> cell = {"cell_type": "code", "source": "def f(x):\\n    return x"}
    >>> Submission(json.dumps({"cells": [cell]}).encode()).trouble is None
    True
    >>> Submission(b"").trouble
    'The file is empty.'
    """

    def __init__(self, data: bytes) -> None:
        self.trouble: str | None = None
        self.parts: list[Part] = []
        self.broken: list[str] = []
        room = CODE_LIMIT
        for source in self._sources(data):
            if len(source) > room:
                self.trouble = f"Only {CODE_LIMIT:,} characters of code are read: a long cell was left out."
                continue
            room -= len(source)
            try:
                self.parts += _parts(source)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                self.broken.append(source)

    @classmethod
    def of(cls, path: Path) -> Submission:
        """The submission in a file."""
        with path.open("rb") as file:
            return cls(file.read(FILE_LIMIT + 1))

    def _sources(self, data: bytes) -> list[str]:
        if not data.strip():
            self.trouble = "The file is empty."
        elif len(data) > FILE_LIMIT:
            self.trouble = f"The file has more than {FILE_LIMIT >> 20} MB."
        else:
            try:
                cells = json.loads(data.decode("utf-8", "replace"))["cells"]
                code = [cell for cell in cells if cell.get("cell_type") == "code"]
                sources = ["".join(cell.get("source", "")) for cell in code]
                return [source.encode("utf-8", "replace").decode() for source in sources]
            except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
                self.trouble = (
                    "The file is no notebook, or it is damaged: it cannot be read."
                )
        return []

    def answer(self, exercise: Exercise) -> str | None:
        """The source of an answer with all that it needs, or None where there is none.

        The last definition counts, as in a notebook that is run from top to bottom, unless it is the
        empty one that the student was given.
        """
        stub = ast.dump(ast.parse(exercise.stub))
        place: dict[str, int] = {}
        for n, part in enumerate(self.parts):
            if (
                exercise.function not in part.binds
                or ast.dump(ast.parse(part.source)) != stub
            ):
                place |= dict.fromkeys(part.binds, n)
        if exercise.function not in place:
            return self._broken_answer(exercise)
        wanted, taken = [exercise.function], set()
        while wanted:
            name = wanted.pop()
            if name in place and place[name] not in taken:
                taken.add(place[name])
                wanted += self.parts[place[name]].uses
        return "\n\n".join(self.parts[n].source for n in sorted(taken))

    def _broken_answer(self, exercise: Exercise) -> str | None:
        """The cell that would define the function, if Python could read it."""
        definition = rf"^\s*def\s+{exercise.function}\b"
        found = [s for s in self.broken if re.search(definition, s, re.MULTILINE)]
        return found[-1] if found else None

    def defines(self, function: str) -> bool:
        """Whether a function stands anywhere in the submission."""
        return any(function in part.binds for part in self.parts) or any(
            f"def {function}" in source for source in self.broken
        )


def _parts(source: str) -> list[Part]:
    """The statements of a cell that give names a meaning. Raises SyntaxError."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # perhaps for %magic and !commands
        source = re.sub(r"^([ \t]*)[%!].*$", r"\1pass", source, flags=re.MULTILINE)
        tree = ast.parse(source)
    lines = source.splitlines()
    parts = []
    for node in tree.body:
        if binds := _binds(node):
            first = min(
                [node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]
            )
            text = "\n".join(lines[first - 1 : node.end_lineno])
            uses = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
            if first != node.lineno or _one_statement(text):
                parts.append(Part(text, frozenset(binds), frozenset(uses)))
            else:  # several statements on one line
                parts.append(Part(ast.unparse(node), frozenset(binds), frozenset(uses)))
    return parts


def _one_statement(text: str) -> bool:
    try:
        return len(ast.parse(text).body) == 1
    except SyntaxError:
        return False


def _binds(node: ast.stmt) -> set[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        stored = {
            n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)
        }
        # `np.allclose = …` gives no name a meaning: it changes what belongs to all.
        changes = any(
            isinstance(n, (ast.Attribute, ast.Subscript))
            for t in targets
            for n in ast.walk(t)
        )
        return set() if changes else stored
    return set()
