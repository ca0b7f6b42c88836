"""What the page needs of a chapter's exercises: the names they start with, stubs, checks, and known mistakes.

An exercise is solved on the page if all that its solution and its check import is there: PyTorch only as far as `torch`
here goes, and of lmlib what needs no more than that.
"""

from __future__ import annotations

import ast
import json
from functools import cache
from typing import Any

from page.bundle import CHECKS, LMLIB, Modules, at_once, bare, only, vendored

from lmlib.classroom.assignments import Assignment
from lmlib.classroom.exercises import Exercise
from lmlib.classroom.record import known_mistakes
from lmlib.classroom.values import encode

ELSEWHERE = {
    "leak-test": "random numbers",
    "write": "random numbers",
    "training-step": "gradients",
    "downhill": "gradients",
    "showable": "bytes that are no text, which this Python decodes in a way of its own",
}
"""Exercises that need more than can be seen from their imports, and what."""


class Elsewhere(Exception):
    """A module that the page has not."""


def imports(source: str) -> list[tuple[str, set[str]]]:
    """Modules that a program imports, and the names it takes out of them."""
    found: list[tuple[str, set[str]]] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(alias.name, set()) for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            found.append((node.module or "", {alias.name for alias in node.names}))
    return found


@cache
def _source(module: str) -> str:
    path = LMLIB.parent / f"{module.replace('.', '/')}.py"
    if not path.is_file():
        raise Elsewhere(module)
    return path.read_text("utf-8")


def borrowed(
    source: str, found: dict[str, set[str]] | None = None
) -> dict[str, set[str]]:
    """Names of each module of lmlib that a program needs, also in what it imports. Raises Elsewhere."""
    found = {} if found is None else found
    for module, names in imports(source):
        if (module in CHECKS or module in at_once() or module in vendored()) and not (
            module == "torch" and "nn" in names
        ):
            continue
        if not module.startswith("lmlib.") or not names or "nn" in names:
            raise Elsewhere(module)
        if not names <= found.get(module, set()):
            found[module] = found.get(module, set()) | names
            borrowed(bare(only(_source(module), found[module])), found)
    return found


def check_of(exercise: Exercise, assignment: Assignment) -> dict[str, Any]:
    """The check of an exercise: its cell, or its examples where only the book's own modules can work them out.

    Raises Elsewhere where the page can do neither.
    """
    if exercise.name in ELSEWHERE:
        raise Elsewhere(ELSEWHERE[exercise.name])
    borrowed(assignment.setup(exercise.solution))
    check: dict[str, Any] = {
        "exercise": exercise.name,
        "function": exercise.function,
        "known": exact(known_mistakes(exercise.name)),
    }
    try:
        borrowed(assignment.setup(exercise.check))
        return check | {"source": exercise.check}
    except Elsewhere:
        return check | worked_out(exercise, assignment)


def worked_out(exercise: Exercise, assignment: Assignment) -> dict[str, Any]:
    """The examples of a check as data, and what it says of a right answer."""
    found = assignment.check(exercise)
    examples = [
        [encode(list(e.args)), encode(e.gives), e.why, e.raises, e.shown]
        for e in found.examples
    ]
    if found.view or any(
        kind in json.dumps(examples)
        for kind in ('"other":', '"made":', '"use":', '"code":')
    ):
        raise Elsewhere("a function or a module as an argument")
    call = next(
        node
        for node in ast.walk(ast.parse(exercise.check))
        if isinstance(node, ast.Call)
    )
    (right,) = [ast.literal_eval(k.value) for k in call.keywords if k.arg == "right"]
    return {"examples": exact(examples), "right": right, "untouched": found.untouched}


def setup(assignment: Assignment) -> str:
    """What the first cell of the chapter gives, as far as the page has it."""
    kept = []
    for statement in ast.parse(assignment.offered).body:
        try:
            borrowed(ast.unparse(statement))
        except Elsewhere:
            continue
        kept.append(statement)
    return "\n".join(map(ast.unparse, kept))


def exact(value: Any) -> Any:
    """JSON of which JavaScript can tell 1.0 from 1, and 2**60 from 2**60 + 1."""
    if isinstance(value, int) and abs(value) > 2**53:
        return {"big": str(value)}
    if isinstance(value, float) and value.is_integer():
        return {"whole": value}
    if isinstance(value, list):
        return [exact(item) for item in value]
    if isinstance(value, dict):
        return {key: exact(item) for key, item in value.items()}
    return value


@cache
def checks(topic: str) -> dict[str, dict[str, Any] | None]:
    """The checks of a chapter's exercises, by name; None for an exercise that the page cannot run."""
    assignment, found = Assignment(topic), {}
    for name, exercise in assignment.exercises.items():
        try:
            found[name] = check_of(exercise, assignment)
        except Elsewhere:
            found[name] = None
    return found


def exercises_here(topic: str) -> dict[str, bool]:
    """The exercises of a chapter, and whether the page can run them."""
    return {name: check is not None for name, check in checks(topic).items()}


def lesson(topic: str) -> dict[str, Any]:
    """The data of a chapter: ``modules``, ``setup``, and its ``exercises`` by name."""
    assignment = Assignment(topic)
    start = setup(assignment)
    modules: Modules = {
        name: [".py", bare(only(_source(name), names)), 0]
        for name, names in borrowed(start).items()
    }
    exercises = {
        name: {"stub": assignment.exercises[name].stub, "check": check}
        for name, check in checks(topic).items()
        if check is not None
    }
    return {"modules": modules, "setup": start, "exercises": exercises}
