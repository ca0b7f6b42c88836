"""The text that a live widget's GPT reads, while it is being typed."""

from __future__ import annotations

from itertools import takewhile
from typing import Any

from traitlets import HasTraits, validate

from lmlib.stories import WORDS
from lmlib.transformer import GPT
from lmlib.widgets.checks import BadValue, Given, text_of


def readable(text: Any) -> str:
    """``text`` if its words are all among those of the stories. Raises ValueError for any other."""
    try:
        WORDS.encode(text_of(text).lower())
    except ValueError as error:
        raise BadValue(str(error)) from None
    return str(text)


class Reads(HasTraits):
    """A text in the words of the stories, of which the model reads what stands before an unknown one.

    Raises ValueError for what is no text, and for a long one.
    """

    text = Given("").tag(sync=True)
    _model: GPT

    def _ids(self, spare: int = 0) -> list[int]:
        """The ids that are read, behind that of `<end>`, with room for ``spare`` more."""
        known = takewhile(WORDS.ids.__contains__, WORDS.split(self.text.lower()))
        room = self._model.config.block_size - 1 - spare
        return [0, *(WORDS.ids[word] for word in known)][: room + 1]

    @validate("text")
    def _valid_text(self, proposal: Any) -> str:
        return text_of(proposal["value"])
