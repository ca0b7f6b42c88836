"""Dictionaries in a prompt: pairs of words made up anew each time, so that only who reads the context can answer.

>>> pairs = episode(Random(5), n_pairs=3)
>>> as_text(pairs), seen(pairs)
('mia purple anna yellow mia purple', [False, False, True])
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from lmlib.batches import IGNORE, Batch
from lmlib.evaluation import token_losses
from lmlib.grammar import Grammar
from lmlib.language_models import LanguageModel
from lmlib.stories import STORIES
from lmlib.tokens import END, Tokenizer, WordTokenizer, sequences
from lmlib.validation import check_positive

KEYS = ("tom", "ben", "mia", "anna")
"""The words that are asked for: names of the stories."""
VALUES = tuple(STORIES.slots["{colour}"].tables[""])[:8]
"""The words that may stand behind them: colours, all equally likely."""

PAIRS = WordTokenizer([END, *KEYS, *VALUES])
"""The tokenizer of a model that knows no other words."""

Pairs = list[tuple[str, str]]
"""Each key with its value, in the order in which they stand in the text."""


def expected_accuracy(k: int, n_keys: int, n_values: int) -> float:
    """How often the best reader of an episode is right after ``k`` examples: formula `eq:in-context`.

    Raises ValueError for fewer than one key or value, and for a negative ``k``.

    >>> expected_accuracy(2, n_keys=4, n_values=8)
    0.5078125
    """
    check_positive(n_keys=n_keys, n_values=n_values)
    if k < 0:
        raise ValueError(f"k: {k} examples; give 0 or more")
    unseen = (1 - 1 / n_keys) ** k
    return 1 - unseen * (1 - 1 / n_values)


def episode(
    random: Random,
    n_pairs: int = 9,
    n_keys: int = 4,
    table: Mapping[str, str] | None = None,
) -> Pairs:
    """Pairs of few keys that come again; values are those of ``table``, or drawn anew.

    Raises ValueError for more keys than there are.
    """
    check_positive(n_pairs=n_pairs, n_keys=n_keys)
    if n_keys > len(KEYS):
        raise ValueError(f"n_keys: {n_keys} of {len(KEYS)}; use {len(KEYS)} or fewer")
    keys = random.sample(KEYS, n_keys)
    values = {key: table[key] if table else random.choice(VALUES) for key in keys}
    return [(key, values[key]) for key in random.choices(keys, k=n_pairs)]


def as_text(pairs: Pairs) -> str:
    """The pairs as words, each value behind its key."""
    return " ".join(f"{key} {value}" for key, value in pairs)


def seen(pairs: Pairs) -> list[bool]:
    """For each pair whether its key stands before it in the text."""
    keys = [key for key, _ in pairs]
    return [key in keys[:i] for i, key in enumerate(keys)]


@dataclass(frozen=True)
class Episodes:
    """A batch of fresh episodes in the words of PAIRS for each step of a training; only values are targets.

    With ``tables`` each episode takes its values from one of them; else every value is drawn anew.
    """

    batch_size: int
    seed: int = 0
    tables: Sequence[Mapping[str, str]] = ()
    n_pairs: int = 16

    def __post_init__(self) -> None:
        check_positive(batch_size=self.batch_size, n_pairs=self.n_pairs)

    def __call__(self, step: int) -> Batch:
        """Inputs and targets of one step."""
        random = Random(f"{self.seed} {step}")
        texts = []
        for _ in range(self.batch_size):
            table = random.choice(self.tables) if self.tables else None
            texts.append(as_text(episode(random, self.n_pairs, table=table)))
        tokens = torch.stack(sequences(texts, PAIRS))[:, :-1]
        inputs, targets = tokens[:, :-1], tokens[:, 1:].clone()
        targets[:, ::2] = IGNORE  # which name comes next, nobody can know
        return inputs, targets


@torch.no_grad()
def answers(
    model: LanguageModel, episodes: Sequence[Pairs], tokenizer: Tokenizer
) -> Tensor:
    """Which of VALUES the model says behind each key, having read all before it: (N, n_pairs).

    Raises ValueError for episodes of different lengths.
    """
    if len({len(pairs) for pairs in episodes}) != 1:
        raise ValueError("episodes: of different lengths; give some of one length")
    tokens = torch.stack(sequences(map(as_text, episodes), tokenizer))[:, :-1]
    logits = model(tokens)[:, 1::2]  # behind each key
    return logits[..., tokenizer.encode(" ".join(VALUES))].argmax(-1)


def are_right(said: Tensor, episodes: Sequence[Pairs]) -> Tensor:
    """Whether each of the :func:`answers` is the value of the episode, (N, n_pairs) of bool."""
    values = [[VALUES.index(value) for _, value in pairs] for pairs in episodes]
    return said == torch.tensor(values)


def above_floor(
    model: LanguageModel, tokenizer: Tokenizer, stories: Sequence[str], grammar: Grammar
) -> Tensor:
    """How many nats more each story costs the model than the grammar that wrote it, (N,): 0 on average for the best.

    Raises ValueError for a text that the grammar cannot write.

    >>> from lmlib.stories import WORDS
    >>> above_floor(STORIES, WORDS, STORIES.sample(1, seed=0), STORIES).round(decimals=6) + 0
    tensor([0.], dtype=torch.float64)
    """
    told = token_losses(model, sequences(stories, tokenizer), batch_size=20)
    best = []
    for story in stories:
        words = [END, *story.split(), END]
        exact = zip(grammar.follow(words[:-1]), words[1:], strict=True)
        best.append(-sum(math.log(table[word]) for table, word in exact))
    paid = torch.stack([row.double().sum() for row in told])
    return paid - torch.tensor(best, dtype=torch.float64)
