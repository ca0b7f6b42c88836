"""Writes down what each known mistake does on the examples of its exercise's check, so that a check can name it.

python -m tools.mistakes [chapter …]

Fails where a mistake passes the check, or where two do the same and have different hints: then the check
needs one more example.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

from lmlib.classroom.assignments import Assignment, topics
from lmlib.classroom.calls import Outcome
from lmlib.classroom.diagnosis import Check
from lmlib.classroom.exercises import Exercise
from lmlib.classroom.known import Mistake, mistakes
from lmlib.classroom.record import KNOWN
from lmlib.files import write_whole

SECONDS = 10
"""After that a mistake counts as a loop without end, which no check can name."""


def record(assignment: Assignment, exercise: Exercise, wrong: list[Mistake]) -> Any:
    """Hints and outcomes of an exercise's mistakes. Raises ValueError where one cannot be told."""
    check = assignment.check(exercise)
    known: list[dict[str, Any]] = []
    troubles: list[str] = []
    for mistake in wrong:
        outcomes = outcomes_of(assignment, exercise, check, mistake.source)
        if outcomes is None:
            continue
        twin = next((k for k in known if alike(check, k["outcomes"], outcomes)), None)
        if check.wrong(outcomes) is None:
            troubles.append(f"passes the check:\n{mistake.source}")
        elif twin is None:
            pairs = zip(check.examples, outcomes, strict=True)
            kept = [None if check.right(*pair) else pair[1] for pair in pairs]
            known.append({"hint": mistake.hint, "outcomes": kept})
        elif twin["hint"] != mistake.hint:
            troubles.append(f"look the same:\n- {twin['hint']}\n- {mistake.hint}")
    if troubles:
        raise ValueError("\n".join(f"{exercise.name}: {one}" for one in troubles))
    return known


def outcomes_of(
    assignment: Assignment, exercise: Exercise, check: Check, source: str
) -> list[Outcome] | None:
    """What an answer does on the examples; None where it does not end."""
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(assignment.setup(source, exercise.check), space)
    exec(source, space)
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(SECONDS)
    try:
        found = check.outcomes(space[exercise.function])
    except TooLong:
        return None
    finally:
        signal.alarm(0)
    return [short(one, check.untouched) for one in found]


class TooLong(BaseException):
    """An answer that does not end."""


def _too_long(number: int, frame: object) -> None:
    raise TooLong


def short(outcome: Outcome, untouched: bool) -> Outcome:
    """What is needed to know an outcome again."""
    if "raised" in outcome:
        return {"raised": outcome["raised"]}
    # The last digits differ between processors, and the order of keys between two runs.
    text = json.dumps(outcome["value"])
    value = json.loads(text, parse_float=lambda digits: float(f"{float(digits):.8g}"))
    kept = {"value": value}
    if untouched:  # whether an argument changed is asked to the last digit
        kept["after"] = json.loads(json.dumps(outcome["after"]))
    return _settled(kept)


def _settled(value: Any) -> Any:
    if isinstance(value, list):
        return [_settled(item) for item in value]
    if not isinstance(value, dict):
        return value
    settled = {key: _settled(item) for key, item in value.items()}
    return {k: sorted(v, key=repr) if k == "dict" else v for k, v in settled.items()}


def alike(check: Check, one: list[Outcome | None], other: list[Outcome]) -> bool:
    """Whether two answers do the same on all examples."""
    return all(map(check.alike, check.examples, one, other))


def text_of(assignment: Assignment) -> str:
    """The record of a chapter, one line for each mistake."""
    wrong = mistakes(assignment)
    lines = []
    for name, exercise in assignment.exercises.items():
        known = record(assignment, exercise, wrong[name])
        rows = ",\n".join("  " + json.dumps(k, ensure_ascii=False) for k in known)
        lines.append(f"{json.dumps(name)}: [\n{rows}\n]")
    made_by = json.dumps(f"python -m tools.mistakes {assignment.topic}")
    inside = ",\n".join(lines)
    return f'{{"made_by": {made_by}, "exercises": {{\n{inside}\n}}}}\n'


def path_of(topic: str) -> Path:
    """Where a chapter's record stands."""
    return KNOWN / f"{topic}.json"


if __name__ == "__main__":
    for chapter in sys.argv[1:] or topics():
        write_whole(path_of(chapter), text_of(Assignment(chapter)))
