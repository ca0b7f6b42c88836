"""Search for the likeliest text: several candidates at once, the best of which are kept."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lmlib.fused import keeping_weights
from lmlib.generation import Predictor, check_prompt
from lmlib.language_models import LanguageModel
from lmlib.softmax import log_softmax


@torch.no_grad()
def beam_search(
    model: LanguageModel,
    tokens: Tensor,
    max_new_tokens: int,
    beams: int,
    end: int | None = None,
    use_cache: bool = True,
) -> tuple[Tensor, Tensor]:
    """The likeliest texts found by going on with the ``beams`` best at every step.

    Formula `eq:beam`. ``tokens`` (1, T) → texts (K, T + max_new_tokens), best first, and
    the log-probability in nats of what was written in each, (K,); K is ``beams``, or less
    where no more are possible. A text that has written ``end`` is padded with it at no
    cost, and when all have, the search stops. With ``use_cache`` a model that can keeps keys and
    values, and reads each token once. Raises ValueError for fewer than one beam,
    for more than one prompt, and as `generate` does. Graves (2012).

    >>> tree = torch.tensor([[0.0, 0.5, 0.5], [0.0, 0.6, 0.4], [0.0, 0.1, 0.9]]).log()
    >>> texts, scores = beam_search(lambda x: tree[x], torch.tensor([[0]]), 2, beams=2)
    >>> texts.tolist(), scores.exp()
    ([[0, 2, 2], [0, 1, 1]], tensor([0.4500, 0.3000], dtype=torch.float64))
    """
    check_prompt(model, tokens, max_new_tokens, end)
    _check_beams(beams, tokens)
    start, scores = tokens.shape[1], tokens.new_zeros(1, dtype=torch.float64)
    predict = Predictor(model, use_cache, start + max_new_tokens)
    for _ in range(max_new_tokens):
        done = (tokens[:, start:] == end).any(1) if end is not None else None
        with keeping_weights(False):
            logits = predict(tokens)
        totals = scores[:, None] + _next_log_probs(logits, done, end)  # (K, V)
        rows, new, scores = _best(totals, beams)
        tokens = torch.cat([tokens[rows], new[:, None]], dim=1)
        predict.select(rows)
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


def _best(totals: Tensor, beams: int) -> tuple[Tensor, Tensor, Tensor]:
    """Of all (K, V) ways to go on, the best possible ``beams``: their rows, tokens and log-probabilities."""
    scores, places = totals.flatten().sort(descending=True, stable=True)
    scores = scores[:beams][scores[:beams] > -math.inf]
    places = places[: len(scores)]
    return places // totals.shape[1], places % totals.shape[1], scores


def _check_beams(beams: int, tokens: Tensor) -> None:
    if beams < 1 or len(tokens) != 1:
        raise ValueError(
            f"beams: {beams} for {len(tokens)} prompts; use 1 or more, "
            "and one prompt (1, T)"
        )
