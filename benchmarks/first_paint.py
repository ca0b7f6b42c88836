"""How soon a chapter shows something on a slow phone: the first paint, and the first formula in its own letters.

    python benchmarks/first_paint.py [chapters/softmax …]

The built site (`make book`) comes from this machine, each file gzipped as static hosts send it, to a Chromium as wide
as a phone with 1.6 Mbit/s, 150 ms to the host and back, and a processor four times slower than this one. Nothing is
cached. The medians of five visits.
"""

from __future__ import annotations

import gzip
import statistics
import sys
import threading
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import IO

from playwright.sync_api import Browser

from tools.browser import chromium
from tools.site import SITE, pages

VISITS = 5
NETWORK = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1.6e6 / 8,
    "uploadThroughput": 0.75e6 / 8,
}
SLOWER = 4
PACKED = {".html", ".css", ".js", ".svg", ".json"}
# Milliseconds since the reader asked, until the first formula stands there in letters that are loaded.
WATCH = """
const formula = () => document.querySelector("article .katex-html, article mjx-container");
const look = () => {
  const there = formula() && performance.getEntriesByName("first-contentful-paint").length;
  const family = there && getComputedStyle(formula()).fontFamily.split(",")[0];
  if (there && document.fonts.check(`16px ${family}`)) window.formulaShown ??= performance.now();
  else requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


@cache
def packed(path: Path) -> bytes:
    return gzip.compress(path.read_bytes())


class Host(SimpleHTTPRequestHandler):
    """Sends text gzipped, and keeps the connection."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """A line for each request would bury the results."""

    def send_head(self) -> BytesIO | IO[bytes] | None:  # type: ignore[override]
        path = Path(self.translate_path(self.path))
        if path.suffix not in PACKED or not path.is_file():
            return super().send_head()
        body = packed(path)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return BytesIO(body)


def visit(browser: Browser, address: str) -> tuple[float, float]:
    """Seconds to the first paint and to the first formula, 0 where a page has none."""
    phone = {"width": 390, "height": 844}
    with browser.new_context(viewport=phone) as context:  # type: ignore[arg-type]
        page = context.new_page()
        devtools = context.new_cdp_session(page)
        devtools.send("Network.enable")
        devtools.send("Network.emulateNetworkConditions", NETWORK)
        devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        page.add_init_script(WATCH)
        page.goto(address, wait_until="load", timeout=120_000)
        page.wait_for_function("window.formulaShown", timeout=120_000)
        paint = page.evaluate(
            "performance.getEntriesByName('first-contentful-paint')[0].startTime"
        )
        return paint / 1000, page.evaluate("window.formulaShown") / 1000


def main(names: list[str]) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Host, directory=str(SITE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("| page | first paint, s | first formula, s |\n|:--|--:|--:|")
    with chromium() as browser:
        for name in names:
            address = f"http://127.0.0.1:{server.server_port}/{name}.html"
            seconds = zip(
                *(visit(browser, address) for _ in range(VISITS)), strict=True
            )
            paint, formula = map(statistics.median, seconds)
            print(f"| {name} | {paint:.2f} | {formula:.2f} |", flush=True)
    server.shutdown()


if __name__ == "__main__":
    main(sys.argv[1:] or [name for name in pages() if name.startswith("chapters/")])
