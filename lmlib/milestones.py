"""Where a young GPT stands: its loss, whether it follows the grammar, and whether it looks back.

>>> stories = story_sequences(2, seed=0)
>>> found = milestone(GPT(Config(vocab_size=len(WORDS.vocab))), 0, stories, longest=5)
>>> found.step, found.loss > 5, len(found.text)
(0, True, 5)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from lmlib.batches import IGNORE
from lmlib.generation import generate
from lmlib.stories import STORIES, WORDS, story_sequences  # noqa: F401  for the example
from lmlib.transformer import GPT, Config  # noqa: F401  for the example

END_ID = 0
CUE = WORDS.encode("back to")


@dataclass(frozen=True)
class Milestone:
    """What a model makes of some stories that it has never seen, and what it writes."""

    step: int
    loss: float
    """Nats per token."""
    fitting: float
    """Share of the places where the likeliest word is one that the grammar may write there."""
    copied: float
    """Mean probability of the town behind "back to", which stands earlier in the story."""
    looking: float
    """Mean weight that one head, of all the highest, gives the town from there."""
    head: tuple[int, int]
    """Block and number of that head."""
    text: list[int]
    """What it writes from the start with the likeliest word each time, up to the end."""


def cue(story: Tensor) -> tuple[int, int]:
    """Where "to" stands in "back to", and where the town that must follow stood first.

    Raises ValueError for a story without it.
    """
    ids = story.tolist()
    for place, pair in enumerate(pairwise(ids[:-1]), 1):
        if [*pair] == CUE:
            return place, ids.index(ids[place + 1])
    raise ValueError('story: has no "back to"; give one of lmlib.stories')


def milestone(
    model: GPT, step: int, stories: Sequence[Tensor], longest: int = 60
) -> Milestone:
    """Measured on ``stories``, each 1-D ids from end to end; at most ``longest`` words are written.

    Raises ValueError for a story with no "back to".
    """
    padded, rows = pad_sequence([*stories], True, IGNORE), torch.arange(len(stories))
    inputs, targets = padded[:, :-1].clamp(min=0), padded[:, 1:]  # (N, T)
    place, town = torch.tensor([cue(story) for story in stories]).T  # (N,) each
    with torch.no_grad():
        logits, weights = model.with_weights(inputs)  # (N, T, V), (L, N, H, T, T)
    right = logits[rows, place].softmax(-1)[rows, targets[rows, place]]
    heads = weights[:, rows, :, place, town].mean(0)  # (L, H), means over the stories
    block, head = divmod(int(heads.argmax()), heads.shape[1])
    return Milestone(
        step=step,
        loss=float(F.cross_entropy(logits.flatten(0, 1), targets.flatten())),
        fitting=_fitting(logits, stories),
        copied=float(right.mean()),
        looking=float(heads.max()),
        head=(block, head),
        text=_likeliest_text(model, longest),
    )


def _fitting(logits: Tensor, stories: Sequence[Tensor]) -> float:
    """The share of all places of the stories where the likeliest word is a possible one."""
    fits = []
    for row, story in zip(logits.argmax(-1), stories, strict=True):
        may = STORIES(story[None, :-1])[0].isfinite()  # (T, V)
        fits += may[range(len(may)), row[: len(may)]].tolist()
    return sum(fits) / len(fits)


def _likeliest_text(model: GPT, longest: int) -> list[int]:
    first = torch.full((1, 1), END_ID)
    text = generate(model, first, longest, temperature=0, end=END_ID)[0, 1:].tolist()
    return [*takewhile(lambda i: i != END_ID, text)]
