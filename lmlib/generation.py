"""Text from any language model of the book: one drawn token after the other."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lmlib.devices import device_of
from lmlib.fast_step import FastStep
from lmlib.fused import keeping_weights
from lmlib.language_models import CachingModel, LanguageModel
from lmlib.modules import unwrap
from lmlib.sampling import check_sampling, greedy, next_probs, penalise_repetition


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
    """Append up to ``max_new_tokens`` tokens, each drawn from the model's prediction.

    ``tokens`` (B, T) → (B, T + max_new_tokens). A sequence that has written ``end`` is padded
    with it, and when all have, the loop stops. With ``use_cache`` a model that can keeps its
    keys and values, and reads each token once. Raises ValueError for an empty prompt,
    for more tokens than ``block_size``, and as :func:`next_probs` does.

    >>> count_up = lambda tokens: 9.0 * torch.eye(5)[(tokens + 1) % 5]
    >>> generate(count_up, torch.tensor([[0]]), max_new_tokens=6, temperature=0)
    tensor([[0, 1, 2, 3, 4, 0, 1]])
    """
    check_prompt(model, tokens, max_new_tokens, end)
    check_sampling(temperature, top_k, top_p)
    # No gradients, and less to keep account of.
    with torch.inference_mode(), keeping_weights(False):
        next_logits = Predictor(model, use_cache, tokens.shape[1] + max_new_tokens)
        done = torch.zeros(len(tokens), 1, dtype=torch.bool, device=tokens.device)
        for _ in range(max_new_tokens):
            logits = next_logits(tokens)
            if repetition_penalty != 1:
                logits = penalise_repetition(logits, tokens, repetition_penalty)
            new = draw(logits, temperature, top_k, top_p, generator)
            if end is not None:
                new = new.masked_fill(done, end)
                done |= new == end
            tokens = torch.cat([tokens, new], dim=1)
            if end is not None and done.all():
                break
    return tokens.clone()  # an ordinary tensor again, which a model may be trained on


class Predictor:
    """(B, T) all tokens so far → logits of the next one (B, V); with a cache only new tokens are read.

    It holds up to ``length`` tokens. Models that have no cache are given all tokens each time.
    """

    def __init__(self, model: LanguageModel, use_cache: bool, length: int) -> None:
        own = unwrap(model)
        self.model: Any = model
        self.caches = isinstance(own, CachingModel)
        self.cache = own.new_cache(length) if self.caches and use_cache else None
        self.device = device_of(model)
        self.step = FastStep.of(model) if self.cache else None

    def __call__(self, tokens: Tensor) -> Tensor:
        read = self.cache[0].length if self.cache else 0
        new = tokens[:, read:].to(self.device)
        if self.cache and self.step and new.shape[1] == 1:
            logits = self.step(new, self.cache)
        else:
            how = {"cache": self.cache, "last": True} if self.caches else {}
            logits = self.model(new, **how)
        return logits[:, -1].to(tokens.device)  # where what is drawn stays

    def select(self, rows: Tensor) -> None:
        """Go on with these of the B sequences, (K,)."""
        for layer in self.cache or []:
            layer.select(rows.to(self.device))


def draw(
    logits: Tensor,
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    generator: torch.Generator | None,
) -> Tensor:
    """(B, V) logits → (B, 1) ids."""
    if temperature == 0:  # no filter can take the highest away
        return greedy(logits)
    probs = next_probs(logits, temperature, top_k, top_p)
    # Where the generator is, so that a seed gives the same numbers wherever the model is.
    where = probs.device if generator is None else generator.device
    return torch.multinomial(probs.to(where), 1, generator=generator).to(probs.device)


def check_prompt(
    model: LanguageModel, tokens: Tensor, max_new_tokens: int, end: int | None
) -> None:
    """Raise ValueError where there is nothing to go on from, nothing to write, or no room for it."""
    if tokens.dim() != 2 or tokens.shape[1] == 0:
        raise ValueError(
            f"tokens: shape {tuple(tokens.shape)}; "
            "give (B, T) ids with at least one token, such as END"
        )
    if max_new_tokens < 1:
        raise ValueError(
            f"max_new_tokens: {max_new_tokens} asks for nothing; use 1 or more"
        )
    for name, lowest in (("tokens", tokens.min()), ("end", end or 0)):
        if lowest < 0:
            raise ValueError(f"{name}: {lowest} is no token's id; ids begin at 0")
    length = tokens.shape[1] + max_new_tokens
    own = unwrap(model)
    if isinstance(own, CachingModel) and length > own.config.block_size:
        raise ValueError(
            f"max_new_tokens: a prompt of {tokens.shape[1]} tokens and {max_new_tokens} "
            f"new ones make {length}, but the model's block_size is "
            f"{own.config.block_size}; ask for fewer, or cut the prompt"
        )
