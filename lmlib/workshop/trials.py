"""What each part is tried with before it is put into a model: small tensors, and the cases that are easily forgotten.

>>> tried = fault("look_up", lambda ids, table: 2 * table[ids], lambda ids, table: table[ids])
>>> tried.startswith("look_up(") and tried.endswith("is not what the book's gives")
True
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor

from lmlib.classroom.brief import brief
from lmlib.classroom.comparison import equal
from lmlib.classroom.values import decode, encode
from lmlib.workshop import model_cases, today_cases, use_cases
from lmlib.workshop.road import ROAD
from lmlib.workshop.samples import Arguments


def fault(name: str, own: Callable, books: Callable) -> str:
    """Why a reader's part is not taken: where it does something else than the book's; empty if nowhere."""
    for arguments in TRIALS[name]():
        expected, given = books(*copy.deepcopy(arguments)), copy.deepcopy(arguments)
        shown = f"{name}({', '.join(map(_shown, arguments))})"
        try:
            found = own(*given)
        except Exception as error:  # a reader's code may raise anything
            return f"{shown} stops with {said(error)}"
        if isinstance(expected, Tensor) and not isinstance(found, Tensor):
            return f"{shown} gives no tensor"
        if not _same(expected, found):
            return f"{shown} is not what the book's gives"
        if encode(arguments) != encode(given):
            return f"{shown} changes what it is given"
    return ""


def said(error: Exception) -> str:
    """An error of a reader's code in words.

    >>> said(NameError("name 'pi' is not defined"))
    "NameError: name 'pi' is not defined (what a part needs, also its imports, must stand in its cell)"
    """
    help_ = " (what a part needs, also its imports, must stand in its cell)"
    advice = help_ if isinstance(error, NameError) else ""
    return f"{type(error).__name__}: {error}{advice}"


def _same(one: Any, other: Any) -> bool:
    try:
        return equal(decode(encode(one)), decode(encode(other)))
    except (ValueError, TypeError):
        return False


def _shown(value: Any) -> str:
    if isinstance(value, Tensor) and value.numel() > 4:
        return f"a tensor of shape {tuple(value.shape)}"
    if callable(value):
        return "a function"
    if isinstance(value, dict):
        return "weights"
    return brief(value.tolist() if isinstance(value, Tensor) else value)


TRIALS: dict[str, Callable[[], Iterator[Arguments]]] = {
    name: vars(cases)[name]
    for cases in (model_cases, use_cases, today_cases)
    for name in ROAD
    if name in vars(cases)
}
"""By the name of each part: the arguments that it is tried with."""
