"""The tokeniser lens: a text is cut by byte-pair encoding, one merge after the other."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from matplotlib.figure import Figure
from traitlets import Dict, validate

from lmlib.bpe import BPETokenizer, Word
from lmlib.validation import check_text
from lmlib.widgets.base import Widget, script, with_defaults
from lmlib.widgets.checks import BadValue, Given, one_of, string, switch, whole
from lmlib.widgets.labels import LENS
from lmlib.widgets.merges import (
    gpt2_tokenizer,
    pack_gpt2,
    pack_merges,
    played,
    times_merged,
)
from lmlib.widgets.pictures import lens_picture

MOST = 2_000
LONGEST = 100_000


def shown(data: bytes) -> str:
    """A token as it is printed: ␣ for a space, ⏎ for a line end, and bytes that are no characters in hexadecimal.

    >>> [shown(data) for data in (b" low", b"\\xe4\\xba", "人".encode(), b"\\x00")]
    ['␣low', 'e4 ba', '人', '00']
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return data.hex(" ")
    # What would be invisible, or turn the words around it.
    if any(unicodedata.category(char)[0] in "ZC" and char not in " \n\t" for char in text):  # fmt: skip
        return data.hex(" ")
    return text.replace(" ", "␣").replace("\n", "⏎").replace("\t", "⇥")


def _drawn(data: bytes) -> str:
    """`shown`, but in hexadecimal where the letters of a drawing have no picture of it."""
    text = shown(data)
    return text if all(ord(char) < 0x2500 for char in text) else data.hex(" ")


class TokeniserLens(Widget):
    """Any text as bytes, and the merges of a tokenizer that make tokens of them, played one by one.

    ``vocabularies`` names the tokenizers to choose from, as `BPETokenizer.train` makes them; where ``learned_from``
    has a tokenizer's training text or texts, the page says how often each pair stood there. GPT-2's is offered
    besides unless ``gpt2=False``; the site has it in a file of its own, and a notebook gets it from the kernel.
    ``text``, ``vocabulary`` and ``step``, the number of merges played (None for all), can be set and observed. Only
    the first 2,000 characters are cut. Raises ValueError for what cannot be.

    >>> small = BPETokenizer.train("low low low lower lower", vocab_size=259)
    >>> w = TokeniserLens({"small": small}, "lower", gpt2=False)
    >>> w.ids, w.pieces
    ([258, 69, 82], ['low', 'e', 'r'])
    >>> w.step = 1
    >>> w.pieces
    ['lo', 'w', 'e', 'r']
    """

    _kind = "lens"
    _state = ("text", "vocabulary", "step")
    _esm = script("lens")

    _merges = Dict().tag(sync=True)
    text = Given("").tag(sync=True)
    vocabulary = Given().tag(sync=True)
    step = Given(None, allow_none=True).tag(sync=True)

    def __init__(
        self,
        vocabularies: Mapping[str, BPETokenizer],
        text: str = LENS["start"],
        *,
        vocabulary: str | None = None,
        step: int | None = None,
        learned_from: Mapping[str, str | Iterable[str]] | None = None,
        gpt2: bool = True,
        labels: dict[str, str] | None = None,
    ) -> None:
        words, gpt2 = with_defaults(labels, LENS), switch("gpt2", gpt2)
        self._own = _named(vocabularies, words["gpt2"] if gpt2 else None)
        texts = _learned({} if learned_from is None else learned_from, self._own)
        packed = {
            name: pack_merges(
                one, times_merged(one, texts[name]) if name in texts else ()
            )
            for name, one in self._own.items()
        }
        own = {"vocabularies": packed, "gpt2": words["gpt2"] if gpt2 else None}
        super().__init__(
            _data={"labels": words, **own},
            _merges=pack_gpt2() if gpt2 else {},
            text=text,
            vocabulary=next(iter(packed)) if vocabulary is None else vocabulary,
            step=step,
        )

    @property
    def tokenizer(self) -> BPETokenizer:
        """The tokenizer that is chosen."""
        return self._own.get(self.vocabulary) or gpt2_tokenizer()

    def _states(self) -> list[list[tuple[int, Word]]]:
        return played(self.tokenizer, self.text[:MOST])

    @property
    def merges_played(self) -> list[int]:
        """The ids that the merges make of the text, in the order in which they are played."""
        return sorted({new for word in self._states() for new, _ in word if new >= 0})

    @property
    def ids(self) -> list[int]:
        """The ids of the tokens as they stand after ``step`` merges."""
        made = self.merges_played[: self.step]
        last = made[-1] if made else -1
        states = ([ids for new, ids in word if new <= last] for word in self._states())
        return [i for word in states for i in word[-1]]

    @property
    def pieces(self) -> list[str]:
        """The tokens of :attr:`ids` as they are printed."""
        return [shown(self.tokenizer.decode_bytes([i])) for i in self.ids]

    def sentence(self) -> str:
        """The text, its tokens, and how many bytes each of them has on average."""
        cut, pieces = self.text[:MOST], self.pieces
        size = len(cut.encode())
        return self._data["labels"]["sentence"].format(
            vocabulary=self.vocabulary,
            tokens=len(pieces),
            bytes=size,
            each=f"{size / len(pieces):.2f}" if pieces else "–",
            pieces=" | ".join(pieces[:40]) + (" …" if len(pieces) > 40 else ""),
        )

    def picture(self) -> Figure:
        """The tokens as they stand now, each above its id."""
        ids, decode = self.ids, self.tokenizer.decode_bytes
        tokens = [(_drawn(decode([i])), i) for i in ids]
        return lens_picture(tokens, self.vocabulary)

    @validate("text")
    def _valid_text(self, proposal: Any) -> str:
        text = string("text", proposal["value"])
        if len(text) > LONGEST:
            raise BadValue(
                f"text: {len(text):,} characters; only the first {MOST:,} are cut, so give fewer than {LONGEST:,}"
            )
        try:
            check_text(text)
        except ValueError as error:
            raise BadValue(str(error)) from None
        return text

    @validate("vocabulary")
    def _valid_vocabulary(self, proposal: Any) -> str:
        gpt2 = self._data["gpt2"]
        known = [*self._data["vocabularies"], *([gpt2] if gpt2 else [])]
        return one_of("vocabulary", proposal["value"], dict.fromkeys(known))

    @validate("step")
    def _valid_step(self, proposal: Any) -> int | None:
        if proposal["value"] is None:
            return None
        return whole("step", proposal["value"], 0, 8 * MOST, ", or None for all merges")


