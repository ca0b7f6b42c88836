"""What a script found, in a file that says how to find it anew."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any


def store(path: Path, found: dict[str, Any], seeds: list[int], seconds: float) -> None:
    """Write ``found`` and, behind it as ``made_by``, the command, its seeds, and the seconds that it took."""
    script, *arguments = sys.argv
    command = " ".join(["python", f"benchmarks/{Path(script).name}", *arguments])
    made_by = {"command": command, "seeds": seeds, "seconds": round(seconds)}
    text = json.dumps(found | {"made_by": made_by}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


Part = tuple[str, str, Callable[[], Any]]
"""Where something goes in a file, by two names, and what finds it."""


def store_parts(
    path: Path, parts: Callable[[dict[str, Any]], Iterable[Part]], seeds: list[int]
) -> None:
    """Find what is not in the file yet, and write it after each part: a run that is stopped goes on from there.

    ``parts`` is given what has been found so far. Seconds are those of the processor.
    """
    found = json.loads(path.read_text("utf-8")) if path.exists() else {}
    seconds = found.pop("made_by", {"seconds": 0})["seconds"]
    for key, name, make in parts(found):
        home = found.setdefault(key, {})
        if name not in home:
            start = time.process_time()
            home[name] = make()
            seconds += time.process_time() - start
            print(f"{seconds:5.0f} {key} {name!r}: {home[name]}"[:300], flush=True)
            store(path, found, seeds, seconds)
