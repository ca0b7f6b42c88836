"""Tasks as text: a prompt, a mark, and the answer that a model is to write behind it.

Raffel et al. (2020) give every task this form.

>>> from lmlib.tokens import WordTokenizer
>>> words = WordTokenizer.train(["tom lived in ashby . where ?", MARK])
>>> [tokens] = task_sequences([Task("tom lived in ashby . where ?", "ashby")], words)
>>> words.decode(tokens)
'<end> tom lived in ashby . where ? ⇒ ashby <end>'
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from lmlib.generation import generate
from lmlib.language_models import LanguageModel
from lmlib.tokens import END, Tokenizer, prompt, sequences

MARK = "⇒"
"""What stands between a prompt and its answer."""


class Task(NamedTuple):
    """Words of a prompt, and of the answer that is right."""

    prompt: str
    answer: str


def task_sequences(tasks: Sequence[Task], tokenizer: Tokenizer) -> list[Tensor]:
    """Each task as (T,) ids between two ``END`` tokens, for ``answer_behind(tokenizer.ids[MARK])``.

    Raises ValueError as :meth:`lmlib.tokens.Tokenizer.encode` does.
    """
    return sequences([f"{t.prompt} {MARK} {t.answer}" for t in tasks], tokenizer)


def write_answers(
    model: LanguageModel,
    prompts: Sequence[str],
    tokenizer: Tokenizer,
    max_new_tokens: int,
    temperature: float = 0.0,
    generator: torch.Generator | None = None,
) -> list[str]:
    """What the model writes behind the mark of each prompt, up to ``END``: greedily, if no temperature is given.

    Prompts of one length are answered together. Raises ValueError as :func:`lmlib.generation.generate` does.
    """
    starts = [prompt(f"{text} {MARK}", tokenizer)[0] for text in prompts]
    how = {"temperature": temperature, "generator": generator}
    return write_behind(model, starts, tokenizer, max_new_tokens, END, **how)


def write_behind(
    model: LanguageModel,
    starts: Sequence[Tensor],
    tokenizer: Tokenizer,
    max_new_tokens: int,
    end: str,
    **how: Any,
) -> list[str]:
    """What the model writes behind each of these (T,) ids, up to the token ``end``; ``how`` is given to ``generate``.

    Those of one length are read together. Raises ValueError as :func:`lmlib.generation.generate` does.
    """
    stop, answers = tokenizer.ids[end], [""] * len(starts)
    by_length: dict[int, list[int]] = defaultdict(list)
    for i, ids in enumerate(starts):
        by_length[len(ids)].append(i)
    for length, places in by_length.items():
        batch = torch.stack([starts[i] for i in places])
        found = generate(model, batch, max_new_tokens, end=stop, **how)
        for i, row in zip(places, found[:, length:].tolist(), strict=True):
            answers[i] = tokenizer.decode(row[: [*row, stop].index(stop)])
    return answers
