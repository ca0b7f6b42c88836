"""The layer stream: the last word's vector on its way through the book's GPT, with parts to switch off."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from matplotlib.figure import Figure
from traitlets import validate

from lmlib.notebook import visible
from lmlib.pretrained import load_book_gpt
from lmlib.transformer import GPT
from lmlib.widgets.base import Widget, script, with_defaults
from lmlib.widgets.checks import BadValue, Given
from lmlib.widgets.labels import STREAM
from lmlib.widgets.live import pack_live
from lmlib.widgets.reads import Reads, readable
from lmlib.widgets.stages import Stage, parts, stages
from lmlib.widgets.stream_picture import stream_picture


class LayerStream(Reads, Widget):
    """What the vector of a text's last word says and how long it is, behind each part of a GPT.

    ``text`` is any beginning in the words of the stories. ``off`` names what is left out: a head,
    ``"head 0.1"`` (block 0, head 1); a layer, ``"attention 0"`` or ``"feed-forward 0"``, which adds nothing
    then; ``"residual"``, so that what a layer gives takes the place of what was there; ``"norm"``, so that
    layers and the table read vectors of any size. Both can be set and observed. ``model`` is a GPT for the
    words of the stories, the book's if none is given. Raises ValueError for what cannot be.

    >>> w = LayerStream("once upon a time a wise king named tom lived in")
    >>> [(stage.name, stage.top(1)[0][0]) for stage in w.stages][:2]
    [('embedding', 'in'), ('attention 0', 'in')]
    >>> w.off = ["attention 0", "attention 1"]
    >>> w.stages[1].added
    0.0
    """

    _kind = "stream"
    _is_live = True
    _state = ("text", "off")
    _esm = script("stream", live=True)

    off = Given().tag(sync=True)

    def __init__(
        self,
        text: str = STREAM["start"],
        off: Iterable[str] = (),
        *,
        model: GPT | None = None,
        labels: dict[str, str] | None = None,
    ) -> None:
        self._model = load_book_gpt() if model is None else model
        live = pack_live(self._model)
        config = self._model.config
        super().__init__(
            _data={
                "labels": with_defaults(labels, STREAM),
                "n_layer": config.n_layer,
                "n_head": config.n_head,
            },
            provides={"live.js": live},
            text=readable(text),
            off=off,
        )

    def parts(self) -> list[str]:
        """Every name that ``off`` may hold."""
        return parts(self._model.config)

    @property
    def stages(self) -> list[Stage]:
        """The embedding, then each layer in turn, without what is ``off``."""
        return stages(self._model, self._ids(), self.off)

    @property
    def whole(self) -> list[Stage]:
        """The same with nothing off."""
        return stages(self._model, self._ids())

    @property
    def table(self) -> list[tuple[str, list[tuple[str, float]], float, float | None]]:
        """Of each stage its name, the likeliest three words, the length, and the length of what was added."""
        return [(s.name, s.top(), s.length, s.added) for s in self.stages]

    def _named(self, stage: Stage) -> str:
        labels = self._data["labels"]
        part, _, layer = stage.name.partition(" ")
        if not layer:
            return labels["embedding"]
        return labels["behind"].format(part=labels[part], layer=layer)

    def sentence(self) -> str:
        """The text, what is off, and behind each part the likeliest word and the length."""
        labels = self._data["labels"]
        rows = "; ".join(
            labels["row"].format(
                stage=self._named(stage),
                word=visible(stage.top(1)[0][0]),
                p=f"{stage.top(1)[0][1]:.3f}",
                length=f"{stage.length:.2f}",
            )
            for stage in self.stages
        )
        off = ", ".join(self.off) or labels["nothing"]
        return labels["sentence"].format(text=self.text.strip(), off=off, list=rows)

    def picture(self) -> Figure:
        """The likeliest words behind each part as bars, one part below the other."""
        labels = self._data["labels"]
        rows = []
        for stage in self.stages:
            words = [(visible(word), p) for word, p in stage.top()]
            told = f"{labels['length']} {stage.length:.2f}"
            if stage.added is not None:
                told += f"\n{labels['adds']} {stage.added:.2f}"
            rows.append((self._named(stage), told, words))
        off = f"{labels['off']}: {', '.join(self.off)}" if self.off else ""
        return stream_picture(rows, f"… {self.text.strip()[-60:]} …", off)

    @validate("off")
    def _valid_off(self, proposal: Any) -> list[str]:
        value, known = proposal["value"], self.parts()
        try:
            names = list(value)
        except TypeError:
            names = [value]
        wrong = [name for name in names if name not in known]
        if isinstance(value, str) or wrong:
            raise BadValue(f"off: {value!r} is no list of parts; the names are {known}")
        return [name for name in known if name in names]
