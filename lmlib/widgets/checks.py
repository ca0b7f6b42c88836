"""What the widgets take: numbers in a range, words, logits; a ValueError says what would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from reprlib import repr as short
from typing import Any

from traitlets import Any as AnyTrait
from traitlets import HasTraits, TraitError, Undefined


class BadValue(ValueError, TraitError):
    """A ValueError that traitlets knows too, so that a bad value from the page is rolled back."""


class Given(AnyTrait):
    """A trait of any kind whose check sees every value: traitlets would let None pass, and True where 1 stood."""

    allow_none = False

    def set(self, obj: HasTraits, value: Any) -> None:
        """As any trait does, but a first value and one of another type always count as a change."""
        name, new = str(self.name), self._validate(obj, value)
        old = obj._trait_values.get(name, Undefined)
        obj._trait_values[name] = new
        try:
            same = type(old) is type(new) and bool(old == new)
        except (RuntimeError, TypeError, ValueError):  # arrays that are not checked yet
            same = False
        if not same:
            obj._notify_trait(name, old, new)


LOWEST, HIGHEST = 0.05, 5.0
HIGHEST_PENALTY = 2.0
LONGEST_TEXT = 4_000


def _number(value: Any) -> bool:
    """True and False are none."""
    return isinstance(value, Real) and not isinstance(value, bool)


def whole(name: str, value: Any, low: int, high: int, or_none: str = "") -> int:
    """``value`` as an int. Raises ValueError for all but whole numbers from ``low`` to ``high``."""
    if not (_number(value) and low <= value <= high and int(value) == value):
        raise BadValue(
            f"{name}: {value!r} is no whole number from {low} to {high}; use one{or_none}"
        )
    return int(value)


def between(name: str, value: Any, low: float, high: float, hint: str = "") -> float:
    """``value`` as a float. Raises ValueError for all but numbers from ``low`` to ``high``, both allowed."""
    if not (_number(value) and low <= value <= high):
        raise BadValue(f"{name}: {value!r} is no number from {low:g} to {high:g}{hint}")
    return float(value)


def one_of(name: str, value: Any, known: Mapping[str, Any]) -> str:
    """``value`` if it is a key of ``known``. Raises ValueError for any other."""
    if not isinstance(value, str) or value not in known:
        raise BadValue(f"{name}: {value!r} is unknown; choose one of {list(known)}")
    return value


def switch(name: str, value: Any) -> bool:
    """``value`` if it is True or False. Raises ValueError for anything else."""
    if not isinstance(value, bool):
        raise BadValue(f"{name}: {value!r} is no switch; use True or False")
    return value


def string(name: str, value: Any) -> str:
    """``value`` if it is a string. Raises ValueError for anything else."""
    if not isinstance(value, str):
        raise BadValue(f"{name}: {value!r} is no text; give a string")
    return value


def text_of(value: Any, name: str = "text") -> str:
    """``value`` if a model of stories may be given it. Raises ValueError for what is no text, and for a long one."""
    text = string(name, value)
    if len(text) > LONGEST_TEXT:
        raise BadValue(
            f"{name}: {len(text)} characters; the model reads a story, so give {LONGEST_TEXT} at most"
        )
    return text


def temperature_of(value: Any, name: str = "temperature") -> float:
    """``value`` as a float. Raises ValueError for all but numbers that the slider has."""
    if not (_number(value) and LOWEST <= value <= HIGHEST):
        raise BadValue(
            f"{name}: {value!r} is not from {LOWEST} to {HIGHEST:g}; towards 0 lies the argmax"
        )
    return float(value)


def top_p_of(value: Any) -> float | None:
    """``value`` as a float, or None. Raises ValueError for numbers outside (0, 1]."""
    if value is not None and not (_number(value) and 0 < value <= 1):
        raise BadValue(f"top_p: {value!r} is outside (0, 1]; use 1 or None to keep all")
    return None if value is None else float(value)


def penalty_of(value: Any) -> float:
    """``value`` as a float. Raises ValueError for all but numbers that the slider has."""
    if not (_number(value) and 0 <= value <= HIGHEST_PENALTY):
        raise BadValue(
            f"length_penalty: {value!r} is not from 0 to {HIGHEST_PENALTY:g}; at 0 there is none"
        )
    return float(value)


def words_of(vocab: Sequence[str]) -> list[str]:
    """The words as a list. Raises ValueError where there is none, or something else among them."""
    try:
        words = [] if isinstance(vocab, str) else list(vocab)
    except TypeError:
        words = []
    if not words or not all(isinstance(word, str) for word in words):
        raise BadValue(
            f"vocab: {short(vocab)} is no list of words; give the V words of the logits in order of their ids"
        )
    return words
