"""The tokeniser lens: a text is cut by byte-pair encoding, one merge after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from matplotlib.figure import Figure
from traitlets import validate

from lmlib.bpe import BPETokenizer
from lmlib.validation import check_text
from lmlib.widgets.base import Widget, script, with_defaults
from lmlib.widgets.checks import BadValue, Given, one_of, string, switch, whole
from lmlib.widgets.labels import LENS
from lmlib.widgets.lens_picture import lens_picture
from lmlib.widgets.merges import gpt2_tokenizer, named, pack_all, pack_gpt2
from lmlib.widgets.pieces import State, after, drawn, made, played, shown

MOST = 2_000
LONGEST = 100_000


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
        theirs = words["gpt2"] if gpt2 else None
        self._own = named(vocabularies, theirs)
        texts = {} if learned_from is None else learned_from
        packed = pack_all(self._own, texts)
        own = {"vocabularies": packed, "gpt2": theirs}
        super().__init__(
            _data={"labels": words, **own},
            provides={"merges.js": pack_gpt2()} if gpt2 else {},
            text=text,
            vocabulary=next(iter(packed)) if vocabulary is None else vocabulary,
            step=step,
        )

    @property
    def tokenizer(self) -> BPETokenizer:
        """The tokenizer that is chosen."""
        return self._own.get(self.vocabulary) or gpt2_tokenizer()

    def _states(self) -> list[list[State]]:
        return played(self.tokenizer, self.text[:MOST])

    @property
    def merges_played(self) -> list[int]:
        """The ids that the merges make of the text, in the order in which they are played."""
        return made(self._states())

    @property
    def ids(self) -> list[int]:
        """The ids of the tokens as they stand after ``step`` merges."""
        return after(self._states(), self.step)

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
        tokens = [(drawn(decode([i])), i) for i in ids]
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
