"""All benchmarks, one after the other, each in a process of its own: `make bench`. Some minutes.

Prints a table and stores it in ``benchmarks/results.md``. Every ratio comes from one run, in which
both sides took turns; the machine's own speed does not matter much to it.
"""

from __future__ import annotations

import datetime
import json
import math
import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SCRIPTS = (
    "floor",
    "training",
    "generation",
    "real",
    "bpe",
    "growth",
    "processes",
    "grading",
)


def rows_of(script: str) -> list[dict]:
    code = f"import json, {script}; print('ROWS', json.dumps({script}.measure()))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=HERE,
        text=True,
        stdout=subprocess.PIPE,
        check=True,
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("ROWS "))
    return json.loads(line.removeprefix("ROWS "))


def processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [
        line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")
    ]
    return names[0] if names else platform.processor() or platform.machine()


def number(x: float) -> str:
    return "" if math.isnan(x) else f"{x:,.0f}" if abs(x) >= 100 else f"{x:.3g}"


def main() -> None:
    today = datetime.date.today().isoformat()
    lines = [
        f"Measured on {today}: {processor()}, {os.cpu_count()} cores, Python {platform.python_version()}.",
        "",
        "| work | ours | peer | unit | ratio |",
        "|:--|--:|--:|:--|--:|",
    ]
    print("\n".join(lines), flush=True)
    for script in SCRIPTS:
        for row in rows_of(script):
            ratio = "" if math.isnan(row["ratio"]) else f"{row['ratio']:.3f}"
            lines.append(
                f"| {row['work']} | {number(row['ours'])} | {number(row['peer'])} | {row['unit']} | {ratio} |"
            )
            print(lines[-1], flush=True)
    (HERE / "results.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
