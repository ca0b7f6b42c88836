"""Chapters and widgets in Colab's versions, from the set-up cell on; `make colab` makes the environment for it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from colab_lane import BOOK, SETUP_CELL, Runtime, snapshot, tempt, variables

ROOT = Path(__file__).parents[1]
CHAPTERS = {path.stem: path for path in sorted((ROOT / "chapters").glob("*.ipynb"))}
NAME = "how-language-models-work=="
SECONDS = 1800  # no chapter takes as long, even where others keep the processor busy


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables of a runtime in which everything is where it should be."""
    folder = tmp_path_factory.mktemp("colab")
    return variables(snapshot(folder / "book"), tempt(folder / "newer"))


@dataclass
class Run:
    """A chapter that ran in a runtime of its own."""

    passed: bool
    report: str
    changed: set[str]
    install: float  # seconds
    rest: float  # seconds


def run_chapter(path: Path, folder: Path, usual: dict[str, str]) -> Run:
    """All cells of a chapter, compared with their stored outputs, where nothing but the notebook lies beside it."""
    runtime = Runtime(folder, usual)
    shutil.copy(path, folder)
    rules = (ROOT / "tests" / "nbval_sanitize.cfg").read_text("utf-8")
    (folder / "sanitize.cfg").write_text(
        f"{rules}\n[the set-up cell]\nregex: lmlib is installed\nreplace: lmlib is here already\n"
    )
    nbval = "--nbval --nbval-kernel-name colab --nbval-sanitize-with sanitize.cfg -p nbval_tolerance"
    options = f"-q -p no:cacheprovider -c {os.devnull} --rootdir . --junitxml report.xml"
    paths = {"PYTHONPATH": str(ROOT / "tests"), "JUPYTER_PATH": str(folder / "jupyter")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *nbval.split(), *options.split(), path.name],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"} | paths,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    first, *rest = (
        float(case.get("time", 0))
        for case in ET.parse(folder / "report.xml").iter("testcase")
    )
    return Run(
        done.returncode == 0, done.stdout[-4000:], runtime.changed(), first, sum(rest)
    )


def stated_seconds(path: Path) -> int:
    found = re.search(r"runs in about (\d+) seconds", path.read_text("utf-8"))
    return int(found[1]) if found else 0


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest,
    usual: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Future[Run]]]:
    """The chapters that are asked for, as many at a time as there are processors, long ones first."""
    asked = {
        getattr(item, "callspec", None) and item.callspec.params.get("name")
        for item in request.session.items
    }
    names = sorted(asked & set(CHAPTERS), key=lambda name: -stated_seconds(CHAPTERS[name]))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {
            name: pool.submit(
                run_chapter, CHAPTERS[name], tmp_path_factory.mktemp(name), usual
            )
            for name in names
        }


@pytest.mark.parametrize("name", CHAPTERS)
def test_chapter_runs_from_its_first_cell(name: str, runs: dict[str, Future[Run]]) -> None:
    run = runs[name].result()
    assert run.passed, run.report


def test_nothing_but_lmlib_is_installed(
    runs: dict[str, Future[Run]], capsys: pytest.CaptureFixture[str]
) -> None:
    done = {name: run.result() for name, run in sorted(runs.items())}
    others = {
        name: [package for package in run.changed if not package.startswith(NAME)]
        for name, run in done.items()
    }
    with capsys.disabled():
        print("\nchapter            install s  other packages changed   run s")
        for name, run in done.items():
            print(f"{name:<18}{run.install:>10.1f}{len(others[name]):>24}{run.rest:>8.1f}")
    assert done and not any(others.values()), others
    assert all(len(run.changed) == 1 for run in done.values()), "lmlib was not installed"


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
