"""What a check says of an example that is not right: the call, what it should give, and what came instead."""

from __future__ import annotations

from typing import Any

from lmlib.classroom.brief import brief
from lmlib.classroom.calls import Outcome
from lmlib.classroom.comparison import form_of, is_number
from lmlib.classroom.diagnosis import Check
from lmlib.classroom.examples import Example
from lmlib.classroom.given import Array, Other
from lmlib.classroom.values import decode, encode

STOPS = {
    "MemoryError": "it runs out of memory",
    "RecursionError": "it calls itself without end (RecursionError)",
}
OF_THE_CODE = {"NameError", "UnboundLocalError", "TypeError", "AttributeError"}
"""What stops an answer before there is anything to compare: how the right result comes about is no help then."""
ROUNDED = (
    "That is close: were numbers rounded on the way? PyTorch computes with seven digits (float32) unless it is "
    "asked for float64."
)
FEW, MANY = 4, 10
"""Digits of a number: enough as a rule, and where that tells no difference."""


def fault(check: Check, found: list[Outcome], own: bool = True) -> str | None:
    """What is wrong: what was seen at the first example that fails, and which mistake does that.

    With ``own``, the sentence holds what the answer gave. Without it there is nothing in it that only
    the answer could have said. None where every example is right.
    """
    first = check.wrong(found)
    if first is None:
        return None
    example, mistake = check.examples[first], check.mistake(found)
    parts = [_saw(check, example, found[first], own)]
    if mistake:
        parts.append(mistake)
    elif found[first].get("raised") not in OF_THE_CODE:
        rounded = check.rounded(example, found[first])
        form = ROUNDED if rounded else _form(check, example, found[first], own)
        parts += [form, example.why]
    return " ".join(filter(None, parts))


def _saw(check: Check, example: Example, found: Outcome, own: bool) -> str:
    call = _call(check, example)
    should = _should(check, example, FEW)
    if "raised" in found:
        said = f": {found['said']}" if own and found.get("said") else ""
        stops = STOPS.get(found["raised"], f"it stops with {found['raised']}")
        return f"{call} {should}, but {stops}{said}."
    if check.changed(example, found):
        return f"{call} changes what it was given. Build something new instead."
    instead = ""
    if own:
        gives = gave(check, found)
        if should.endswith(f" {gives}"):
            should, gives = _should(check, example, MANY), gave(check, found, MANY)
        instead = f", not {gives}"
    return f"{call} {should}{instead}."


def _call(check: Check, example: Example) -> str:
    arguments = example.shown or ", ".join(map(brief, example.args))
    return f"{check.function}({arguments})"


def _should(check: Check, example: Example, digits: int) -> str:
    if example.raises:
        return f"should raise a {example.raises}"
    verb = "lead to" if check.view else "be"
    return f"should {verb} {brief(decode(encode(example.gives)), digits)}"


def gave(check: Check, found: Outcome, digits: int = FEW) -> str:
    """What an answer gave back or said, in its own words."""
    if "raised" in found:
        return found.get("said", "")
    try:
        return brief(check.seen(found), digits)
    except Exception:  # the view was made for another kind of result
        return brief(decode(found["value"]), digits)


def _form(check: Check, example: Example, found: Outcome, own: bool) -> str:
    """A sentence on the kind of result, where that alone is wrong already."""
    if example.raises or check.view or "value" not in found:
        return ""
    expected, got = decode(encode(example.gives)), decode(found["value"])
    if got is None and all(e.gives is not None for e in check.examples):
        return "Your function gives back None: does it end in a `return`?"
    if _kind(expected) == _kind(got):
        return ""
    instead = f", not {form_of(got)}" if own else ""
    return f"Give back {form_of(expected)}{instead}."


def _kind(value: Any) -> str:
    if isinstance(value, (list, tuple, Array)):
        return "list"
    if isinstance(value, Other):
        return value
    return "number" if is_number(value) else type(value).__name__
