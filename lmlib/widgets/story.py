"""The story box: the book's GPT reads the beginning of a story, and says what comes next, beside the truth."""

from __future__ import annotations

import torch
from matplotlib.figure import Figure
from torch import Tensor

from lmlib.notebook import visible
from lmlib.pretrained import load_book_gpt
from lmlib.slots import Distribution
from lmlib.stories import STORIES, WORDS
from lmlib.transformer import GPT
from lmlib.widgets.base import Widget, script, with_defaults
from lmlib.widgets.draws import Draws
from lmlib.widgets.labels import STORY
from lmlib.widgets.live import pack_live
from lmlib.widgets.reads import Reads, readable
from lmlib.widgets.story_picture import story_picture

SHOWN = 6


class StoryBox(Draws, Reads, Widget):
    """A text, and the probability of each next word by a GPT and by the grammar, which knows the true one.

    ``text`` is any beginning in the words of the stories; ``temperature`` (0.05 … 5), ``top_k``, ``top_p`` and
    ``seed`` say how the page draws, word by word. All can be set and observed. ``model`` is a GPT for the words
    of the stories, the book's if none is given. Raises ValueError for what cannot be.

    >>> w = StoryBox("once upon a time a wise king named tom lived in")
    >>> w.ranking()[:2], [round(p, 2) for p in w.probs[w.ids()].tolist()][:2]
    (['oakton', 'milford'], [0.33, 0.17])
    """

    _kind = "story"
    _is_live = True
    _state = ("text", "temperature", "top_k", "top_p", "seed")
    _esm = script("story", live=True)

    def __init__(
        self,
        text: str = STORY["start"],
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 0,
        model: GPT | None = None,
        labels: dict[str, str] | None = None,
    ) -> None:
        self._model = load_book_gpt() if model is None else model
        start = {"temperature": temperature, "top_k": top_k, "top_p": top_p}
        super().__init__(
            len(WORDS.vocab),
            _data={"labels": with_defaults(labels, STORY)},
            provides={"live.js": pack_live(self._model)},
            text=readable(text),
            seed=seed,
            **start,
        )

    @property
    def probs(self) -> Tensor:
        """(V,) probabilities of the next word as they are shown."""
        with torch.no_grad():
            logits = self._model(torch.tensor([self._ids()]), last=True)[0, 0]
        return self.shaped(logits.double())

    @property
    def true(self) -> Distribution | None:
        """The probability of each next word by the grammar; None behind a text that it cannot write."""
        try:
            return [*STORIES.follow(STORIES.vocab[i] for i in self._ids())][-1]
        except ValueError:
            return None

    def ids(self) -> list[int]:
        """Ids from the likeliest next word down, of equal ones the lower id first."""
        return self.probs.argsort(descending=True, stable=True).tolist()

    def ranking(self) -> list[str]:
        """The words of :meth:`ids`."""
        return [WORDS.vocab[i] for i in self.ids()]

    def _rows(self) -> list[tuple[str, float, float | None]]:
        probs, true = self.probs, self.true
        rows: list[tuple[str, float, float | None]] = []
        for i in self.ids()[:SHOWN]:
            word = WORDS.vocab[i]
            rows.append((word, float(probs[i]), true.get(word, 0.0) if true else None))
        return rows

    def sentence(self) -> str:
        """The text, and the likeliest next words with both probabilities."""
        labels = self._data["labels"]
        rows = "; ".join(
            labels["row_alone" if q is None else "row"].format(
                word=visible(word), p=f"{p:.3f}", q=f"{q or 0:.3f}"
            )
            for word, p, q in self._rows()[:3]
        )
        return labels["sentence"].format(text=self.text.strip(), list=rows)

    def picture(self) -> Figure:
        """The bars as they stand now, with a mark at each true probability."""
        labels = self._data["labels"]
        rows, text = [(visible(w), p, q) for w, p, q in self._rows()], self.text.strip()
        return story_picture(rows, text, labels["model"], labels["true"])
