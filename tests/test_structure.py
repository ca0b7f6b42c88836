"""How lmlib is laid out: who may import whom, how large things are, and what stands where."""

import json
import os
import subprocess
import sys
from graphlib import TopologicalSorter

import nbformat
import pytest
from support.modules import (
    PACKAGE,
    ROOT,
    Module,
    body_lines,
    book_map,
    lines,
    modules,
    package_map,
)

SUBJECT = list(book_map()["The subject"])
LEAVES = list(book_map()["Leaves"])
TOP = list(book_map()["On top"])
MACHINERY = list(book_map()["Machinery"])
PACKAGES = [p.name for p in sorted(PACKAGE.iterdir()) if (p / "__init__.py").exists()]
every_module = pytest.mark.parametrize("module", modules().values(), ids=str)

# Who imports whom


@every_module
def test_direction_of_imports(module: Module) -> None:
    if module.top in SUBJECT:
        above = SUBJECT[: SUBJECT.index(module.top)]
        allowed = {*above, *LEAVES}
    elif module.top in LEAVES:
        allowed = {*LEAVES}
    elif module.top in TOP and module.top not in PACKAGES:
        allowed = {*SUBJECT, *LEAVES, *TOP} - {*PACKAGES}
    else:
        allowed = {*SUBJECT, *LEAVES, *TOP, *MACHINERY}
        if module.top == "widgets":
            allowed -= {*MACHINERY}
    imported = {modules()[name].top for name in module.imports} - {module.top}
    assert imported <= allowed, f"{module} must not import {imported - allowed}"


def test_no_import_goes_in_a_circle() -> None:
    graph = {module.name: module.imports for module in modules().values()}
    TopologicalSorter(graph).prepare()  # raises CycleError with the circle


# What a module does by itself: nothing

TALKS = {
    "train.__main__": "it is a command",
    "train.job": "what the command says of its run",
    "classroom.commands": "what the command does",
    "classroom.checks": "it answers a student in a notebook",
}
SEEDS = {
    "pretraining": "inside of own_randomness, which puts the state back",
    "classroom.runner": "a process that ends with the answer it is for",
}
GLOBAL_SEEDS = ("torch.manual_seed", "torch.seed", "random.seed", "np.random.seed")


@every_module
def test_nothing_prints_or_seeds(module: Module) -> None:
    called = {*module.calls()}
    if module.name not in TALKS:
        assert not called & {"print", "sys.stdout.write", "pprint"}
    if module.name not in SEEDS:
        assert not called & {*GLOBAL_SEEDS}


def test_exceptions_for_printing_and_seeds_are_needed() -> None:
    called = {name: {*module.calls()} for name, module in modules().items()}
    assert all("print" in called[name] for name in TALKS if name in called)
    assert all(called[name] & {*GLOBAL_SEEDS} for name in SEEDS)


IMPORT_ALL = """
import importlib, json, random, sys
import numpy, torch
blocked = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "urllib.Request")

def watch(event, arguments):
    if event in blocked:
        raise RuntimeError(f"{event} {arguments}")

def state():
    return random.getstate(), repr(numpy.random.get_state()), torch.get_rng_state().tolist()

before, missing = state(), []
sys.addaudithook(watch)
for name in sys.argv[1:]:
    try:
        importlib.import_module(f"lmlib.{name}")
    except ModuleNotFoundError as error:
        missing.append(error.name)
assert state() == before, "a global generator was touched"
print(json.dumps(missing), file=sys.stderr)
"""
OPTIONAL = {"transformers", "tokenizers", "nbgrader", "nbconvert", "traitlets", "fcntl"}


def test_importing_says_nothing_asks_nobody_and_draws_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", IMPORT_ALL, *modules()],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert {*json.loads(done.stderr.splitlines()[-1])} <= OPTIONAL


# Sizes

MODULE, BODY, PATHS = 150, 25, 10
LONG_MODULES = {
    "ngrams": "Kneser–Ney's counts as sorted arrays, of which no half says anything alone",
    "scaling_laws": "a fit from many starts, with its own descent instead of SciPy's",
    "widgets.labels": "every word that a widget shows, in one place to translate them",
    "workshop.parts": "all that a reader writes in one file, as theirs is",
}
LONG_FUNCTIONS = {
    "devices.pick_device": "a sentence for each device that is not there",
    "scaling_laws._descend": "one loop, whose steps share five numbers",
    "train.__main__.main": "an exit code and a sentence for each thing that goes wrong",
    "train.settings.parser": "a table of options",
}
MANY_PATHS = {"train.__main__.main": "an exit code for each thing that goes wrong"}


