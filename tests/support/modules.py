"""The modules of lmlib: what their maps say of them, what they import, and how large they are."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "lmlib"
LINE = re.compile(r"^(\w+)  +(\S.*)$")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One file, by its name behind ``lmlib.``: ``softmax``, ``train.settings``."""

    name: str
    path: Path

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text(encoding="utf-8"))

    @property
    def top(self) -> str:
        """The name as the map has it: a module's own, or its package's."""
        return self.name.partition(".")[0]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def imports(self) -> set[str]:
        """Modules of lmlib that are imported anywhere in it, in functions too."""
        found = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{self}: imports by a relative name"
                parts = {f"{node.module}.{alias.name}" for alias in node.names}
                found |= {p if _module(p) else node.module or "" for p in parts}
        return {m.name for name in found if (m := _module(name))}

    @property
    def functions(self) -> Iterator[tuple[str, Function]]:
        """Every function with its name, that of its class before it."""
        yield from _functions(self.tree, "")

    def calls(self) -> Iterator[str]:
        """What is called, as it is written: ``print``, ``torch.manual_seed``."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield ast.unparse(node.func)


def _functions(tree: ast.AST, before: str) -> Iterator[tuple[str, Function]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function):
            yield before + node.name, node
        inside = isinstance(node, Function | ast.ClassDef)
        yield from _functions(node, before + (f"{node.name}." if inside else ""))


@cache
def modules() -> dict[str, Module]:
    """All modules by name; a package is its ``__init__``, and lmlib itself is not among them."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        if name:
            found[name] = Module(name, path)
    return found


def _module(name: str) -> Module | None:
    own = name.removeprefix("lmlib.")
    return modules().get(own) if own != name else None


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def body_lines(function: Function) -> int:
    """Lines behind signature and docstring, blank ones and comments too."""
    header = [function.lineno, *(a.end_lineno for a in _arguments(function))]
    start = max(header)
    if ast.get_docstring(function) is not None:
        start = function.body[0].end_lineno or start
    return (function.end_lineno or start) - start


def _arguments(function: Function) -> Iterator[ast.arg | ast.expr]:
    a = function.args
    yield from (*a.posonlyargs, *a.args, *a.kwonlyargs, *a.defaults)
    yield from (x for x in (a.vararg, a.kwarg, function.returns, *a.kw_defaults) if x)


def docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


@cache
def book_map() -> dict[str, dict[str, str]]:
    """The sections of the map in ``lmlib/__init__.py``, each with its modules in order and what is said of them."""
    sections: dict[str, dict[str, str]] = {}
    for line in docstring(PACKAGE / "__init__.py").splitlines():
        if entry := LINE.match(line):
            section = sections[list(sections)[-1]]
            assert entry[1] not in section, f"{entry[1]} stands in the map twice"
            section[entry[1]] = entry[2]
        elif title := re.match(r"The subject|Leaves|On top|Machinery", line):
            sections[title[0]] = {}
    return sections


def package_map(package: str) -> list[str]:
    """The modules that a package's docstring names: at the beginning of a line, or as `name` in a sentence."""
    found = []
    for line in docstring(PACKAGE / package / "__init__.py").splitlines():
        entry = LINE.match(line)
        found += [entry[1]] if entry else re.findall(r"(?<!`)`(\w+)`(?!`)", line)
    return found
