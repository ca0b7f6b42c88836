"""What helps to run the tests: files in a good order, chapters that take as long as they say, lines at the end."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from types import SimpleNamespace

import chapter_seconds
import long_first
import nbformat
import pytest

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("start, errors", [(1_000, 0), (0, 1)])
def test_a_chapter_that_takes_longer_than_it_says(
    start: int, errors: int, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chapter_seconds, "START", start)
    says = nbformat.v4.new_markdown_cell(
        "*It runs in about 0 seconds on two CPU cores.*"
    )
    cells = [nbformat.v4.new_code_cell(f"x = {i}") for i in range(2)]
    nbformat.write(nbformat.v4.new_notebook(cells=[says, *cells]), "chapter.ipynb")
    plugins = ("-p", "summary", "-p", "chapter_seconds", "-p", "no:cacheprovider")
    done = pytester.runpytest_inprocess("--nbval", "--nbval-current-env", *plugins)
    done.assert_outcomes(passed=2, errors=errors)
    done.stdout.re_match_lines([r"chapter: \d+ s of the kernel, 0 s stated"])
    said = "chapter.ipynb took [0-9]+ s of processor time, and says 0 s"
    assert bool(re.search(said, done.stdout.str())) == bool(errors)


def test_long_files_come_first_and_stay_whole() -> None:
    def tests(*names: str) -> list[SimpleNamespace]:
        return [SimpleNamespace(path=Path(name)) for name in names]

    items = tests(
        "test_a.py", "test_a.py", "test_print.py", "test_site.py", "test_site.py"
    )
    ordered = [*items[3:], items[2], *items[:2]]
    in_one_process = [*items]
    long_first.pytest_collection_modifyitems(SimpleNamespace(), in_one_process)
    assert in_one_process == items
    long_first.pytest_collection_modifyitems(SimpleNamespace(workerinput={}), items)
    assert items == ordered


def test_files_that_are_named_exist() -> None:
    ignored = re.findall(r"tests/test_\w+\.py", (ROOT / "Makefile").read_text("utf-8"))
    names = {*long_first.LONG, *(Path(path).name for path in ignored)}
    assert not [name for name in names if not (ROOT / "tests" / name).is_file()]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests").glob("test_*.py")), ids=lambda path: path.stem
)
def test_cases_have_an_order(path: Path) -> None:
    """Each process draws another order of a set, and they must agree on what they share."""
    for call in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith(
            "parametrize"
        ):
            cases = [*call.args, *(keyword.value for keyword in call.keywords)][1]
            named_set = isinstance(cases, ast.Call) and ast.unparse(cases.func) == "set"
            assert not named_set and not isinstance(cases, ast.Set | ast.SetComp), (
                f"line {call.lineno}: sort these cases"
            )
