"""The repository's address is one everywhere, as is the version, and changing either changes nothing else."""

from __future__ import annotations

import ast
import json
import shutil
import tomllib
from pathlib import Path

import pytest
import yaml

from tools.address import (
    PLACES,
    ROOT,
    SETUP,
    packed,
    renewed,
    set_up,
    setup_source,
    stated,
    version,
    write,
)
from tools.check_release import newest_change

TEXTS = {
    ".py",
    ".md",
    ".toml",
    ".yml",
    ".yaml",
    ".cff",
    ".ipynb",
    ".txt",
    ".bib",
    ".css",
    ".js",
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The files that show the address, to be changed freely."""
    for path in renewed(ROOT, stated()):
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, target)
    return tmp_path


def holders(root: Path, address: str) -> set[Path]:
    """Text files below ``root`` that hold ``address``, without what is hidden or built."""
    tops = [top for top in root.iterdir() if top.name not in ("_build", "build")]
    return {
        path
        for top in tops
        if not top.name.startswith(".") or top.name == ".github"
        for path in [top, *top.rglob("*")]
        if path.suffix in TEXTS and "checkpoint" not in path.parent.name
        if address in path.read_text("utf-8")
    }


def test_all_places_agree() -> None:
    wanted = renewed(ROOT, stated())
    apart = [
        path.name for path, text in wanted.items() if path.read_text("utf-8") != text
    ]
    assert not apart, "run `make address`"


def test_no_other_file_holds_the_address() -> None:
    assert holders(ROOT, stated()) <= set(renewed(ROOT, stated())), (
        "add a line to PLACES"
    )


def test_a_fork_changes_it_everywhere_and_back(copy: Path) -> None:
    before = {path: path.read_bytes() for path in copy.rglob("*.*")}
    write(copy, "Some-one/my.book")
    assert stated(copy) == "Some-one/my.book"
    assert not holders(copy, stated()) and holders(copy, "Some-one/my.book") == set(
        before
    )
    write(copy, stated())
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("file", sorted({file for file, _ in PLACES}))
def test_a_place_that_disagrees_is_found(file: str, copy: Path) -> None:
    path = copy / file
    path.write_text(path.read_text("utf-8").replace(stated(), "some/one"), "utf-8")
    assert renewed(copy, stated())[path] != path.read_text("utf-8")


@pytest.mark.parametrize(
    "wrong",
    ["", "owner", "owner/", "a/b/c", "https://github.com/a/b", "a/b.git", "a b/c"],
)
def test_what_is_no_address_is_refused(wrong: str, copy: Path) -> None:
    before = {path: path.read_bytes() for path in copy.rglob("*.*")}
    with pytest.raises(ValueError, match="owner/name"):
        write(copy, wrong)
    assert {path: path.read_bytes() for path in before} == before


def test_a_notebook_in_another_form_stops_all_changes(copy: Path) -> None:
    path = copy / "chapters" / "tokens.ipynb"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8"))), "utf-8")
    with pytest.raises(ValueError, match="make chapters CHAPTER=tokens"):
        write(copy, "some/one")
    assert stated(copy) == stated()


def chapter(count: int | None) -> dict:
    """A notebook of one paragraph and one cell that ran as number ``count``."""
    result = {
        "output_type": "execute_result",
        "execution_count": count,
        "data": {},
        "metadata": {},
    }
    cell = {"cell_type": "code", "execution_count": count, "id": "b", "metadata": {}}
    text = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["é"]}
    return {
        "cells": [text, cell | {"outputs": [result] if count else [], "source": ["1"]}]
    }


def test_a_new_chapter_gets_the_cell_and_the_others_count_on() -> None:
    notebook = chapter(1)
    set_up(notebook, "some/one", "7.8.9")
    text, first, second = notebook["cells"]
    source = "".join(first["source"])
    assert text["id"] == "a" and "some/one" in source and "@v7.8.9" in source
    assert first["execution_count"] == 1 and first["outputs"]
    assert second["execution_count"] == second["outputs"][0]["execution_count"] == 2


def test_a_chapter_that_never_ran_still_did_not() -> None:
    notebook = chapter(None)
    set_up(notebook, "some/one", "7.8.9")
    assert [cell["execution_count"] for cell in notebook["cells"][1:]] == [None, None]
    assert not notebook["cells"][1]["outputs"]


def test_a_stored_output_stays() -> None:
    notebook = chapter(1)
    set_up(notebook, "some/one", "7.8.9")
    notebook["cells"][1]["outputs"] = ["mine"]
    before = packed(notebook)
    set_up(notebook, "some/one", "7.8.9")
    assert packed(notebook) == before


def test_a_new_version_comes_everywhere(copy: Path) -> None:
    project = copy / "pyproject.toml"
    old = version()
    project.write_text(
        project.read_text("utf-8").replace(f'"{old}"', '"7.8.9rc1"'), "utf-8"
    )
    shown = holders(copy, f"v{old}") | {copy / "CITATION.cff"}
    assert {"README.md", "intro.md", "_config.yml", "softmax.ipynb"} < {
        p.name for p in shown
    }
    write(copy, stated(copy))
    assert not holders(copy, f"v{old}") and holders(copy, "7.8.9rc1") == shown | {
        project
    }
    assert f"version: {old}" not in (copy / "CITATION.cff").read_text("utf-8")


def test_version_tag_changelog_and_citation_are_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert version() == project["version"] == newest_change()[0]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == version()
    cell = setup_source(stated(), version())
    assert f"@v{version()}" in cell and f'"{project["name"]}"' in cell
    site = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    options = site["sphinx"]["config"]["html_theme_options"]
    assert options["repository_branch"] == f"v{version()}"


def test_the_set_up_cell_can_be_read() -> None:
    lines = SETUP.splitlines()
    assert len(lines) <= 52 and max(map(len, lines)) <= 88
    assert "/dev/" not in SETUP and "shell" not in SETUP
    ast.parse(
        SETUP, feature_version=(3, 8)
    )  # an old Python shall say that it is too old


def test_the_set_up_cell_knows_what_the_package_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lowest = project["requires-python"].removeprefix(">=")
    assert f"Python {lowest} or newer" in SETUP
    assert f"sys.version_info < ({lowest.replace('.', ', ')})" in SETUP
    assert (ROOT / "lmlib" / "stories.toml").is_file()
