"""Reviews in one sentence, made for this book, each of which praises or complains; and a model that is asked which.

>>> pool, exam = reviews()
>>> len(pool), len(exam), pool[0].label, pool[0].text
(100, 100, 1, 'I laughed from the first scene to the last.')
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lmlib.files import DATA, read_text
from lmlib.llama import Llama

KINDS = ("plain", "negation", "irony", "mixed")


class Review(NamedTuple):
    """A text, what it is: 1 if it praises and 0 if it complains, and how it says so, one of :data:`KINDS`."""

    text: str
    label: int
    kind: str


def reviews() -> tuple[list[Review], list[Review]]:
    """Reviews for training and others for a test, 100 each, in which kinds and labels are equally common."""
    lines = read_text(DATA / "reviews.tsv").splitlines()[1:]
    rows = [line.split("\t") for line in lines]
    found = [Review(text, int(mood == "good"), kind) for mood, kind, text in rows]
    return found[1::2], found[::2]


class Verbalizer(nn.Module):
    """A language model whose answers are words: the logits of K tokens behind each text, (B, T) → (B, K).

    ``last`` (B,) is where the texts end, as for :class:`lmlib.finetuning.Classifier`. No number is
    new, so it can be asked before any training. Raises ValueError for fewer than two answers, or one
    that is no token. Schick and Schütze (2021).

    >>> from lmlib.modern import ModernConfig
    >>> model = Llama(ModernConfig(vocab_size=304))
    >>> Verbalizer(model, [7, 9])(torch.tensor([[0, 5, 7]])).shape
    torch.Size([1, 2])
    """

    def __init__(self, model: Llama, answers: Sequence[int]) -> None:
        super().__init__()
        size = model.config.vocab_size
        if len(answers) < 2 or not all(0 <= i < size for i in answers):
            raise ValueError(
                f"answers: {list(answers)}; give two ids or more, each in 0 … {size - 1}"
            )
        self.model, self.answers = model, [*answers]

    def forward(self, tokens: Tensor, last: Tensor | None = None) -> Tensor:
        """Logits of the K answers, (B, T) → (B, K)."""
        vectors, _ = self.model.read(tokens)
        end = tokens.shape[1] - 1
        last = torch.full(tokens.shape[:1], end) if last is None else last
        read = vectors[torch.arange(len(tokens)), last]  # (B, C)
        return self.model.logits(read)[:, self.answers]
