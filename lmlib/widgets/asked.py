"""A story, and what an assistant was asked about it, checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from traitlets import HasTraits, validate

from lmlib.instructions import SPECIAL
from lmlib.tokens import WordTokenizer
from lmlib.widgets.checks import BadValue, Given, string, switch, text_of

MOST_SAID = 20


class Asked(HasTraits):
    """``story``, the questions ``said`` about it, tokens of the template that are ``dropped``; what it ``remembers``.

    A story may hold any words, since a reader is typing it; questions are only those that can be read. Raises
    ValueError for what is no text, a question that cannot be read, and other tokens.
    """

    story = Given("").tag(sync=True)
    said = Given([]).tag(sync=True)
    dropped = Given([]).tag(sync=True)
    remembers = Given(False).tag(sync=True)
    _words: WordTokenizer

    @validate("story")
    def _valid_story(self, proposal: Any) -> str:
        return text_of(proposal["value"], "story")

    @validate("said")
    def _valid_said(self, proposal: Any) -> list[str]:
        said = _texts("said", proposal["value"])
        if len(said) > MOST_SAID:
            raise BadValue(f"said: {len(said)} questions; give {MOST_SAID} at most")
        return [readable(f"said[{i}]", text, self._words) for i, text in enumerate(said)]  # fmt: skip

    @validate("remembers")
    def _valid_remembers(self, proposal: Any) -> bool:
        return switch("remembers", proposal["value"])

    @validate("dropped")
    def _valid_dropped(self, proposal: Any) -> list[str]:
        dropped = _texts("dropped", proposal["value"])
        for token in dropped:
            if token not in SPECIAL:
                raise BadValue(
                    f"dropped: {token!r} is no token of the template; they are {list(SPECIAL)}"
                )
        return [token for token in SPECIAL if token in dropped]


def readable(name: str, text: Any, words: WordTokenizer) -> str:
    """``text`` if an assistant with these words may be told it.

    Raises ValueError for one with a token of the template, and for one with a word that is not known.
    """
    if "<" in text_of(text, name):
        raise BadValue(
            f"{name}: '<' stands only in tokens of the template; leave it out"
        )
    if not text.strip():
        raise BadValue(f"{name}: {text!r} has no words; write some")
    try:
        words.encode(text.lower())
    except ValueError as error:
        raise BadValue(f"{name}: {str(error).removeprefix('text: ')}") from None
    return str(text)


def _texts(name: str, value: Any) -> list[str]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise BadValue(f"{name}: {value!r} is no list of texts; give some")
    return [string(f"{name}[{i}]", text) for i, text in enumerate(value)]
