"""What makes a widget live everywhere: one JavaScript source, and a display bundle that carries it along.

A front end with a kernel takes the widget view. Any other page takes ``text/html``: the static picture, the
state as JSON, and the same JavaScript, which replaces the picture where scripts run. The book needs no loader,
no saved widget state and no other host for this; that is why each output carries its own script. On a page of
the book ``_ext/widgets.py`` puts shared files in its place, which are loaded once.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from pathlib import Path
from string import Formatter
from typing import Any

import anywidget
from anywidget._util import get_repr_metadata
from matplotlib.figure import Figure
from traitlets import Dict

from lmlib.drawings import png
from lmlib.widgets.checks import BadValue, string

HERE = Path(__file__).parent
VIEW = "application/vnd.jupyter.widget-view+json"


SHARED = ("numbers", "shared")
"""The parts of every widget's script."""
LIVE = ("gpt", "grammar", "live")
"""What one that runs the model has as well."""


def source(part: str) -> str:
    """JavaScript of one part, behind the style that it puts on the page and the worker that it starts, as text."""
    names = {
        "SHARED_CSS" if part == "shared" else "CSS": HERE / f"{part}.css",
        "WORKER": HERE / f"{part}_worker.js",
    }
    texts = [
        f"const {name} = {json.dumps(path.read_text('utf-8'))};\n"
        for name, path in names.items()
        if path.exists()
    ]
    return "".join(texts) + (HERE / f"{part}.js").read_text("utf-8")


def script(name: str, live: bool = False, parts: tuple[str, ...] = ()) -> str:
    """JavaScript of one widget, behind ``parts`` of its own, as a single module.

    A Blob, which is what anywidget loads, has no relative imports.
    """
    return "\n".join(map(source, (*SHARED, *(LIVE if live else ()), *parts, name)))


def _places(words: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in Formatter().parse(words) if name is not None}


def with_defaults(
    labels: dict[str, str] | None, defaults: dict[str, str]
) -> dict[str, str]:
    """The words of a widget: ``defaults``, and those that a translation replaces."""
    if labels is not None and not isinstance(labels, Mapping):
        raise BadValue(f"labels: {labels!r} is no mapping; give {{key: words}}")
    unknown = sorted(map(str, set(labels or {}) - set(defaults)))
    if unknown:
        raise BadValue(
            f"labels: {unknown} are not used here; the keys are {sorted(defaults)}"
        )
    for key, words in (labels or {}).items():
        places = _places(defaults[key])
        try:
            unknown = sorted(_places(string(f"labels[{key!r}]", words)) - places)
        except ValueError as error:
            raise BadValue(f"labels[{key!r}]: {words!r}: {error}") from None
        if unknown:
            raise BadValue(
                f"labels[{key!r}]: nothing is known for {unknown}; its places are {sorted(places)}"
            )
    return defaults | dict(labels or {})


class Widget(anywidget.AnyWidget):
    """An anywidget that is also a page without a kernel, a picture, and a sentence for a screen reader."""

    _kind = ""
    _is_live = False
    """Whether it runs the model, which is too large for each output to carry: only the site has it beside its pages."""
    _parts: tuple[str, ...] = ()
    """Parts of its script that only this kind has, in front of the one of its name."""
    _state: tuple[str, ...] = ()
    # ipywidgets 7 would display through this method and leave the bundle below unused.
    _ipython_display_ = None

    _data = Dict().tag(sync=True)

    def __init__(self, *, provides: Any = None, **traits: Any) -> None:
        """``provides`` ({a file of the site: what it holds}) goes to a page that asks; notebooks store traits."""
        super().__init__(**traits)
        self._provides: dict[str, Any] = provides or {}
        self.on_msg(self._answer)

    def _answer(self, _: Any, asked: dict[str, Any], __: Any) -> None:
        if (name := asked.get("provide")) in self._provides:
            self.send({"provided": name, "content": self._provides[name]})

    def sentence(self) -> str:
        """What the picture shows, in words and numbers."""
        raise NotImplementedError

    def picture(self) -> Figure:
        """The static figure for where scripts do not run."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        picture, sentence = png(self.picture(), dpi=110), self.sentence()
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        bundle = {
            VIEW: view,
            "text/html": self._html(picture, sentence),
            "image/png": picture,
            "text/plain": sentence,
        }
        return bundle, get_repr_metadata()

    def _html(self, picture: str, sentence: str) -> str:
        state = {name: getattr(self, name) for name in ("_data", *self._state)}
        # "<" would end the script element early, should a word of the vocabulary say so.
        packed = json.dumps(state, ensure_ascii=False, allow_nan=False).replace(
            "<", "\\u003c"
        )
        module = script(self._kind, parts=self._parts)
        own = (
            ""
            if self._is_live
            else f'<script type="module">\n{module}\nmountAll("{self._kind}", render);\n</script>\n'
        )
        return (
            f'<figure class="lm-widget" data-widget="{self._kind}" style="margin:0">\n'
            f'<img alt="{html.escape(sentence)}" style="max-width:100%" src="data:image/png;base64,{picture}">\n'
            f'<script type="application/json">{packed}</script>\n'
            f"{own}</figure>"
        )
