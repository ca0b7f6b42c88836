"""What a script found, in a file that says how to find it anew."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def store(path: Path, found: dict[str, Any], seeds: list[int], seconds: float) -> None:
    """Write ``found`` and, behind it as ``made_by``, the command, its seeds, and the seconds that it took."""
    script, *arguments = sys.argv
    command = " ".join(["python", f"benchmarks/{Path(script).name}", *arguments])
    made_by = {"command": command, "seeds": seeds, "seconds": round(seconds)}
    text = json.dumps(found | {"made_by": made_by}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
