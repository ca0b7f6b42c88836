"""How well a model predicts text, the same way for every model of the book, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lmlib.batches import IGNORE
from lmlib.devices import device_of
from lmlib.language_models import LanguageModel
from lmlib.softmax import cross_entropy


@torch.no_grad()
def token_losses(
    model: LanguageModel, sequences: Sequence[Tensor], batch_size: int = 1
) -> list[Tensor]:
    """−log p in nats of every token of every sequence but its first, given the tokens before it.

    Each (T,) sequence gives T − 1 losses; ``batch_size`` of them are read at once, the shorter
    ones padded, on the model's device. The mean over all losses is the model's cross-entropy
    (formula `eq:cross-entropy`). Raises ValueError for a sequence of fewer than two tokens.

    >>> uniform = lambda tokens: torch.zeros(*tokens.shape, 10)  # ten tokens, equally likely
    >>> token_losses(uniform, [torch.tensor([0, 7, 3])])  # ln 10 each
    [tensor([2.3026, 2.3026])]
    """
    _check_sequences(sequences)
    found: list[Tensor] = []
    for i in range(0, len(sequences), batch_size):
        part = [*sequences[i : i + batch_size]]
        batch = nn.utils.rnn.pad_sequence(part, True, IGNORE).to(device_of(model))
        targets, logits = batch[:, 1:], model(batch[:, :-1].clamp(min=0))
        # A loss in bfloat16 has two digits.
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        losses = cross_entropy(logits, targets.clamp(min=0), reduction="none")
        found += [row[: len(x) - 1] for row, x in zip(losses, part, strict=True)]
    return found


def mean_loss(
    model: LanguageModel, sequences: Sequence[Tensor], batch_size: int = 1
) -> float:
    """The model's cross-entropy on ``sequences``, in nats per token: formula `eq:cross-entropy`.

    Every token counts once, so a long sequence counts more. Errors as in :func:`token_losses`.

    >>> uniform = lambda tokens: torch.zeros(*tokens.shape, 10)
    >>> round(mean_loss(uniform, [torch.tensor([0, 7, 3])]), 4)  # ln 10
    2.3026
    """
    return float(torch.cat(token_losses(model, sequences, batch_size)).mean())


def loss_after(
    cue: Sequence[int],
    losses: Sequence[Tensor],
    sequences: Sequence[Tensor],
    last: bool = False,
) -> float:
    """Mean of the ``losses`` of those tokens that follow ``cue``, in nats.

    ``losses`` are those of :func:`token_losses` for the same sequences. With ``last`` only the
    last occurrence of the cue in each of them counts. Raises ValueError where the cue is empty,
    no token follows it anywhere, or the losses are those of other sequences.

    >>> loss_after([7], [torch.tensor([2.0, 4.0])], [torch.tensor([0, 7, 3])])
    4.0
    """
    _check_losses(losses, sequences)
    width, pattern, found = len(cue), torch.tensor(cue), []
    for tokens, row in zip(sequences, losses, strict=True):
        if 0 < width < len(tokens):
            windows = tokens[:-1].unfold(0, width, 1)
            ends = (windows == pattern).all(-1).nonzero().flatten() + width - 1
            found.append(row[ends[-1:] if last else ends])
    if not sum(map(len, found)):
        raise ValueError(
            f"cue: no token follows {list(cue)} in these sequences; give ids that stand in them"
        )
    return float(torch.cat(found).mean())


def bootstrap(
    estimate: Callable[[list[Any]], Sequence[float]],
    runs: Sequence[Any],
    draws: int = 200,
    seed: int = 0,
) -> NDArray[np.float64]:
    """(2, K) lower and upper ends of 95 % intervals of the K numbers that ``estimate`` gives.

    Each draw takes as many runs as there are, with replacement, and estimates anew (Efron 1979).
    Raises ValueError where there are no runs, or no draws.

    >>> numbers = [1.0, 2.0, 3.0] * 30
    >>> low, high = bootstrap(lambda drawn: [sum(drawn) / len(drawn)], numbers)
    >>> bool(low[0] < 2 < high[0])
    True
    """
    if not runs or draws < 1:
        raise ValueError(
            f"runs, draws: {len(runs)} and {draws}; both must be 1 or more"
        )
    random = np.random.default_rng(seed)
    found = [
        estimate([runs[i] for i in random.integers(len(runs), size=len(runs))])
        for _ in range(draws)
    ]
    return np.percentile(np.array(found, dtype=np.float64), [2.5, 97.5], axis=0)


def _check_sequences(sequences: Sequence[Tensor]) -> None:
    for tokens in sequences:
        if len(tokens) < 2:
            raise ValueError(
                f"sequences: one has {len(tokens)} token(s); "
                "it takes two for a prediction and its answer"
            )


def _check_losses(losses: Sequence[Tensor], sequences: Sequence[Tensor]) -> None:
    if [len(row) for row in losses] != [len(tokens) - 1 for tokens in sequences]:
        raise ValueError(
            f"losses: {len(losses)} rows that do not fit {len(sequences)} sequences; "
            "give those of token_losses for these sequences"
        )
