"""The chat box: the book's assistant is asked about a story, and answers token by token."""

from __future__ import annotations

import re
from collections.abc import Sequence

from matplotlib.figure import Figure

from lmlib.assistant import load_assistant
from lmlib.instructions import SPECIAL
from lmlib.stories import STORIES
from lmlib.story_questions import KINDS
from lmlib.tokens import WordTokenizer
from lmlib.transformer import GPT
from lmlib.widgets.asked import Asked, readable
from lmlib.widgets.base import Widget, script, with_defaults
from lmlib.widgets.chat_picture import chat_picture
from lmlib.widgets.chats import Chat, Turn, pack_assistant
from lmlib.widgets.checks import BadValue, whole
from lmlib.widgets.labels import CHAT

SHOWN = 5
ENDING = "how does it end ?"


class ChatBox(Asked, Widget):
    """A story, questions about it, and the answers of an assistant: the likeliest token, and how likely it was.

    ``story`` is a text in the words of the assistant, by default one that ``seed`` draws; ``said`` are the questions
    that were asked, in turn, by default who took the thing. ``dropped`` names tokens of the template that are left out
    of what the model sees; where it ``remembers``, it sees earlier questions and answers too, which the book's was not
    trained for. These four can be set and observed. ``model`` and ``tokenizer`` are another assistant, a
    GPT with learned positions and its words. Raises ValueError for what cannot be.

    >>> w = ChatBox("tom lived in ashby .", said=["where did tom live ?"], dropped=["<stop>"])
    >>> " ".join(w.seen.split()[:13])
    '<end> <story> tom lived in ashby . <user> where did tom live ?'
    """

    _kind = "chat"
    _is_live = True
    _state = ("story", "said", "dropped", "remembers")
    _esm = script("chat", live=True)

    def __init__(
        self,
        story: str | None = None,
        *,
        said: Sequence[str] | None = None,
        dropped: Sequence[str] = (),
        remembers: bool = False,
        seed: int = 0,
        model: GPT | None = None,
        tokenizer: WordTokenizer | None = None,
        labels: dict[str, str] | None = None,
    ) -> None:
        if (model is None) != (tokenizer is None):
            raise BadValue(
                "tokenizer: a model goes with its words; give model and tokenizer, or none"
            )
        if model is None or tokenizer is None:
            model, tokenizer = load_assistant()
        self._model, self._words = model, tokenizer
        packed = pack_assistant(model, tokenizer)
        drawn = STORIES.sample(1, whole("seed", seed, 0, 2**32 - 1))[0]
        story = _written(drawn) if story is None else story
        readable("story", story, tokenizer)
        super().__init__(
            _data={
                "labels": with_defaults(labels, CHAT),
                "special": [*SPECIAL],
                "questions": [*KINDS.values()],
                "ending": ENDING,
            },
            provides={"assistant.js": packed},
            story=story,
            said=self._first(story) if said is None else said,
            dropped=dropped,
            remembers=remembers,
        )

    def _first(self, story: str) -> list[str]:
        """The first question, where the story has somebody and something to ask about."""
        found = {
            slot: next((w for w in self._words.split(story.lower()) if w in table), None)
            for slot in ("name", "object")
            for table in [{w for t in STORIES.slots[f"{{{slot}}}"].tables.values() for w in t}]
        }  # fmt: skip
        return [] if None in found.values() else [next(iter(KINDS.values())).format(**found)]  # fmt: skip

    def _chat(self) -> tuple[Chat, list[Turn]]:
        """The conversation up to the first question that does not fit; none about a story that cannot be read."""
        known = self._words.split(self.story.lower())
        can = known and all(word in self._words.ids for word in known)
        story = self.story.lower() if can else ""
        chat = Chat(self._model, self._words, story, self.dropped, self.remembers)
        turns: list[Turn] = []
        for question in self.said if can else []:
            turns.append(chat.ask(question.lower()))
            if not turns[-1].written:
                break
        return chat, turns

    @property
    def turns(self) -> list[Turn]:
        """Each question with the tokens of its answer and their probabilities."""
        return self._chat()[1]

    @property
    def answers(self) -> list[str]:
        """What the assistant says to each question; nothing to one that does not fit into what it reads."""
        return [turn.answer for turn in self.turns]

    @property
    def seen(self) -> str:
        """The text as the model sees it, up to the last token that it has written."""
        return " ".join(self._chat()[0].seen)

    def sentence(self) -> str:
        """Each question with its answer, and how likely its first token was."""
        labels = self._data["labels"]
        told = [
            labels["sentence_turn"].format(
                question=turn.question,
                answer=turn.answer or labels["nothing"],
                p=f"{turn.written[0][1]:.3f}" if turn.written else "–",
            )
            for turn in self.turns
        ]
        return labels["sentence"].format(list=" ".join(told or [labels["sentence_none"]]))  # fmt: skip

    def picture(self) -> Figure:
        """The conversation, and what the first token of the last answer could have been."""
        labels, (chat, turns) = self._data["labels"], self._chat()
        lines = [(turn.question, turn.answer or labels["nothing"]) for turn in turns]
        rows: list[tuple[str, float]] = []
        if turns and turns[-1].written:
            probs = chat.next_probs(chat.seen[: -len(turns[-1].written)])
            best = probs.topk(SHOWN)
            rows = [(self._words.vocab[i], p) for p, i in zip(*(x.tolist() for x in best), strict=True)]  # fmt: skip
        return chat_picture(self.story, lines, rows, labels)


def _written(story: str) -> str:
    """As a person writes it."""
    return re.sub(r" (?=[.,])", "", story)
