"""What others made is named in NOTICE, with its licence, in the repository and in the built site."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch

import pytest
from tracked import tracked

from tools.site import ROOT, SITE

NOTICE = (ROOT / "NOTICE").read_text("utf-8")
PATTERNS = re.findall(r"(?m)^  (\S+)  +(.+)$", NOTICE)
LICENCE = re.compile(
    r"\b(MIT|Apache-2\.0|BSD-[23]-Clause|OFL-1\.1|CC BY 4\.0|marks of their owners)\b"
)
# Words of a licence in a script or style that somebody else wrote, and endings of files that nobody writes by hand.
FOREIGN = re.compile(r"copyright|@licen[cs]e|licensed under|\(c\) \d", re.IGNORECASE)
MADE = {".ttf", ".otf", ".woff", ".woff2", ".wasm", ".onnx", ".gguf", ".safetensors"}


def unnamed(files: list[str]) -> list[str]:
    return [f for f in files if not any(fnmatch(f, pattern) for pattern, _ in PATTERNS)]


def test_every_line_names_a_licence() -> None:
    assert len(PATTERNS) > 20
    assert [line for line in PATTERNS if not LICENCE.search(line[1])] == []


def test_what_ships_with_the_package_is_named() -> None:
    made = [*(ROOT / "lmlib" / "data").iterdir(), *(ROOT / "lmlib").rglob("*.wasm")]
    data = [path.relative_to(ROOT).as_posix() for path in made]
    assert unnamed(data) == []
    named = [pattern for pattern, _ in PATTERNS if pattern.startswith("lmlib/")]
    assert sorted(named) == sorted(data), "a line of NOTICE is about nothing"


def test_nothing_in_the_repository_is_another_s_without_a_line() -> None:
    scripts = [path for path in tracked() if path.suffix in {".js", ".css", ".svg"}]
    assert scripts
    foreign = [path for path in scripts if FOREIGN.search(path.read_text("utf-8"))]
    foreign += [
        path for path in tracked() if path.suffix in MADE or ".min." in path.name
    ]
    assert unnamed([path.relative_to(ROOT).as_posix() for path in foreign]) == []


def test_what_the_site_carries_along_is_named() -> None:
    static = SITE / "_static"
    if not static.is_dir():
        pytest.fail("there is no built site; run `make book` first")
    own = {path.name for path in (ROOT / "_static").iterdir()}
    files = [
        path.relative_to(static).as_posix()
        for path in static.rglob("*")
        if path.is_file() and path.relative_to(static).as_posix() not in own
    ]
    assert len(files) > 20
    assert unnamed(files) == []


def test_the_wheel_has_the_notice() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert "NOTICE" in project["license-files"]
