"""Chapters and widgets in Colab's versions, from the set-up cell on; `make colab` makes the environment for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import nbformat
import pytest
from colab_lane import BOOK, SETUP_CELL, Runtime, snapshot, tempt, variables
from nbformat import NotebookNode

ROOT = Path(__file__).parents[1]
SUPPORT = ROOT / "tests" / "support"
CHAPTERS = {path.stem: path for path in sorted((ROOT / "chapters").glob("*.ipynb"))}
SECONDS = 1800  # no chapter takes as long, even where others keep the processor busy
# Run from the first cell to the last on every push. Between them they use what Colab has in other versions
# than the book: between two of one kind, the shorter one was taken. The others run whole every night.
WHOLE = {
    "attention": "widgets of ipywidgets 7 under IPython 7, listings, figures",
    "generation": "Transformers and its files, weights written and read, FLOPs counted, a server's answer",
    "scale": "fits with NumPy, tables of HTML, stored values out of the installed package",
    "transformer": "trains, with numbers in a stated tolerance",
}
if os.environ.get("COLAB_CHAPTERS") == "all":
    WHOLE = dict.fromkeys(CHAPTERS, "every night")


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables of a runtime in which everything is where it should be."""
    folder = tmp_path_factory.mktemp("colab")
    return variables(snapshot(folder / "book"), tempt(folder / "newer"))


def code_cells(name: str) -> list[str]:
    notebook = nbformat.read(CHAPTERS[name], as_version=4)
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def only_lmlib_came(runtime: Runtime) -> None:
    """Nothing else came, went or moved."""
    (came,) = runtime.changed()
    assert came.startswith("lmlib==")


@pytest.fixture(scope="module")
def imports(
    usual: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, NotebookNode]:
    """Behind the set-up cell, the second cell of every chapter, all in one kernel: it need not load torch for each."""
    runtime = Runtime(tmp_path_factory.mktemp("imports"), usual)
    seconds = [code_cells(name)[1] for name in CHAPTERS]
    first, *others = runtime.run(SETUP_CELL, *seconds, go_on=True).cells
    assert "lmlib is installed." in first.outputs[0].text
    only_lmlib_came(runtime)
    return dict(zip(CHAPTERS, others, strict=True))


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_is_set_up(name: str, imports: dict[str, NotebookNode]) -> None:
    assert code_cells(name)[0] == SETUP_CELL
    assert imports[name].execution_count
    errors = [out for out in imports[name].outputs if out.output_type == "error"]
    assert not errors, "\n".join(errors[0].traceback)


def run_chapter(path: Path, runtime: Runtime) -> tuple[str, list[float]]:
    """All cells of a chapter, compared with their stored outputs: what failed, and the seconds of each."""
    folder = runtime.folder
    shutil.copy(path, folder)
    rules = (SUPPORT / "nbval_sanitize.cfg").read_text("utf-8")
    (folder / "sanitize.cfg").write_text(
        f"{rules}\n[the set-up cell]\nregex: lmlib is installed\nreplace: lmlib is here already\n"
    )
    nbval = "--nbval --nbval-kernel-name colab --nbval-sanitize-with sanitize.cfg -p nbval_tolerance"
    options = f"-q -p no:cacheprovider -c {os.devnull} --rootdir . --junitxml report.xml"
    paths = {"PYTHONPATH": str(SUPPORT), "JUPYTER_PATH": str(folder / "jupyter")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *nbval.split(), *options.split(), path.name],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"} | paths,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    cases = ET.parse(folder / "report.xml").iter("testcase")
    seconds = [float(case.get("time", 0)) for case in cases]
    return done.stdout[-4000:] if done.returncode else "", seconds


@pytest.mark.parametrize("name", WHOLE)
def test_a_chapter_runs_from_its_first_cell(
    name: str, usual: dict[str, str], tmp_path: Path, summary: Callable[[str], None]
) -> None:
    """In a runtime of its own, where nothing but the notebook lies beside it."""
    runtime = Runtime(tmp_path, usual)
    failed, (install, *rest) = run_chapter(CHAPTERS[name], runtime)
    summary(f"in Colab, {name}: {install:.0f} s to install, {sum(rest):.0f} s to run")
    assert not failed, failed
    only_lmlib_came(runtime)


def test_a_package_that_moves_would_be_seen(usual: dict[str, str], tmp_path: Path) -> None:
    runtime = Runtime(tmp_path, usual)
    upgrade = [runtime.python, "-m", "pip", "install", "--quiet", "--upgrade", "ipywidgets"]
    subprocess.run(upgrade, env=os.environ | usual, check=True)
    assert runtime.changed() == {"ipywidgets==7.7.1", "ipywidgets==99.0"}


def refused(runtime: Runtime) -> str:
    """The sentence with which the set-up cell ends, when no later cell ran and nothing was changed."""
    first, later = runtime.run(SETUP_CELL, "print('went on')").cells
    assert later.execution_count is None and not runtime.changed()
    (error,) = (out for out in first.outputs if out.output_type == "error")
    assert error.ename == "SystemExit"
    shown = [*error.traceback, *(out.get("text", "") for out in first.outputs)]
    assert "subprocess" not in "".join(shown), "neither pip's words nor the cell's lines"
    return error.evalue


def test_without_a_network_the_cell_says_so(tmp_path: Path) -> None:
    closed = Runtime(tmp_path, variables("https://127.0.0.1:9", "nowhere"))
    assert refused(closed) == f"Nothing was installed: check the network and {BOOK}."


class Stranger(BaseHTTPRequestHandler):
    """Answers as GitHub does for a repository that does not exist: it asks who you are."""

    def do_GET(self) -> None:
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="who?"')
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """A line for each request would bury the test's own output."""


def test_a_wrong_address_is_named_and_nobody_is_asked_for_a_password(
    tmp_path: Path,
) -> None:
    with HTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        wrong = Runtime(
            tmp_path, variables(f"http://127.0.0.1:{server.server_port}", "nowhere")
        )
        assert refused(wrong) == f"Nothing was installed: check the network and {BOOK}."
        server.shutdown()


def test_an_old_torch_is_named_and_stays(usual: dict[str, str], tmp_path: Path) -> None:
    info = tmp_path / "old" / "torch-1.13.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 1.13.0\n")
    old = Runtime(tmp_path, usual | {"PYTHONPATH": str(info.parent)})
    assert "torch==1.13.0" in old.installed
    assert (
        refused(old)
        == "Nothing was installed: lmlib depends on torch>=2.4; use a newer runtime."
    )
