"""Puts the repository's address, and the set-up cell that holds it, into every file that shows them.

`pyproject.toml` says which address that is. ``python -m tools.address owner/name`` changes it there and everywhere;
without an argument, all other places and new chapters are brought in line with it. Needs nothing but Python.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
NAME = r"([\w.-]+/[\w.-]*[\w-])"
# What stands around the address in which file. A new place gets a line here; tests/test_address.py asks for it.
PLACES = [
    ("pyproject.toml", rf'Repository = "https://github\.com/{NAME}"'),
    ("CITATION.cff", rf"repository-code: https://github\.com/{NAME}"),
    ("_config.yml", rf"repository_url: https://github\.com/{NAME}"),
    ("README.md", rf"git clone https://github\.com/{NAME}"),
    ("README.md", rf"colab\.research\.google\.com/github/{NAME}/blob/main"),
    ("teachers.md", rf"git clone https://github\.com/{NAME}"),
    ("intro.md", rf"\(https://github\.com/{NAME}\)"),
    ("intro.md", rf"colab\.research\.google\.com/github/{NAME}/blob/main"),
]

# pip gets the list of what is installed as a constraint: where lmlib cannot do with it, pip refuses and moves nothing.
SETUP = r"""
import importlib.util, re, subprocess, sys  # Where lmlib is missing, as in Colab, this installs it and moves nothing.
book, pip = "https://github.com/OWNER/NAME", f"'{sys.executable}' -m pip"
get = f"{pip} list --format=freeze | {pip} install --no-input -c /dev/stdin 'lmlib @ git+{book}'"
bad, said = (0, "") if importlib.util.find_spec("lmlib") else subprocess.getstatusoutput(get)
why = f"lmlib {m[0]}; use a newer runtime" if (m := re.search("depends.*", said)) else f"check the network and {book}"
sys.exit(f"Nothing was installed: {why}.") if bad else print("lmlib is", "installed." if said else "here already.")
""".strip()
TAG = "install"


def setup_cell(address: str) -> dict[str, Any]:
    """The set-up cell as a notebook stores it after a run beside `lmlib`."""
    prompts = {
        "code_prompt_hide": "Hide the set-up",
        "code_prompt_show": "Set-up: installs lmlib where it is missing, as in Colab",
    }
    return {
        "cell_type": "code",
        "execution_count": 1,
        "id": "set-up",
        "metadata": {"mystnb": prompts, "tags": [TAG, "hide-cell"]},
        "outputs": [
            {
                "name": "stdout",
                "output_type": "stream",
                "text": ["lmlib is here already.\n"],
            }
        ],
        "source": SETUP.replace("OWNER/NAME", address).splitlines(keepends=True),
    }


def shift_counts(cells: list[dict[str, Any]]) -> None:
    """Make room for one more cell that ran before all others."""
    for cell in cells:
        for counted in [cell, *cell["outputs"]]:
            if counted.get("execution_count") is not None:
                counted["execution_count"] += 1


def set_up(notebook: dict[str, Any], address: str) -> None:
    """Put the set-up cell before the first code cell, or renew it; its stored output stays."""
    cells = notebook["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    new = setup_cell(address)
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


def renewed(root: Path, address: str) -> dict[Path, str]:
    """What every file that shows the address has to hold. Raises ValueError where one cannot be brought in line."""
    texts = {root / file: (root / file).read_text("utf-8") for file, _ in PLACES}
    for file, around in PLACES:
        found = list(re.finditer(around, texts[root / file]))
        if not found:
            raise ValueError(f"{file} no longer shows the address as {around}")
        for match in reversed(found):
            text = texts[root / file]
            texts[root / file] = text[: match.start(1)] + address + text[match.end(1) :]
    for path in sorted((root / "chapters").glob("*.ipynb")):
        text = path.read_text("utf-8")
        notebook = json.loads(text)
        if packed(notebook) != text:
            raise ValueError(
                f"{path} is not written as Jupyter writes it; run `make chapters CHAPTER={path.stem}` first"
            )
        set_up(notebook, address)
        texts[path] = packed(notebook)
    return texts


def stated(root: Path = ROOT) -> str:
    """The address that `pyproject.toml` states, as owner/name."""
    file, around = PLACES[0]
    found = re.search(around, (root / file).read_text("utf-8"))
    if found is None:
        raise ValueError(f"{file} states no address; it needs a line like {around}")
    return found[1]


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
        f"== https://github.com/{address} stands everywhere; {len(changed)} files changed"
    )
