"""A notebook server as a class has it, for as long as a test needs it."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(address: str, log: Path) -> None:
    for _ in range(600):
        with suppress(OSError):
            urllib.request.urlopen(address).close()
            return
        time.sleep(0.1)
    pytest.fail(f"the notebook server did not start: {log.read_text()[-2000:]}")


@contextmanager
def running(
    command: Sequence[str | Path], folder: Path, variables: Mapping[str, str]
) -> Iterator[str]:
    """The address of a server that ``command`` starts in ``folder``, with these variables beside those of here."""
    port, log = free_port(), folder / "log.txt"
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"]
    with log.open("w") as file:
        process = subprocess.Popen(
            [*command, *options],
            cwd=folder,
            env=os.environ | variables,
            stdout=file,
            stderr=file,
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/api", log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)
