"""The walls around a student's code: bubblewrap, with nothing to read and nobody to call.

Inside there is Python, its packages and lmlib, all read-only; no network, no chapter, no other answer, and
16 MB to write that vanish at the end. What code inside may ask of the system, `system_calls` says.

bubblewrap (0.7 or newer): https://github.com/containers/bubblewrap
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

LMLIB = Path(__file__).parents[1]
INSIDE = "/book"
"""Where lmlib lies for the code inside."""
SCRATCH = 16 << 20
"""Bytes of /tmp, in memory: a few packages cannot be imported without one."""
ALONE = ["--unshare-all", "--unshare-user", "--die-with-parent", "--new-session"]
NOBODY = ["--cap-drop", "ALL", "--uid", "65534", "--gid", "65534"]


def walls() -> list[str]:
    """bubblewrap's arguments: what is inside, read-only, and what is shut off."""
    command = [shutil.which("bwrap") or "bwrap", *ALONE, *NOBODY]
    command += ["--hostname", "sandbox", "--size", str(SCRATCH), "--tmpfs", "/tmp"]
    for folder in visible_folders():  # after /tmp: Python itself may lie below it
        command += ["--ro-bind", folder, folder]
    for link in ("lib", "lib64", "bin"):
        if os.path.islink(f"/{link}"):
            command += ["--symlink", f"usr/{link}", f"/{link}"]
        elif os.path.isdir(f"/{link}"):
            command += ["--ro-bind", f"/{link}", f"/{link}"]
    command += ["--ro-bind", str(LMLIB), f"{INSIDE}/lmlib", "--dev", "/dev"]
    command += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", INSIDE]
    return command


def visible_folders() -> list[str]:
    """Folders outside lmlib that code in the sandbox can read: the system's, and Python with its packages."""
    packages = [
        path
        for path in sys.path
        if Path(path).name in ("site-packages", "dist-packages")
    ]
    folders = {
        str(Path(path).absolute()) for path in (sys.prefix, sys.base_prefix, *packages)
    }
    return sorted({"/usr", *(folder for folder in folders if os.path.isdir(folder))})


def require_hidden(*private: Path) -> None:
    """Raise ValueError where one of these folders lies inside one that the sandbox shows."""
    for path in private:
        for folder in (*visible_folders(), str(LMLIB)):
            if path.resolve().is_relative_to(Path(folder).resolve()):
                raise ValueError(
                    f"{path} lies below {folder}, which students' code can read. Move it elsewhere."
                )
