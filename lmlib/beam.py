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
    length_penalty: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """The likeliest texts found by going on with the ``beams`` best at every step.

    Formula `eq:beam`. ``tokens`` (1, T) → texts (K, T + max_new_tokens), best first, and
    the log-probability in nats of what was written in each, (K,); K is ``beams``, or less
    where no more are possible. A text that has written ``end`` is padded with it at no
    cost, and when all have, the search stops. Texts are ranked by log-probability / n ** ``length_penalty``,
    where n tokens were written up to ``end``, which counts; of equal ones that of the better beam comes
    first, then the lower id. With ``use_cache`` a model that can keeps keys and
    values, and reads each token once. Raises ValueError for fewer than one beam, for more
    than one prompt, for a penalty below 0, and as `generate` does. Graves (2012).

    >>> tree = torch.tensor([[0.0, 0.5, 0.5], [0.0, 0.6, 0.4], [0.0, 0.1, 0.9]]).log()
    >>> texts, scores = beam_search(lambda x: tree[x], torch.tensor([[0]]), 2, beams=2)
    >>> texts.tolist(), scores.exp()
    ([[0, 2, 2], [0, 1, 1]], tensor([0.4500, 0.3000], dtype=torch.float64))
    """
    check_prompt(model, tokens, max_new_tokens, end)
    _check_beams(beams, tokens, length_penalty)
    start, scores = tokens.shape[1], tokens.new_zeros(1, dtype=torch.float64)
    predict = Predictor(model, use_cache, start + max_new_tokens)
    for n in range(1, max_new_tokens + 1):
        ended = tokens[:, start:] == end if end is not None else None
        done = ended.any(1) if ended is not None else None
        # What is padded stays as long as it was.
        lengths = n if ended is None else (n - ended.sum(1, keepdim=True)).double()
        with keeping_weights(False):
            logits = predict(tokens)
        totals = scores[:, None] + _next_log_probs(logits, done, end)  # (K, V)
        rows, new, scores = _best(totals, totals / lengths**length_penalty, beams)
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


def _best(totals: Tensor, ranks: Tensor, beams: int) -> tuple[Tensor, Tensor, Tensor]:
    """Of all (K, V) ways to go on, the possible ``beams`` of highest rank: their rows, tokens and log-probabilities."""
    places = ranks.flatten().argsort(descending=True, stable=True)[:beams]
    scores = totals.flatten()[places]
    places, scores = places[scores > -math.inf], scores[scores > -math.inf]
    return places // totals.shape[1], places % totals.shape[1], scores


def _check_beams(beams: int, tokens: Tensor, length_penalty: float) -> None:
    if beams < 1 or len(tokens) != 1:
        raise ValueError(
            f"beams: {beams} for {len(tokens)} prompts; use 1 or more, "
            "and one prompt (1, T)"
        )
    if not 0 <= length_penalty < math.inf:
        raise ValueError(
            f"length_penalty: {length_penalty} is no power of a length; use 0 for none, or more"
        )
