"""The walls around a student's code: bubblewrap, with nothing to read and nobody to call.

Inside there is Python, its packages and lmlib, all read-only; no network, no chapter, no other answer, and
16 MB to write that vanish at the end. A filter of system calls refuses every new process and thread, and
memory that no limit would count.

bubblewrap (0.7 or newer): https://github.com/containers/bubblewrap. The filter: Linux's
``Documentation/userspace-api/seccomp_filter.rst``.
"""

from __future__ import annotations

import os
import platform
import shutil
import struct
import sys
from pathlib import Path
from typing import IO

LMLIB = Path(__file__).parents[1]
INSIDE = "/book"
"""Where lmlib lies for the code inside."""
SCRATCH = 16 << 20
"""Bytes of /tmp, in memory: a few packages cannot be imported without one."""
# Audit number of the processor, and its numbers of fork, vfork, clone and clone3; then of what gives memory
# outside every limit: shmget, msgget, memfd_create, and unshare, which lets a process mount disks of memory.
SYSTEM_CALLS = {
    "x86_64": (0xC000003E, [57, 58, 56, 435, 29, 68, 319, 272]),
    "aarch64": (0xC00000B7, [220, 435, 194, 186, 279, 97]),
}
ALONE = ["--unshare-all", "--unshare-user", "--die-with-parent", "--new-session"]
NOBODY = ["--cap-drop", "ALL", "--uid", "65534", "--gid", "65534"]


def walls(rules: IO[bytes]) -> list[str]:
    """bubblewrap's arguments: what is inside, read-only, and what is shut off.

    It reads the filter from the file ``rules``, which must stay open.
    """
    rules.write(_no_new_processes())
    rules.seek(0)
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
    return [*command, "--seccomp", str(rules.fileno())]


def _no_new_processes() -> bytes:
    """A filter for the kernel: `SYSTEM_CALLS` are refused (EPERM), all else is allowed."""
    load, equal, at_least, give_back = 0x20, 0x15, 0x35, 0x06
    kill, refuse, allow = 0x80000000, 0x00050001, 0x7FFF0000
    processor, refused = SYSTEM_CALLS[platform.machine()]
    program = [(load, 0, 0, 4), (equal, 1, 0, processor), (give_back, 0, 0, kill)]
    program.append((load, 0, 0, 0))
    # From 2³⁰ on, x86-64 counts the same calls a second time (its x32 form).
    tests = [(at_least, 1 << 30), *((equal, number) for number in refused)]
    program += [(test, len(tests) - n, 0, k) for n, (test, k) in enumerate(tests)]
    program += [(give_back, 0, 0, allow), (give_back, 0, 0, refuse)]
    return b"".join(struct.pack("HBBI", *line) for line in program)


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
