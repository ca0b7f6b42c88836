"""The attention heat map: who looks at whom, in any layer and head, or computed from queries and keys on the spot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lmlib.notebook import visible
from lmlib.stories import WORDS
from lmlib.transformer import GPT
from lmlib.widgets.attention_picture import attention_picture
from lmlib.widgets.base import Widget, script, with_defaults
from lmlib.widgets.checks import switch
from lmlib.widgets.labels import ATTENTION
from lmlib.widgets.live import pack_live
from lmlib.widgets.look import Look
from lmlib.widgets.texts import read_texts


class AttentionHeatmap(Look, Widget):
    """A head's weights as a heat map, and one query's row as links and numbers.

    Formula `eq:attention`. ``tokens`` are T strings, with ``weights`` (L, H, T, T), (H, T, T) or (T, T) whose rows
    add up to 1, or with ``q`` and ``k`` (H, T, D) or (T, D), from which the page itself computes the weights,
    scale and mask switched by the reader. With ``model``, a GPT for the words of the stories, tokens are enough:
    weights are what it gives, and a link can be ``cut``, a list of [layer, head, query, key]; what it had goes to
    the others of its row, and the prediction behind the query changes. The model also reads ``text``, a reader's own
    words, in their place. A mapping {label: dict(tokens=…, weights=…)} offers several texts. Up to ten tokens or
    20,000 weights are carried exactly, more are rounded to the four decimals that are printed. ``example``, ``layer``,
    ``head``, ``query``, ``scale``, ``mask``, ``cut`` and ``text`` can be read, set and observed. Raises ValueError for
    weights that are no distribution, shapes that disagree, and what is not there.

    >>> AttentionHeatmap(["I", "love"], q=[[1.0]] * 2, k=[[1.0]] * 2).weights
    tensor([[1.0000, 0.0000],
            [0.5000, 0.5000]], dtype=torch.float64)
    """

    _kind = "attention"
    _state = ("example", "layer", "head", "query", "scale", "mask", "cut", "text")
    _esm = script("attention", live=True)

    def __init__(
        self,
        tokens: Sequence[str] | Mapping[str, Mapping[str, Any]],
        weights: Any = None,
        *,
        q: Any = None,
        k: Any = None,
        model: GPT | None = None,
        causal: bool = True,
        example: str | None = None,
        layer: int = 0,
        head: int = 0,
        query: int | None = None,
        scale: bool = True,
        mask: bool | None = None,
        cut: Sequence[Sequence[int]] = (),
        text: str = "",
        labels: dict[str, str] | None = None,
    ) -> None:
        self._is_live = model is not None
        live = {} if model is None else {"live.js": pack_live(model)}
        causal = switch("causal", causal)
        texts = read_texts(tokens, weights, q, k, model, causal)
        data = {
            "examples": {name: text.packed() for name, text in texts.items()},
            "names": [[name, visible(name)] for name in texts],
            "labels": with_defaults(labels, ATTENTION),
        }
        super().__init__(
            texts,
            model,
            example=example,
            query=query,
            layer=layer,
            head=head,
            scale=scale,
            mask=causal if mask is None else mask,
            cut=cut,
            text=text,
            _data=data,
            provides=live,
        )

    def sentence(self) -> str:
        """The tokens, and where the chosen query looks."""
        tokens, row = self.shown.names, self.weights[self.query]
        top = row.argsort(descending=True, stable=True)[:3].tolist()
        looks = [f"“{tokens[j]}” ({j}) {row[j]:.4f}" for j in top if row[j] > 0]
        said = self._data["labels"]["sentence"].format(
            layer=self.layer,
            head=self.head,
            T=len(tokens),
            tokens=" ".join(tokens[:24]) + (" …" if len(tokens) > 24 else ""),
            query=f"“{tokens[self.query]}” ({self.query})",
            list=", ".join(looks),
        )
        if not self.cut:
            return said
        before, now = self.predictions()
        best = int(before.argmax())
        return said + self._data["labels"]["sentence_cut"].format(
            n=len(self.cut),
            top=f"“{visible(WORDS.vocab[best])}” {before[best]:.4f}",
            now=f"{now[best]:.4f}",
        )

    def picture(self) -> Figure:
        """The heat map as it stands now."""
        shown, words = self.shown, self._data["labels"]
        masked = shown.causal if shown.given else self.mask
        hidden = np.triu(np.full((len(shown.tokens),) * 2, masked), 1)
        names = words["query"], words["key"]
        return attention_picture(shown.names, self.weights.numpy(), hidden, names)
