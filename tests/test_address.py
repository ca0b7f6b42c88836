"""The repository's address is one everywhere, and changing it changes nothing else."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tools.address import PLACES, ROOT, SETUP, packed, renewed, set_up, stated, write

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
    apart = [path.name for path, text in wanted.items() if path.read_text("utf-8") != text]
    assert not apart, "run `make address`"


def test_no_other_file_holds_the_address() -> None:
    assert holders(ROOT, stated()) <= set(renewed(ROOT, stated())), "add a line to PLACES"


def test_a_fork_changes_it_everywhere_and_back(copy: Path) -> None:
    before = {path: path.read_bytes() for path in copy.rglob("*.*")}
    write(copy, "Some-one/my.book")
    assert stated(copy) == "Some-one/my.book"
    assert not holders(copy, stated()) and holders(copy, "Some-one/my.book") == set(before)
    write(copy, stated())
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("file", {file for file, _ in PLACES})
def test_a_place_that_disagrees_is_found(file: str, copy: Path) -> None:
    path = copy / file
    path.write_text(path.read_text("utf-8").replace(stated(), "some/one"), "utf-8")
    assert renewed(copy, stated())[path] != path.read_text("utf-8")


@pytest.mark.parametrize(
    "wrong", ["", "owner", "owner/", "a/b/c", "https://github.com/a/b", "a/b.git", "a b/c"]
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
    return {"cells": [text, cell | {"outputs": [result] if count else [], "source": ["1"]}]}


def test_a_new_chapter_gets_the_cell_and_the_others_count_on() -> None:
    notebook = chapter(1)
    set_up(notebook, "some/one")
    text, first, second = notebook["cells"]
    assert text["id"] == "a" and "some/one" in "".join(first["source"])
    assert first["execution_count"] == 1 and first["outputs"]
    assert second["execution_count"] == second["outputs"][0]["execution_count"] == 2


def test_a_chapter_that_never_ran_still_did_not() -> None:
    notebook = chapter(None)
    set_up(notebook, "some/one")
    assert [cell["execution_count"] for cell in notebook["cells"][1:]] == [None, None]
    assert not notebook["cells"][1]["outputs"]


def test_a_stored_output_stays() -> None:
    notebook = chapter(1)
    set_up(notebook, "some/one")
    notebook["cells"][1]["outputs"] = ["mine"]
    before = packed(notebook)
    set_up(notebook, "some/one")
    assert packed(notebook) == before


def test_the_set_up_cell_has_six_lines() -> None:
    assert len(SETUP.splitlines()) <= 6


def test_the_citation_states_the_version() -> None:
    versions = [
        re.search(
            r'^version(?: = |: )"?([\d.]+)', (ROOT / file).read_text("utf-8"), re.MULTILINE
        )
        for file in ("pyproject.toml", "CITATION.cff")
    ]
    assert versions[0][1] == versions[1][1]  # type: ignore[index]
