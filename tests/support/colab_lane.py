"""Runtimes as Colab hands them out, made from `.venv-colab`; tests/test_colab.py runs the book in them.

A runtime is a layer: a virtual environment that sees all packages of `.venv-colab` and is otherwise empty. pip installs
into the layer, so runtimes can work side by side, `.venv-colab` stays as it is, and a package that moved shows in the
layer's list. Nothing comes from the network: git finds this working tree under the book's address, and pip sees
only the build tool and, as a temptation, newer versions of all that `lmlib` needs.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from tools.address import setup_source, stated, version

ROOT = Path(__file__).parents[2]
COLAB = ROOT / ".venv-colab"
BOOK = f"https://github.com/{stated()}"
SETUP_CELL = setup_source(stated(), version())
NEWER = "99.0"


def snapshot(folder: Path) -> Path:
    """The working tree as a git repository of its own, without what git ignores, and as the release it states."""
    own = ("user.name=x", "user.email=x@localhost")
    own += ("commit.gpgsign=false", "tag.gpgsign=false")
    git = ["git", *(word for setting in own for word in ("-c", setting))]
    subprocess.run([*git, "init", "-q", folder], check=True)
    git += ["--git-dir", str(folder / ".git"), "--work-tree", str(ROOT)]
    subprocess.run([*git, "add", "--all", "."], cwd=ROOT, check=True)
    subprocess.run([*git, "commit", "-q", "-m", "as it is"], cwd=ROOT, check=True)
    subprocess.run([*git, "tag", f"v{version()}"], cwd=ROOT, check=True)
    return folder


def tempt(folder: Path) -> Path:
    """Wheels of a far newer version of everything that `lmlib` depends on, which nothing should install."""
    folder.mkdir()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for name in (re.split(r"\W", needed)[0] for needed in project["dependencies"]):
        info = f"{name}-{NEWER}.dist-info"
        with zipfile.ZipFile(folder / f"{name}-{NEWER}-py3-none-any.whl", "w") as wheel:
            wheel.writestr(
                f"{info}/METADATA",
                f"Metadata-Version: 2.1\nName: {name}\nVersion: {NEWER}\n",
            )
            wheel.writestr(
                f"{info}/WHEEL",
                "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            )
            wheel.writestr(f"{info}/RECORD", "")
    return folder


def variables(book: Path | str, wheels: Path | str) -> dict[str, str]:
    """What makes git find ``book`` under the book's address, and pip find ``wheels`` and nothing else."""
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{book}.insteadOf",
        "GIT_CONFIG_VALUE_0": BOOK,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": f"{wheels} {COLAB / 'wheels'}",
        "PYTHONPATH": "",
    }


@dataclass
class Runtime:
    """A layer in ``folder``, and the variables that all programs in it see."""

    folder: Path
    variables: dict[str, str]

    def __post_init__(self) -> None:
        if not (COLAB / "installed").exists():
            pytest.fail(
                "there is no environment with Colab's versions; run `make colab`"
            )
        layer = self.folder / "layer"
        subprocess.run(
            [COLAB / "bin/python", "-m", "venv", "--without-pip", layer], check=True
        )
        (below,) = COLAB.glob("lib/python*/site-packages")
        (own,) = layer.glob("lib/python*/site-packages")
        (own / "below.pth").write_text(f"{below}\n")
        self.python = layer / "bin" / "python"
        self.kernels = self.folder / "jupyter" / "kernels"
        (self.kernels / "colab").mkdir(parents=True)
        command = [
            str(self.python),
            "-m",
            "ipykernel_launcher",
            "-f",
            "{connection_file}",
        ]
        spec = {"argv": command, "display_name": "Colab", "language": "python"}
        (self.kernels / "colab" / "kernel.json").write_text(
            json.dumps(spec | {"env": self.variables})
        )
        self.installed = self.packages()

    def packages(self) -> set[str]:
        """name==version of all that is installed."""
        listing = subprocess.run(
            [self.python, "-m", "pip", "list", "--format=freeze"],
            env=os.environ | self.variables,
            cwd=self.folder,
            check=True,
            capture_output=True,
            text=True,
        )
        return set(listing.stdout.split())

    def changed(self) -> set[str]:
        """What came, went or moved since the runtime was handed out."""
        return self.packages() ^ self.installed

    def run(self, *sources: str, go_on: bool = False) -> NotebookNode:
        """Cells run in a fresh kernel as "Run all" does: up to the first that fails, unless it is to ``go_on``."""
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        notebook = nbformat.v4.new_notebook(cells=cells)
        specs = KernelSpecManager(kernel_dirs=[str(self.kernels)])
        kernel = KernelManager(kernel_name="colab", kernel_spec_manager=specs)
        with suppress(CellExecutionError):
            NotebookClient(
                notebook,
                km=kernel,
                allow_errors=go_on,
                resources={"metadata": {"path": str(self.folder)}},
            ).execute()
        return notebook
