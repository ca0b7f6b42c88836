"""The search tree of beam search: the book's GPT goes on with a text, and one sees what is kept and thrown away."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from traitlets import validate

from lmlib.notebook import visible
from lmlib.pretrained import load_book_gpt
from lmlib.stories import WORDS
from lmlib.transformer import GPT
from lmlib.widgets.base import Widget, script, with_defaults
from lmlib.widgets.beam_picture import beam_picture
from lmlib.widgets.checks import BadValue, Given, penalty_of, whole
from lmlib.widgets.labels import BEAM
from lmlib.widgets.live import pack_live
from lmlib.widgets.reads import Reads, readable
from lmlib.widgets.tree import Kept, best_path, kept, tree

WIDEST, LONGEST = 5, 8

Found = tuple[list[str], float]
"""Words that were written, and their log-probability in nats."""


class BeamTree(Reads, Widget):
    """Beam search from a text, step by step: the texts kept, those thrown away, and the one that greedy writes.

    ``text`` is any beginning in the words of the stories, ``beams`` how many texts are kept (1 … 5), ``steps``
    how many words are written (1 … 8), and ``length_penalty`` (0 … 2) what `beam_search` ranks by. ``step`` is
    the step that is shown, None for the last. All can be set and observed. ``model`` is a GPT for the words of
    the stories, the book's if none is given. Raises ValueError for what cannot be.

    >>> w = BeamTree("in the end he was happy .", beams=2, steps=1)
    >>> [(words, round(score, 2)) for words, score in w.found()]
    [(['<end>'], -0.8), (['rude'], -2.21)]
    """

    _kind = "beam"
    _is_live = True
    _state = ("text", "beams", "steps", "length_penalty", "step")
    _esm = script("beam", live=True)

    beams = Given(3).tag(sync=True)
    steps = Given(4).tag(sync=True)
    length_penalty = Given(0.0).tag(sync=True)
    step = Given(None, allow_none=True).tag(sync=True)

    def __init__(
        self,
        text: str = BEAM["start"],
        *,
        beams: int = 3,
        steps: int = 4,
        length_penalty: float = 0.0,
        step: int | None = None,
        model: GPT | None = None,
        labels: dict[str, str] | None = None,
    ) -> None:
        self._model = load_book_gpt() if model is None else model
        live, size = pack_live(self._model), self._model.config.block_size
        if size < LONGEST + 2:
            raise BadValue(
                f"model: it reads {size} tokens; give one that reads {LONGEST + 2}, for {LONGEST} words are written"
            )
        super().__init__(
            _data={"labels": with_defaults(labels, BEAM)},
            provides={"live.js": live},
            text=readable(text),
            beams=beams,
            steps=steps,
            length_penalty=length_penalty,
            step=step,
        )

    def _shown(self) -> int:
        return min(self.steps, self.step or self.steps)

    def _search(self, steps: int, beams: int) -> Kept:
        return kept(self._model, self._ids(LONGEST), steps, beams, self.length_penalty)

    def found(self, beams: int | None = None) -> list[Found]:
        """The texts kept at the step that is shown, best first, of ``beams`` or the widget's own."""
        texts, scores = self._search(self._shown(), beams or self.beams)
        words = ([WORDS.vocab[i] for i in text] for text in texts)
        return list(zip(words, scores, strict=True))

    def _word(self, i: int) -> str:
        return visible(WORDS.vocab[i]) if i else self._data["labels"]["end"]

    def sentence(self) -> str:
        """The best text that was found and the greedy one, with their log-probabilities."""
        [best, score], [greedy, other] = self.found()[0], self.found(1)[0]
        return self._data["labels"]["sentence"].format(
            beams=self.beams,
            text=self.text.strip(),
            n=self._shown(),
            best=" ".join(map(visible, best)),
            score=f"{score:.2f}",
            greedy=" ".join(map(visible, greedy)),
            other=f"{other:.2f}",
        )

    def picture(self) -> Figure:
        """The kept texts of each step as a tree, the best one in blue, and the greedy text below."""
        # After n steps the search holds what it would give back if n were all.
        found = [self._search(n, self.beams) for n in range(1, self._shown() + 1)]
        grown = tree(found)
        steps = [
            [(self._word(i), score, parent) for i, score, parent in step]
            for step in grown
        ]
        greedy = [self._search(n, 1) for n in range(1, len(grown) + 1)]
        words = [(self._word(texts[0][-1]), scores[0]) for texts, scores in greedy]
        labels = self._data["labels"]
        return beam_picture(steps, best_path(grown), words, (labels["best"], labels["greedy"]))  # fmt: skip

    @validate("beams")
    def _valid_beams(self, proposal: Any) -> int:
        return whole("beams", proposal["value"], 1, WIDEST)

    @validate("steps")
    def _valid_steps(self, proposal: Any) -> int:
        return whole("steps", proposal["value"], 1, LONGEST)

    @validate("length_penalty")
    def _valid_length_penalty(self, proposal: Any) -> float:
        return penalty_of(proposal["value"])

    @validate("step")
    def _valid_step(self, proposal: Any) -> int | None:
        value = proposal["value"]
        if value is None:
            return None
        return whole("step", value, 1, LONGEST, ", or None for the last")
