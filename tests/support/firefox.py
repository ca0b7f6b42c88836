"""Firefox without windows, which is driven by WebDriver BiDi: it speaks it itself, and no driver stands between."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import websocket

FIREFOX = next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)
# No other host is asked for anything: neither for settings nor for studies.
SETTINGS = {
    "app.normandy.enabled": False,
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
}


class Firefox:
    """A page in Firefox, and what its console says in ``said`` since it was opened."""

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(
            f"{address}/session", timeout=120, suppress_origin=True
        )
        self._numbers = count(1)
        self.said: list[str] = []
        self.ask("session.new", capabilities={})
        self.ask("session.subscribe", events=["log.entryAdded"])
        self._page = self.ask("browsingContext.create", type="tab")["context"]

    def ask(self, method: str, **params: Any) -> Any:
        """The result of a command. Raises RuntimeError where there is none."""
        number = next(self._numbers)
        self._socket.send(
            json.dumps({"id": number, "method": method, "params": params})
        )
        while True:
            heard = json.loads(self._socket.recv())
            if heard["type"] == "event" and heard["params"]["level"] in (
                "error",
                "warn",
            ):
                self.said.append(heard["params"]["text"])
            elif heard.get("id") == number:
                if heard["type"] == "error":
                    raise RuntimeError(f"{method}: {heard['message']}")
                return heard["result"]

    def open(self, address: str, width: int, height: int) -> None:
        """A page of this size, loaded to its end."""
        self.said.clear()
        size = {"width": width, "height": height}
        self.ask("browsingContext.setViewport", context=self._page, viewport=size)
        where = {"context": self._page, "url": address}
        self.ask("browsingContext.navigate", **where, wait="complete")
        # A page from the disk is sometimes said to be complete before its scripts have run.
        while not self.run("return document.readyState === 'complete';"):
            time.sleep(0.05)

    def run(self, script: str) -> Any:
        """What an asynchronous function's body returns, as JSON carries it."""
        found = self.ask(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await (async () => {{ {script} }})()))()",
            target={"context": self._page},
            awaitPromise=True,
        )
        if found["type"] == "exception":
            raise RuntimeError(found["exceptionDetails"]["text"])
        return json.loads(found["result"].get("value", "null"))


@contextmanager
def firefox(folder: Path) -> Iterator[Firefox]:
    """A Firefox with its settings in ``folder``."""
    assert FIREFOX
    settings = (
        f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
        for name, value in SETTINGS.items()
    )
    (folder / "user.js").write_text("".join(settings), "utf-8")
    options = ["--headless", "--no-remote", f"--profile={folder}"]
    log = folder / "log.txt"
    with log.open("w") as file:
        process = subprocess.Popen(
            [FIREFOX, *options, "--remote-debugging-port=0"], stderr=file
        )
        try:
            yield Firefox(_address(process, log))
        finally:
            process.terminate()
            process.wait(30)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Where it listens, as soon as it says so."""
    for _ in range(600):
        if found := re.search(r"BiDi listening on (ws://\S+)", log.read_text("utf-8")):
            return found[1]
        assert process.poll() is None, log.read_text("utf-8")[-2000:]
        time.sleep(0.1)
    raise TimeoutError("Firefox did not say where it listens")
