"""The first steps of training, by the parts and by the book's own modules.

>>> from lmlib.workshop.assembly import Parts
>>> trained(Parts(), steps=6).same
True
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from lmlib.optimisation import Training, learning_rate, make_optimiser
from lmlib.stories import STORIES, story_sequences
from lmlib.training_step import train_step
from lmlib.transformer import GPT, Config
from lmlib.workshop.assembly import Parts
from lmlib.workshop.comparing import Proof
from lmlib.workshop.models import weights_of


def trained(parts: Parts, steps: int = 20) -> Proof:
    """The losses of the first steps of training, from the same random weights."""
    texts = torch.stack([s[:33] for s in story_sequences(8 * steps, seed=0)])
    batches = texts.view(steps, 8, 33)
    plan = Training(steps, warmup=5)
    first = GPT(Config(vocab_size=STORIES.vocab_size, block_size=32))
    return Proof(
        _by_parts(parts, copy.deepcopy(first), batches, plan),
        _by_modules(first, batches, plan),
    )


def _by_parts(parts: Parts, model: GPT, batches: Tensor, plan: Training) -> list[float]:
    weights = weights_of(model)
    parameters = list(_tensors(weights))
    memories = [(torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]
    losses = []
    for t, ids in enumerate(batches):
        inputs, targets = parts.shifted(ids)

        def loss_of(
            parameters: list[Tensor], x: Tensor = inputs, y: Tensor = targets
        ) -> Tensor:
            w = _with_tensors(weights, iter(parameters))
            logits = parts.gpt(x, w, model.config.n_head)
            return parts.next_word_loss(logits.flatten(0, 1), y.flatten())

        now = parts.rate(t, plan.learning_rate, plan.warmup, plan.steps)
        parameters, memories, loss = parts.training_step(
            loss_of, parameters, memories, t + 1, now
        )
        losses.append(loss)
    return losses


def _by_modules(model: GPT, batches: Tensor, plan: Training) -> list[float]:
    optimiser = make_optimiser(model, plan)
    losses = []
    for t, ids in enumerate(batches):
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(t, plan)
        batch = ids[:, :-1], ids[:, 1:]
        losses.append(train_step(model, batch, optimiser, plan.clip).item())
    return losses


def _tensors(weights: Any) -> Iterator[Tensor]:
    """All tensors in the nested weights of a model, always in the same order."""
    if isinstance(weights, Tensor):
        yield weights
    else:
        for one in weights.values() if isinstance(weights, dict) else weights:
            yield from _tensors(one)


def _with_tensors(weights: Any, tensors: Iterator[Tensor]) -> Any:
    """The same nest with other tensors, in that order."""
    if isinstance(weights, Tensor):
        return next(tensors)
    if isinstance(weights, dict):
        return {name: _with_tensors(one, tensors) for name, one in weights.items()}
    return [_with_tensors(one, tensors) for one in weights]
