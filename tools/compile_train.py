"""Compiles lmlib/widgets/train.c for the page: `python -m tools.compile_train` writes train.wasm beside it.

Needs clang and lld, of which version 14 made the file that is stored.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

WIDGETS = Path(__file__).parents[1] / "lmlib" / "widgets"
VERSION = 14
# Sums may be taken in any order, four at a time; NaN and infinity stay what they are.
FLAGS = [
    *("--target=wasm32", "-O2", "-msimd128", "-mbulk-memory", "-nostdlib"),
    *("-fassociative-math", "-fno-signed-zeros", "-fno-trapping-math"),
    *("-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"),
    *("-Wl,--no-entry", "-Wl,--strip-all", f"-fuse-ld=/usr/bin/wasm-ld-{VERSION}"),
]


def compile_train(target: Path) -> None:
    """Write the WebAssembly to ``target``. Raises CalledProcessError where the compiler finds a fault."""
    source = WIDGETS / "train.c"
    command = [f"clang-{VERSION}", *FLAGS, "-o", str(target), str(source)]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    compile_train(WIDGETS / "train.wasm")
