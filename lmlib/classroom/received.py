"""What came out of the sandbox: an answer may have written it itself, and nothing of it is believed."""

from __future__ import annotations

import builtins
from typing import Any

from lmlib.classroom.calls import Outcome
from lmlib.classroom.values import decode

DEPTH, KEYS = 50, 1000
"""Lists inside of lists, and keys of one dictionary or set: far more than any exercise asks for. Python cannot
read lists without end, and keys can be chosen so that each takes as long as all before it together."""


def outcomes_in(found: dict[str, Any], count: int) -> list[Outcome] | None:
    """What came out of the sandbox, where it has the form of outcomes. It may be forged."""
    listed = found.get("results")
    if not isinstance(listed, list) or len(listed) != count:
        return None
    kept = ("value", "after", "raised", "said")
    if not all(isinstance(o, dict) and ("value" in o or "raised" in o) for o in listed):
        return None
    return [_honest({k: o[k] for k in kept if k in o}) for o in listed]


def _honest(found: Outcome) -> Outcome:
    """An outcome that nobody needs to fear: its value can be read, and its exception has a known name."""
    if "raised" in found:
        return {
            "raised": built_in(found["raised"]),
            "said": str(found.get("said"))[:600],
        }
    if any(_too_much(found.get(key), DEPTH) for key in ("value", "after")):
        return {"value": {"other": "unknown"}, "after": []}
    try:
        decode(found["value"])
    except Exception:  # deep, forged, or a set of lists
        found["value"] = {"other": "unknown"}
    return found


def _too_much(value: Any, levels: int) -> bool:
    """Whether a value has more levels or keys than are read."""
    items = [*value.values()] if isinstance(value, dict) else value
    if levels < 0 or not isinstance(items, list):
        return levels < 0
    keyed = isinstance(value, dict) and "tuple" not in value and "array" not in value
    if keyed and any(isinstance(one, list) and len(one) > KEYS for one in items):
        return True
    return any(_too_much(item, levels - 1) for item in items)


def built_in(error: Any) -> str:
    """The name of a built-in exception. Nothing else comes through: it would be the answer's own word."""
    kind = getattr(builtins, error, None) if isinstance(error, str) else None
    known = isinstance(kind, type) and issubclass(kind, BaseException)
    return error if known else "an error"