def long_functions() -> dict[str, int]:
    sizes = {
        f"{module}.{name}": body_lines(function)
        for module in modules().values()
        for name, function in module.functions
    }
    return {name: size for name, size in sizes.items() if size > BODY}


def complexities() -> dict[str, int]:
    """Cyclomatic complexity of every function, as ruff counts it."""
    rule = ["--select", "C901", "--config", "lint.mccabe.max-complexity=0"]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "ruff", "check", *rule, "--output-format", "json"),
            *("--ignore-noqa", "--exit-zero", "--no-cache", str(PACKAGE)),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    found = {}
    for row in json.loads(done.stdout):
        path = os.path.relpath(row["filename"], PACKAGE).removesuffix(".py")
        module = path.replace(os.sep, ".").removesuffix(".__init__")
        _, name, said = row["message"].split("`", 2)
        key = f"{module}.{name}"
        count = int(said.split("(")[1].split(" ")[0])
        found[key] = max(count, found.get(key, 0))
    return found


@every_module
def test_a_module_reads_in_one_sitting(module: Module) -> None:
    if module.name not in LONG_MODULES:
        assert lines(module.path) <= MODULE


def test_functions_are_short() -> None:
    assert long_functions().keys() - LONG_FUNCTIONS.keys() == set()


def test_functions_have_few_paths() -> None:
    found = complexities()
    assert len(found) > 400
    many = {name: n for name, n in found.items() if n > PATHS}
    assert many.keys() - MANY_PATHS.keys() == set(), many
    assert found["pretraining.fit"] <= 6


def test_exceptions_for_size_are_needed() -> None:
    short = {n for n in LONG_MODULES if lines(modules()[n].path) <= MODULE}
    found = complexities()
    assert not short, f"these are short now: {short}"
    assert LONG_FUNCTIONS.keys() - long_functions().keys() == set()
    assert {name for name in MANY_PATHS if found[name] <= PATHS} == set()


def test_lines_of_a_body_are_counted_without_signature_and_docstring() -> None:
    """The longest and the loop that everybody reads, counted by eye."""
    text = modules()["softmax"].path.read_text(encoding="utf-8")
    functions = dict(modules()["softmax"].functions)
    body = text.split("def softmax(")[1].split('"""')[2].split("\n\n\n")[0]
    assert body_lines(functions["softmax"]) == len(body.strip("\n").splitlines()) == 1


# One idea, one name, four places

# A subject module whose name no chapter has: the chapter that teaches it.
CHAPTER_OF = {
    "bpe": "tokens",
    "fast_bpe": "tokens",
    "pretokenizer": "tokens",
    "streams": "tokens",
    "slots": "language_models",
    "grammar": "language_models",
    "floor": "language_models",
    "stories": "language_models",
    "prose": "tokens",
    "ngrams": "language_models",
    "skip_gram": "embeddings",
    "baselines": "pretraining",
    "positions": "transformer",
    "fused": "attention",
    "kv_cache": "generation",
    "multi_head": "attention",
    "blocks": "transformer",
    "grouped_query": "modern",
    "llama": "modern",
    "experts": "modern",
    "bilingual": "translation",
    "secrets": "limits",
    "states": "tasks",
    "chinese": "tasks",
    "enlarged": "tasks",
    "crawl": "curation",
    "told": "tasks",
    "task_gpt": "tasks",
    "suggestions": "tasks",
    "dictionary": "tasks",
    "cells": "transfer",
    "points": "preferences",
    "tilting": "preferences",
    "verdicts": "preferences",
    "policies": "rewards",
    "last_words": "rewards",
    "parity": "rewards",
    "assistant": "instructions",
    "batches": "pretraining",
    "optimisation": "pretraining",
    "muon": "pretraining",
    "training_step": "pretraining",
    "pretrained": "pretraining",
    "token_head": "labelling",
    "story_labels": "labelling",
    "few_labels": "finetuning",
    "reviews": "finetuning",
    "lora": "finetuning",
    "fast_step": "generation",
    "sampling": "generation",
    "beam": "generation",
    "metrics": "evaluation",
    "calibration": "evaluation",
    "judges": "evaluation",
    "facts": "compression",
    "quantisation": "compression",
    "pruning": "compression",
    "story_questions": "retrieval",
    "expressions": "retrieval",
    "descriptions": "retrieval",
    "counterfactuals": "interpretability",
    "step_costs": "scale",
    "milestones": "pretraining",
    "machines": "scale",
    "scaling_laws": "scale",
}
# What that chapter shows without importing it.
WITHIN = {
    "slots": "the words of a grammar",
    "grammar": "the book's stories are one",
    "streams": "texts larger than the memory have the same tokens",
    "fused": "the attention of that chapter, when nobody looks at its weights",
    "kv_cache": "generate keeps one",
    "fast_step": "generate takes it",
    "points": "what its judges are made of",
    "step_costs": "its formulas, for a step of the book's GPT",
}
# A module that the tests of another name prove.
TESTED_IN = {
    "bpe_checks": ["bpe"],
    "checkpoints": ["pretrained", "runs"],
    "fast_bpe": ["bpe"],
    "integrity": ["modules"],
    "points": ["tilting"],
    "verdicts": ["preferences"],
}


