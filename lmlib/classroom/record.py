"""What each known mistake does on the examples of its exercise's check, with a hint."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

KNOWN = Path(__file__).parent / "mistakes"
"""What each known mistake does on the examples, by exercise: made by ``python -m tools.mistakes``."""


@cache
def known_mistakes(exercise: str) -> list[dict[str, Any]]:
    """Hints and outcomes of the known mistakes, none where the exercise has no record of them."""
    for path in KNOWN.glob("*.json"):
        known = json.loads(path.read_text("utf-8"))["exercises"]
        if exercise in known:
            return known[exercise]
    return []
