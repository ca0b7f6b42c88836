"""Writing with any language model of the book: filters of the logits, and the loop."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from lmlib.devices import device_of
from lmlib.softmax import LanguageModel, highest_logit, log_softmax, softmax
from lmlib.transformer import GPT


def top_k_filter(logits: Tensor, k: int) -> Tensor:
    """Keep the ``k`` highest logits and set the others to −inf; of equal ones the lower ids stay.

    Formula `eq:top-k`; (..., V) → (..., V). Raises ValueError for k < 1. Fan et al. (2018).

    >>> top_k_filter(torch.tensor([1.0, 3.0, 2.0]), k=2)
    tensor([-inf, 3., 2.])
    """
    if k < 1:
        raise ValueError(f"top_k: {k} keeps nothing; use 1 or more, or None to keep all")
    order = logits.argsort(dim=-1, descending=True, stable=True)
    return logits.scatter(-1, order[..., k:], -math.inf)


def top_p_filter(logits: Tensor, p: float) -> Tensor:
    """Keep the fewest of the likeliest tokens that hold ``p`` together; −inf for others.

    Formula `eq:top-p`; (..., V) → (..., V). Raises ValueError for p outside (0, 1].
    Holtzman et al. (2020).

    >>> top_p_filter(torch.tensor([0.5, 0.3, 0.2]).log(), p=0.7).exp()
    tensor([0.5000, 0.3000, 0.0000])
    """
    if not 0 < p <= 1:
        raise ValueError(f"top_p: {p} is outside (0, 1]; use 1 to keep all")
    if p == 1:
        return logits
    order = logits.argsort(dim=-1, descending=True, stable=True)
    probs = softmax(logits).gather(-1, order)
    before = probs.cumsum(-1).roll(1, -1)  # what the likelier tokens hold already
    before[..., 0] = 0.0
    return logits.scatter(
        -1, order, logits.gather(-1, order).masked_fill(before >= p, -math.inf)
    )


def penalise_repetition(logits: Tensor, tokens: Tensor, penalty: float) -> Tensor:
    """Lower the logits of the tokens that stand in the text already.

    Formula `eq:repetition-penalty`. ``logits`` (..., V), ``tokens`` (..., T) ids → (..., V).
    A logit above 0 is divided by ``penalty``, one below 0 multiplied; 1 changes nothing,
    less than 1 rewards repetition. Raises ValueError for a penalty not above 0 or infinite.
    Keskar et al. (2019).

    >>> penalise_repetition(torch.tensor([2.0, -1.0, 3.0]), torch.tensor([0, 1, 1]), 2.0)
    tensor([ 1., -2.,  3.])
    """
    if not 0 < penalty < math.inf:
        raise ValueError(
            f"repetition_penalty: {penalty} is not above 0 and finite; use 1 to change nothing"
        )
    if penalty == 1:
        return logits
    seen = logits.gather(-1, tokens)
    return logits.scatter(-1, tokens, torch.where(seen < 0, seen * penalty, seen / penalty))


def next_probs(
    logits: Tensor,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Tensor:
    """Probabilities to draw from: temperature first, then top-k, then top-p of what is left.

    (..., V) → (..., V). Temperature 0 means greedy: all probability on the highest logit.
    Raises ValueError as the filters and the softmax do.

    >>> next_probs(torch.tensor([0.5, 0.3, 0.2]).log(), top_k=2)
    tensor([0.6250, 0.3750, 0.0000])
    """
    if top_k is not None:  # the highest k are the same at every temperature
        logits = top_k_filter(logits, top_k)
    if temperature == 0:  # of equal ones the lowest id, as in top_k_filter, but faster
        best = logits.argmax(-1, keepdim=True)
        only = torch.full_like(logits, -math.inf)
        temperature, logits = 1.0, only.scatter(-1, best, logits.gather(-1, best))
    if top_p is None:
        return softmax(logits, temperature)
    return softmax(top_p_filter(log_softmax(logits, temperature), top_p))


def check_prompt(
    model: LanguageModel, tokens: Tensor, max_new_tokens: int, end: int | None
) -> None:
    """Raise ValueError where there is nothing to go on from, nothing to write, or no room for it."""
    if tokens.dim() != 2 or tokens.shape[1] == 0:
        raise ValueError(
            f"tokens: shape {tuple(tokens.shape)}; give (B, T) ids with at least one token, such as END"
        )
    if max_new_tokens < 1:
        raise ValueError(
            f"max_new_tokens: {max_new_tokens} asks for nothing; use 1 or more"
        )
    for name, lowest in (("tokens", tokens.min()), ("end", end or 0)):
        if lowest < 0:
            raise ValueError(f"{name}: {lowest} is no token's id; ids begin at 0")
    length = tokens.shape[1] + max_new_tokens
    if isinstance(model, GPT) and length > model.config.block_size:
        raise ValueError(
            f"max_new_tokens: a prompt of {tokens.shape[1]} tokens and {max_new_tokens} new ones make "
            f"{length}, but the model's block_size is {model.config.block_size}; ask for "
            "fewer, or cut the prompt"
        )


def _predictor(
    model: LanguageModel, use_cache: bool, length: int
) -> Callable[[Tensor], Tensor]:
    """(B, T) all tokens so far → logits of the next one (B, V); with a cache only new tokens are read."""
    device = device_of(model)  # the tokens, and what is drawn, stay where they are
    if not (use_cache and isinstance(model, GPT)):
        return lambda tokens: model(tokens.to(device))[:, -1].to(tokens.device)
    cache = model.new_cache(length)

    def read(tokens: Tensor) -> Tensor:
        new = tokens[:, cache[0].length :].to(device)
        return model(new, cache)[:, -1].to(tokens.device)

    return read


def _draw(
    logits: Tensor,
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    generator: torch.Generator | None,
) -> Tensor:
    """(B, V) logits → (B, 1) ids."""
    if temperature == 0:  # as next_probs, of which no filter can take the highest away
        highest_logit(logits)
        return logits.argmax(-1, keepdim=True)
    probs = next_probs(logits, temperature, top_k, top_p)
    # Where the generator is, so that a seed gives the same numbers wherever the model is.
    where = probs.device if generator is None else generator.device
    return torch.multinomial(probs.to(where), 1, generator=generator).to(probs.device)


def generate(
    model: LanguageModel,
    tokens: Tensor,
    max_new_tokens: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: torch.Generator | None = None,
    repetition_penalty: float = 1.0,
    end: int | None = None,
    use_cache: bool = True,
) -> Tensor:
    """Append up to ``max_new_tokens`` tokens, each drawn from the model's own prediction.

    ``tokens`` (B, T) → (B, T + max_new_tokens). A text that has written ``end`` is filled
    up with it, and when all have, the loop stops. With ``use_cache`` the book's GPT reads
    each token once, and keeps its keys and values. Raises ValueError for an empty prompt,
    for more tokens than ``block_size``, and as :func:`next_probs` does.

    >>> count_up = lambda tokens: 9.0 * torch.eye(5)[(tokens + 1) % 5]
    >>> generate(count_up, torch.tensor([[0]]), max_new_tokens=6, temperature=0)
    tensor([[0, 1, 2, 3, 4, 0, 1]])
    """
    check_prompt(model, tokens, max_new_tokens, end)
    # A setting that cannot be is refused before the model is asked.
    next_probs(tokens.new_zeros(1).float(), temperature, top_k, top_p)
    draw = partial(
        _draw, temperature=temperature, top_k=top_k, top_p=top_p, generator=generator
    )
    with torch.inference_mode():  # no gradients, and less to keep account of
        next_logits = _predictor(model, use_cache, tokens.shape[1] + max_new_tokens)
        done = torch.zeros(len(tokens), 1, dtype=torch.bool, device=tokens.device)
        for _ in range(max_new_tokens):
            new = draw(penalise_repetition(next_logits(tokens), tokens, repetition_penalty))
            if end is not None:
                new = new.masked_fill(done, end)
                done |= new == end
            tokens = torch.cat([tokens, new], dim=1)
            if end is not None and done.all():
                break
    return tokens.clone()  # an ordinary tensor again, which a model may be trained on
