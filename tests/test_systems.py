"""What the README says to type, on every system: its own lines, and what is said where something is missing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path

import pytest
import yaml
from support.notebook_server import free_port
from tracked import tracked

from tools.browser import FLAGS, flags
from tools.site import ROOT

BIN = Path(sys.executable).parent
posix = pytest.mark.skipif(os.name != "posix", reason="lines for a POSIX shell")


def lines(shell: str) -> list[str]:
    """The block of the README for a shell, without comments."""
    (block,) = re.findall(
        rf"```{shell}\n(.+?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL
    )
    return [line.split("  #")[0].rstrip() for line in block.splitlines()]


def test_every_system_has_the_same_lines() -> None:
    posix, windows = lines("sh"), lines("powershell")
    assert posix[2:] == windows[2:] and len(posix) == 7
    steps = yaml.safe_load((ROOT / ".github/workflows/book.yml").read_text("utf-8"))
    job = steps["jobs"]["systems"]
    assert job["strategy"]["matrix"]["system"] == ["windows-latest", "macos-latest"]
    assert [step.get("run") for step in job["steps"]][2:6] == posix[2:6]


def other_versions() -> list[str]:
    """Packages of requirements.txt that are installed here in another version, or not at all."""
    found = []
    pins = re.findall(
        r"(?m)^([\w.-]+)==([^\s;]+)", (ROOT / "requirements.txt").read_text("utf-8")
    )
    for name, pin in pins:
        try:
            here = installed(name).split("+")[0]
        except PackageNotFoundError:
            here = "missing"
        found += [name] if here != pin else []
    return found


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The working tree without what git ignores, as in a fresh clone."""
    for path in tracked():
        copy = tmp_path / "book" / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    return tmp_path / "book"


def answer(address: str, seconds: int = 60) -> str:
    """What a server says as soon as there is one."""
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as reply:
                return reply.read().decode()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


@posix
def test_the_lines_of_the_readme_lead_to_the_site_and_to_the_chapters(
    clone: Path, tmp_path: Path
) -> None:
    if others := other_versions():
        pytest.skip(f"this environment is not that of requirements.txt: {others[0]}")
    *install, lab = lines("sh")
    # What pip would load is there already, where the tests run. (Python 3.11 brings a setuptools of its own.)
    below = next(path for path in sys.path if path.endswith("site-packages"))
    shared = (
        "for site in .venv/lib/python3*/site-packages; do\n"
        f"rm -rf $site/setuptools*; echo {below} > $site/below.pth; done"
    )
    script = "\n".join(["set -e", install[0], shared, *install[1:]])
    port = free_port()
    (tmp_path / "jupyter_server_config.json").write_text(
        json.dumps(
            {
                "ServerApp": {"port": port, "open_browser": False, "allow_root": True},
                "IdentityProvider": {"token": ""},
            }
        )
    )
    env = os.environ | {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # which is pip's way to say yes
        "JUPYTER_CONFIG_DIR": str(tmp_path),
        "PYTHONPATH": "",
    }
    done = subprocess.run(
        ["sh", "-c", script], cwd=clone, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert (clone / "_build" / "html" / "chapters" / "attention.html").exists()
    python = clone / ".venv" / "bin" / "python"
    where = [python, "-c", "import lmlib; print(lmlib.__file__)"]
    found = subprocess.run(where, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert Path(found.stdout.strip()) == clone / "lmlib" / "__init__.py"
    server = subprocess.Popen(
        ["sh", "-c", f". .venv/bin/activate; exec {lab}"],
        cwd=clone,
        env=env,
        stderr=subprocess.DEVNULL,
    )
    try:
        page = answer(f"http://127.0.0.1:{port}/lab")
        listed = answer(f"http://127.0.0.1:{port}/api/contents")
    finally:
        server.terminate()
        server.wait(30)
    assert "anywidget" in page, "without its extension there are no widgets"
    assert '"attention.ipynb"' in listed


def pretended(folder: Path, minor: int) -> Path:
    """A Python that says it is version 3.``minor``."""
    python = folder / "python"
    lie = f"import sys; sys.version_info = (3, {minor}, 0, 'final', 0)"
    python.write_text(
        f"#!/bin/sh\nexec \"{sys.executable}\" -c \"{lie}; exec('''$2''')\"\n"
    )
    python.chmod(0o755)
    return python


@posix
@pytest.mark.parametrize(
    "target, minor, last",
    [
        (".venv/installed", 10, 14),
        (".venv/installed", 15, 14),
        (".venv-colab/installed", 14, 13),
    ],
)
def test_a_python_without_packages_is_refused_before_pip_is_asked(
    target: str, minor: int, last: int, tmp_path: Path
) -> None:
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "tests" / "colab").mkdir(parents=True)
    (tmp_path / "tests" / "colab" / "requirements.txt").touch()
    command = ["make", f"PYTHON={pretended(tmp_path, minor)}", target]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    assert f"Python 3.11 to 3.{last} is needed; name one" in done.stdout
    assert not list(tmp_path.glob(".venv*"))


def run_on(system: str, script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """An installing script on a machine that is called ``system``, and has no apt-get, no browser and no sandbox."""
    for name, says in {
        "uname": system,
        "python": "",
        "id": "0",
        "playwright": "",
    }.items():
        fake = folder / name
        log = f'echo {name} "$@" >> "{folder}/log"'
        fake.write_text(
            f"#!/bin/sh\n{log}\necho {says}\nexit {int(name == 'python')}\n"
        )
        fake.chmod(0o755)
    path = next((ROOT / "tests").rglob(script))
    env = {"PATH": str(folder), "BIN": str(folder)}
    command = ["/bin/sh", str(path)]
    return subprocess.run(command, env=env, capture_output=True, text=True)


@posix
def test_macos_gets_a_browser_without_debian_s_programs(tmp_path: Path) -> None:
    done = run_on("Darwin", "install_browser.sh", tmp_path)
    assert done.returncode == 1 and not done.stderr
    assert "Debian" not in done.stdout and "brew install" in done.stdout
    asked = (tmp_path / "log").read_text("utf-8")
    assert "playwright install --only-shell chromium" in asked


@posix
def test_linux_without_debian_s_programs_says_what_to_do(tmp_path: Path) -> None:
    done = run_on("Linux", "install_browser.sh", tmp_path)
    assert done.returncode == 1 and not done.stderr
    assert "Debian" not in done.stdout and "brew" not in done.stdout
    asked = (tmp_path / "log").read_text("utf-8")
    assert "playwright install --with-deps --only-shell chromium" in asked
    done = run_on("Linux", "install_sandbox.sh", tmp_path)
    assert done.returncode == 1 and not done.stderr
    assert "install them by hand" in done.stdout


@posix
def test_macos_goes_on_without_a_sandbox(tmp_path: Path) -> None:
    done = run_on("Darwin", "install_sandbox.sh", tmp_path)
    assert done.returncode == 0 and not done.stderr
    assert "The tests of grading are skipped" in done.stdout


def test_a_system_without_root_starts_the_browser(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "geteuid", raising=False)
    assert flags() == FLAGS
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    assert flags() == [*FLAGS, "--no-sandbox"]


def test_files_have_the_same_bytes_on_every_system() -> None:
    asked = [
        "git",
        "check-attr",
        "eol",
        "lmlib/data/prose.txt",
        "chapters/softmax.ipynb",
    ]
    said = subprocess.run(asked, cwd=ROOT, check=True, capture_output=True, text=True)
    assert [line.split()[-1] for line in said.stdout.splitlines()] == ["lf", "lf"]
