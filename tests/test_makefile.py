"""The environment that `make` keeps: an installation that was stopped anywhere is finished by the next call."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Installs as the book does, and needs no build tool from elsewhere.
BACKEND = """
import zipfile

def build_editable(folder, *_):
    name = "book-1-py3-none-any.whl"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        wheel.writestr("book-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: book\\nVersion: 1\\n")
        wheel.writestr("book-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr("book-1.dist-info/RECORD", "")
    return name
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "book"
version = "1"
"""


def make(folder: Path) -> None:
    # Nothing from a `make` that runs the tests.
    own = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    command = ["make", f"PYTHON={sys.executable}", f"INSTALL={wheel(folder)}", "MODEL="]
    done = subprocess.run(
        [*command, ".venv/installed"],
        cwd=folder,
        env=own | {"PIP_NO_INDEX": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def wheel(folder: Path) -> Path:
    """A package of one module, whose metadata come first, as some build tools have it."""
    path = folder / "thing-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        info = "thing-1.dist-info"
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1\n"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("thing.py", "")
        archive.writestr(f"{info}/RECORD", "")
    return path


def test_what_was_stopped_is_finished(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.txt").touch()
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "backend.py").write_text(BACKEND)
    stop_before_pip = [sys.executable, "-m", "venv", "--without-pip", ".venv"]
    subprocess.run(stop_before_pip, cwd=tmp_path, check=True)
    make(tmp_path)
    (module,) = tmp_path.glob(".venv/lib/*/site-packages/thing.py")
    module.unlink()
    (module.parent / "thing-1.dist-info" / "RECORD").unlink()
    (tmp_path / ".venv" / "installed").unlink()
    make(tmp_path)
    assert module.exists()
