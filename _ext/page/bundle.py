"""What the page's Python is made of: Brython, what stands for parts of Python's library, lmlib's checks, and a harness.

Brython compiles modules in the reader's browser when they are first imported, so that each line costs time there.
`bare` leaves out what no program needs, and `only` whatever is not asked for.
"""

from __future__ import annotations

import ast
import json
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
BRYTHON = HERE.parent / "brython"
LMLIB = HERE.parents[1] / "lmlib"
CHECKS = [
    f"lmlib.classroom.{name}"
    for name in [
        "brief",
        "calls",
        "checks",
        "comparison",
        "diagnosis",
        "examples",
        "given",
        "sentences",
        "values",
    ]
]
OWN = {"lmlib.classroom.record": "record", "lmlib.workshop.keeping": "keeping"}
"""Modules of lmlib that have files, which a page has not: other ones stand for them."""
TORCH = {
    "torch": "torch",
    "torch.single": "single",
    "torch.tensors": "tensors",
    "torch.nn.functional": "functional",
}
"""PyTorch's names for a small part of it."""
AT_ONCE = [
    "math",
    "itertools",
    "operator",
    "_operator",
    "keyword",
    "heapq",
    "_collections",
]
"""Modules of Brython that are always there; others are fetched for the answer that imports them."""
Modules = dict[str, list]
"""By name: kind, source, and 1 for a package, as Brython has it."""


class _Bare(ast.NodeTransformer):
    """Without documentation and types. A dataclass keeps the names of its fields."""

    def visit_Module(self, node: ast.Module) -> ast.AST:
        return self._body(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        spec = node.args
        for one in [
            *spec.posonlyargs,
            *spec.args,
            *spec.kwonlyargs,
            spec.vararg,
            spec.kwarg,
        ]:
            if one:
                one.annotation = None
        return self._body(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        fields = [
            s.target.id
            for s in node.body
            if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)
        ]
        is_data = any("dataclass" in ast.unparse(one) for one in node.decorator_list)
        self._body(node)
        if is_data:
            node.body.insert(0, ast.parse(f"__fields__ = {tuple(fields)!r}").body[0])
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return None
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        return None if node.module == "__future__" else node

    def _body(self, node: ast.AST) -> ast.AST:
        self.generic_visit(node)
        node.body = node.body or [ast.Pass()]
        return node


def bare(source: str) -> str:
    """The same program without documentation, comments and types."""
    return ast.unparse(ast.fix_missing_locations(_Bare().visit(ast.parse(source))))


def only(source: str, names: set[str]) -> str:
    """The statements of a module that ``names`` need, in their order."""
    body = ast.parse(source).body
    wanted, kept = set(names), set()
    grows = True
    while grows:
        before = len(kept)
        for place, statement in enumerate(body):
            if place not in kept and _bound(statement) & wanted:
                kept.add(place)
                wanted |= {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)}
        grows = len(kept) > before
    found = [_narrow(s, wanted) for place, s in enumerate(body) if place in kept]
    return "\n".join(map(ast.unparse, found))


def _bound(statement: ast.stmt) -> set[str]:
    """Names that a statement gives a meaning."""
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return {statement.name}
    nodes = list(ast.walk(statement))
    names = {
        n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    for node in nodes:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(a.asname or a.name).partition(".")[0] for a in node.names}
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
    return names


def _narrow(statement: ast.stmt, wanted: set[str]) -> ast.stmt:
    """An import without names that nobody wants."""
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        statement.names = [
            a
            for a in statement.names
            if (a.asname or a.name).partition(".")[0] in wanted
        ]
    return statement


@cache
def vendored() -> Modules:
    """The modules of Brython that the repository has."""
    return json.loads((BRYTHON / "modules.json").read_text("utf-8"))


def _own(file: Path) -> list:
    return [".py", bare(file.read_text("utf-8")), 0]


@cache
def at_once() -> Modules:
    """What is there when the worker starts."""
    found = {name: vendored()[name] for name in AT_ONCE}
    newer = (HERE / "pairwise.py").read_text(
        "utf-8"
    )  # what Brython's module lacks, or has without an argument
    found["itertools"] = [".py", bare(found["itertools"][1] + newer), 0]
    python = vendored()["collections"][1]
    found["collections_of_python"] = [
        ".py",
        bare(only(python, {"Counter", "namedtuple"})),
        0,
    ]
    found |= {file.stem: _own(file) for file in (HERE / "light").glob("*.py")}
    found |= {
        "collections": [*found["collections"][:2], 1],
        "collections.abc": found["_collections_abc"],
    }
    found |= {
        name: [".py", "", 1] for name in ("lmlib", "lmlib.classroom", "lmlib.workshop")
    }
    found |= {
        name: _own(LMLIB.parent / f"{name.replace('.', '/')}.py") for name in CHECKS
    }
    found |= {name: _own(HERE / f"{file}.py") for name, file in OWN.items()}
    found |= {name: _own(HERE / f"{file}.py") for name, file in TORCH.items()}
    found |= {
        "torch": [*found["torch"][:2], 1],
        "torch.nn": [".py", "import torch.nn.functional as functional", 1],
    }
    return found


@cache
def rare() -> Modules:
    """Modules that few answers import."""
    return {
        name: module for name, module in vendored().items() if name not in at_once()
    }


def worker() -> str:
    """The script of the worker, which has all that it needs: a page from the disk can fetch nothing for it."""
    engine = (BRYTHON / "brython.js").read_text("utf-8")
    glue = (HERE / "worker.js").read_text("utf-8")
    harness = bare((HERE / "harness.py").read_text("utf-8"))
    given = f"const MODULES = {json.dumps(at_once())};\nconst HARNESS = {json.dumps(harness)};"
    # A worker from a page on the disk has no address. The engine's own "use strict" counts only at the very beginning.
    first = '"use strict"; self.__BRYTHON__ = { brython_path: "page:///" };'
    return f"{first}\n{engine}\n{given}\n{glue}"
