"""Text to token ids and back: by words, and by characters.

>>> tokenizer = WordTokenizer.train(["I love AI"])
>>> tokenizer.encode("I love AI"), tokenizer.vocab
([2, 3, 1], ('<end>', 'AI', 'I', 'love'))
>>> tokenizer.decode([2, 3, 1])
'I love AI'
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Self

import torch
from torch import Tensor

from lmlib.validation import check_ids

END = "<end>"
"""The token that stands before the first text and after each."""


class Tokenizer:
    """A fixed vocabulary of V tokens; a token's id is its position in ``vocab``.

    Raises ValueError where a token stands twice in ``vocab``.
    """

    separator = ""
    """What ``decode`` puts between two tokens."""

    def __init__(self, vocab: Sequence[str]) -> None:
        self.vocab = tuple(vocab)
        self.ids = {token: i for i, token in enumerate(self.vocab)}
        self._check()

    @classmethod
    def train(cls, texts: Iterable[str]) -> Self:
        """Collect the tokens of ``texts``: ``END`` first, then all others in sorted order."""
        return cls(
            [
                END,
                *sorted({token for text in texts for token in cls.split(text)} - {END}),
            ]
        )

    @staticmethod
    def split(text: str) -> list[str]:
        """Cut ``text`` into tokens."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.vocab)} tokens)"

    def encode(self, text: str) -> list[int]:
        """Ids of the tokens of ``text``. Raises ValueError at a token that is not in the vocabulary."""
        try:
            return [self.ids[token] for token in self.split(text)]
        except KeyError as error:
            raise ValueError(self._unknown(error.args[0])) from None

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ``ids``. Raises ValueError at an id outside 0 … V − 1."""
        ids = [int(i) for i in ids]
        check_ids("ids", ids, len(self.vocab))
        return self.separator.join(self.vocab[i] for i in ids)

    def _unknown(self, token: str) -> str:
        near = difflib.get_close_matches(token, self.vocab, n=3)
        known = f"did you mean {' or '.join(map(repr, near))}?"
        hint = known if near else "see .vocab for the words it knows"
        return f"text: {token!r} is not in the vocabulary of {len(self.vocab)} tokens; {hint}"

    def _check(self) -> None:
        if len(self.ids) < len(self.vocab):
            twice = next(
                token for i, token in enumerate(self.vocab) if self.ids[token] != i
            )
            raise ValueError(
                f"vocab: {twice!r} stands in it more than once; give each token once"
            )


class WordTokenizer(Tokenizer):
    """Words and marks of punctuation are the tokens; spaces only part them."""

    separator = " "

    @staticmethod
    def split(text: str) -> list[str]:
        """
        >>> WordTokenizer.split("Wait, what?")
        ['Wait', ',', 'what', '?']
        """
        return re.findall(rf"{re.escape(END)}|\w+|[^\w\s]", text)


class CharTokenizer(Tokenizer):
    """Every character is a token, spaces too."""

    @staticmethod
    def split(text: str) -> list[str]:
        """
        >>> CharTokenizer.split("a b")
        ['a', ' ', 'b']
        """
        return list(text)


def sequences(texts: Iterable[str], tokenizer: Tokenizer) -> list[Tensor]:
    """Each text as a (T,) tensor of ids between two ``END`` tokens, as every model of the book reads them.

    Raises ValueError where the tokenizer has no ``END``, and as :meth:`Tokenizer.encode` does.

    >>> sequences(["I love AI"], WordTokenizer.train(["I love AI"]))
    [tensor([0, 2, 3, 1, 0])]
    """
    end = _end(tokenizer)
    return [torch.tensor([end, *tokenizer.encode(text), end]) for text in texts]


def prompt(text: str, tokenizer: Tokenizer) -> Tensor:
    """The beginning of a text as a batch of one, for a model to go on from: (1, T) ids behind ``END``.

    Raises ValueError as :func:`sequences` does.

    >>> prompt("I love", WordTokenizer.train(["I love AI"]))
    tensor([[0, 2, 3]])
    """
    return torch.tensor([[_end(tokenizer), *tokenizer.encode(text)]])


def _end(tokenizer: Tokenizer) -> int:
    if END not in tokenizer.ids:
        raise ValueError(
            f"tokenizer: {tokenizer} has no {END!r}; use .train(texts), which puts it first"
        )
    return tokenizer.ids[END]
