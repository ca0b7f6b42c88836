"""A conversation as the chat box has it: what the model sees, and what it writes, token by token."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

import torch

from lmlib.instructions import STOP
from lmlib.softmax import softmax
from lmlib.tokens import END, WordTokenizer
from lmlib.transformer import GPT
from lmlib.widgets.live import pack_gpt

LONGEST = 12
"""Tokens of an answer that does not stop by itself."""
SPARE = 2
"""Room that an answer needs at least: a word, and the token behind it."""


def pack_assistant(model: GPT, words: WordTokenizer) -> dict[str, Any]:
    """What the page makes an assistant of. Raises ValueError as :func:`lmlib.widgets.live.pack_gpt` does."""
    return pack_gpt(model, words.vocab, "load_assistant()")


class Turn(NamedTuple):
    """A question, and the tokens of the answer, each with its probability; none where the question did not fit."""

    question: str
    written: list[tuple[str, float]]

    @property
    def answer(self) -> str:
        """The words of the answer, without the token that ends it."""
        return " ".join(word for word, _ in self.written if word not in (STOP, END))


def as_tokens(
    said: Sequence[tuple[str, Sequence[str]]], dropped: Collection[str], asking: bool
) -> list[str]:
    """What the model sees of messages, each a role and its words: the template, without tokens that are ``dropped``.

    >>> as_tokens([("story", ["tom", "slept", "."]), ("user", ["who", "?"])], ["<stop>"], asking=True)
    ['<end>', '<story>', 'tom', 'slept', '.', '<user>', 'who', '?', '<assistant>']
    """
    tokens = [token for role, words in said for token in (f"<{role}>", *words, STOP)]
    tokens += ["<assistant>"] if asking else []
    return [END, *(token for token in tokens if token not in dropped)]


class Chat:
    """An assistant that is asked about a story, and always takes the likeliest token.

    Where it ``remembers``, it sees the questions and answers before, and else the story and the question alone.
    """

    def __init__(
        self,
        model: GPT,
        words: WordTokenizer,
        story: str,
        dropped: Collection[str],
        remembers: bool,
    ) -> None:
        self.model, self.words = model, words
        self.dropped, self.remembers = dropped, remembers
        self.said = [("story", words.split(story))]
        self.seen = as_tokens(self.said, dropped, asking=False)

    def ask(self, question: str) -> Turn:
        """The answer to one more question: up to its stop, or 12 tokens, or what the model can read."""
        before = self.said if self.remembers else self.said[:1]
        self.said = [*before, ("user", self.words.split(question))]
        self.seen = as_tokens(self.said, self.dropped, asking=True)
        fits = len(self.seen) + SPARE <= self.model.config.block_size
        turn = Turn(question, [*self._write()] if fits else [])
        self.said.append(("assistant", turn.answer.split()))
        return turn

    def next_probs(self, tokens: Sequence[str]) -> torch.Tensor:
        """(V,) probabilities of what follows these tokens."""
        ids = torch.tensor([[self.words.ids[token] for token in tokens]])
        with torch.no_grad():
            return softmax(self.model(ids, last=True)[0, 0].double())

    def _write(self) -> Iterator[tuple[str, float]]:
        for _ in range(LONGEST):
            probs = self.next_probs(self.seen)
            word = self.words.vocab[int(probs.argmax())]
            self.seen.append(word)
            yield word, float(probs.max())
            full = len(self.seen) > self.model.config.block_size
            if word in (STOP, END) or full:
                return
