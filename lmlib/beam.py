"""Search for the likeliest text: several candidates at once, the best of which are kept."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lmlib.generation import check_prompt, predictor
from lmlib.language_models import LanguageModel
from lmlib.softmax import log_softmax


@torch.no_grad()
def beam_search(
    model: LanguageModel,
    tokens: Tensor,
    max_new_tokens: int,
    beams: int,
    end: int | None = None,
) -> tuple[Tensor, Tensor]:
    """The likeliest texts found by going on with the ``beams`` best at every step.

    Formula `eq:beam`. ``tokens`` (1, T) → texts (K, T + max_new_tokens), best first, and
    the log-probability in nats of what was written in each, (K,); K is ``beams``, or less
    where no more are possible. A text that has written ``end`` is padded with it at no
    cost, and when all have, the search stops. Raises ValueError for fewer than one beam,
    for more than one prompt, and as `generate` does. Graves (2012).

    >>> tree = torch.tensor([[0.0, 0.5, 0.5], [0.0, 0.6, 0.4], [0.0, 0.1, 0.9]]).log()
    >>> texts, scores = beam_search(lambda x: tree[x], torch.tensor([[0]]), 2, beams=2)
    >>> texts.tolist(), scores.exp()
    ([[0, 2, 2], [0, 1, 1]], tensor([0.4500, 0.3000], dtype=torch.float64))
    """
    check_prompt(model, tokens, max_new_tokens, end)
    _check_beams(beams, tokens)
    next_logits = predictor(model, use_cache=False, length=0)
    start, scores = tokens.shape[1], tokens.new_zeros(1, dtype=torch.float64)
    for _ in range(max_new_tokens):
        done = (tokens[:, start:] == end).any(1) if end is not None else None
        totals = scores[:, None] + _next_log_probs(
            next_logits(tokens), done, end
        )  # (K, V)
        tokens, scores = _best(tokens, totals, beams)
        if end is not None and (tokens[:, start:] == end).any(1).all():
            break
    return tokens, scores


def _next_log_probs(logits: Tensor, done: Tensor | None, end: int | None) -> Tensor:
    """(K, V) → (K, V); for a text that is done, ``end`` costs nothing and the rest is impossible."""
    log_probs = log_softmax(logits.double())
    if done is not None:
        log_probs[done] = -math.inf
        log_probs[done, end] = 0.0
    return log_probs


def _best(tokens: Tensor, totals: Tensor, beams: int) -> tuple[Tensor, Tensor]:
    """Of all (K, V) ways to go on, the best possible ``beams``: their texts and log-probabilities."""
    scores, places = totals.flatten().sort(descending=True, stable=True)
    scores = scores[:beams][scores[:beams] > -math.inf]
    row, token = (
        places[: len(scores)] // totals.shape[1],
        places[: len(scores)] % totals.shape[1],
    )
    return torch.cat([tokens[row], token[:, None]], dim=1), scores


def _check_beams(beams: int, tokens: Tensor) -> None:
    if beams < 1 or len(tokens) != 1:
        raise ValueError(
            f"beams: {beams} for {len(tokens)} prompts; use 1 or more, "
            "and one prompt (1, T)"
        )