def _named(
    vocabularies: Mapping[str, BPETokenizer], taken: str | None
) -> dict[str, BPETokenizer]:
    """The tokenizers by name. Raises ValueError for none, for what is no tokenizer, and for GPT-2's own name."""
    if not isinstance(vocabularies, Mapping) or not vocabularies:
        raise BadValue(
            f"vocabularies: {vocabularies!r} names no tokenizer; give {{'prose': BPETokenizer.train(…)}}"
        )
    for name, one in vocabularies.items():
        if not isinstance(name, str) or not isinstance(one, BPETokenizer):
            raise BadValue(
                f"vocabularies: {name!r} is {type(one).__name__}; give a BPETokenizer"
            )
        if name == taken:
            raise BadValue(
                f"vocabularies: {name!r} is the name of GPT-2's; use another, or gpt2=False"
            )
    return {**vocabularies}


def _learned(
    given: Mapping[str, str | Iterable[str]], known: dict[str, BPETokenizer]
) -> dict[str, list[str]]:
    """The training texts by name. Raises ValueError for names of no tokenizer, and for what is no text."""
    if not isinstance(given, Mapping):
        raise BadValue(
            f"learned_from: {given!r} is no mapping; give {{'prose': its training text}}"
        )
    found = {}
    for name, one in given.items():
        one_of("learned_from", name, known)
        where = f"learned_from[{name!r}]"
        if not isinstance(one, Iterable):
            raise BadValue(f"{where}: {one!r} is no text; give a string or several")
        texts = [one] if isinstance(one, str) else one
        found[name] = [string(where, text) for text in texts]
    return found