@pytest.mark.parametrize("name", SUBJECT)
def test_a_subject_has_its_chapter(name: str) -> None:
    """Of its own name, or that of the chapter in the table, which then uses it."""
    own = ROOT / "chapters" / f"{name}.ipynb"
    assert own.exists() != (name in CHAPTER_OF)
    if not own.exists():
        chapter = ROOT / "chapters" / f"{CHAPTER_OF[name]}.ipynb"
        imported = f"lmlib.{name} import" in chapter.read_text(encoding="utf-8")
        assert imported != (name in WITHIN)


def test_the_table_of_chapters_is_about_the_subject() -> None:
    assert CHAPTER_OF.keys() <= {*SUBJECT} and {*CHAPTER_OF.values()} <= {*SUBJECT}


@pytest.mark.parametrize("name", [*SUBJECT, *LEAVES])
def test_a_module_has_its_tests(name: str) -> None:
    own = ROOT / "tests" / f"test_{name}.py"
    assert own.exists() != (name in TESTED_IN)
    for other in TESTED_IN.get(name, []):
        assert (ROOT / "tests" / f"test_{other}.py").exists()


@pytest.mark.parametrize(
    "chapter", [path.stem for path in sorted((ROOT / "chapters").glob("*.ipynb"))]
)
def test_a_chapter_with_exercises_has_its_assignment(chapter: str) -> None:
    notebook = nbformat.read(ROOT / "chapters" / f"{chapter}.ipynb", as_version=4)
    tags = [tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])]
    asks = "exercise-solution" in tags
    assert (ROOT / "assignments" / chapter).is_dir() == asks


# The map


def test_every_module_stands_in_the_map_once() -> None:
    sections = [name for section in book_map().values() for name in section]
    assert len(sections) == len({*sections})
    assert {*sections} == {module.top for module in modules().values()}
    assert {*MACHINERY} == {*PACKAGES} - {"widgets"}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_of_a_package_stands_in_its_map(package: str) -> None:
    inside = {path.stem for path in (PACKAGE / package).glob("*.py")} - {"__init__"}
    named = package_map(package)
    if "__main__" not in named:
        inside.discard("__main__")  # what `python -m` runs, if nothing is said of it
    assert sorted(named) == sorted(inside)


# One way of doing one thing

REPLACES = {
    "files": "it is the one way to write a file whole",
    "checkpoints": "safetensors writes its files itself",
    "interop.gguf_files": "so does gguf",
}
REFUSES_IDS = {
    "validation": "it is the one check of ids",
    "generation": "before the model is asked, whose vocabulary is not known there",
}


def calling_replace() -> set[str]:
    ways = {"os.replace", "os.rename", "shutil.move"}
    return {name for name, module in modules().items() if ways & {*module.calls()}}


def refusing_ids() -> set[str]:
    words = "is no token's id"
    return {n for n, m in modules().items() if words in m.path.read_text("utf-8")}


def test_files_are_written_whole_in_one_way() -> None:
    assert calling_replace() == REPLACES.keys()


def test_ids_are_checked_in_one_way() -> None:
    assert refusing_ids() == REFUSES_IDS.keys()
