"""What the last word's vector says behind each part of a GPT, and without some parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lmlib.blocks import Config
from lmlib.interpretability import changing
from lmlib.stories import WORDS
from lmlib.transformer import GPT

SHOWN = 3


class Stage(NamedTuple):
    """The last word's vector behind one part of the model."""

    name: str
    """``"embedding"``, or a layer as :func:`parts` names it."""
    probs: Tensor
    """(V,) what the last norm and the table of words make of the vector: a probability for each next word."""
    length: float
    """Of the vector: the root of the sum of its squares."""
    added: float | None
    """The length of what the part gave, None for the embedding."""

    def top(self, n: int = SHOWN) -> list[tuple[str, float]]:
        """The ``n`` likeliest words with their probabilities, of equal ones the lower id first."""
        order = self.probs.argsort(descending=True, stable=True)[:n].tolist()
        return [(WORDS.vocab[i], float(self.probs[i])) for i in order]


def parts(config: Config) -> list[str]:
    """The name of each part that can be left out: the whole model's, then block by block.

    >>> parts(Config(7, n_layer=1, n_head=2))
    ['residual', 'norm', 'attention 0', 'head 0.0', 'head 0.1', 'feed-forward 0']
    """
    found = ["residual", "norm"]
    for layer in range(config.n_layer):
        heads = [f"head {layer}.{head}" for head in range(config.n_head)]
        found += [f"attention {layer}", *heads, f"feed-forward {layer}"]
    return found


@torch.no_grad()
def stages(model: GPT, ids: Sequence[int], off: Sequence[str] = ()) -> list[Stage]:
    """Behind the embedding and each layer in turn, without the parts that ``off`` names.

    A head or a layer that is off gives zeros. Without "residual" what a layer gives takes the place of what was
    there, without "norm" layers and the table read vectors as they are.
    """
    decoder: Any = model.decoder

    def read(norm: nn.Module, x: Tensor) -> Tensor:
        return x if "norm" in off else norm(x)

    def stage(name: str, x: Tensor, added: float | None = None) -> Stage:
        logits = decoder.logits(read(decoder.norm, x[0, -1]))
        probs = logits.double().softmax(-1)
        return Stage(name, probs, x[0, -1].norm().item(), added)

    x = decoder.embedded(torch.tensor([ids]))
    found = [stage("embedding", x)]
    with _heads_off(model, off):
        for name, norm, layer in _layers(decoder.blocks):
            added = layer(read(norm, x))
            if name in off:
                added = torch.zeros_like(added)
            x = added if "residual" in off else x + added
            found.append(stage(name, x, added[0, -1].norm().item()))
    return found


def _layers(
    blocks: Sequence[Any],
) -> Iterator[tuple[str, nn.Module, Callable[[Tensor], Tensor]]]:
    """Each layer of all blocks in turn, with the norm before it."""
    for i, block in enumerate(blocks):
        yield f"attention {i}", block.norm_1, partial(_first, block.attention)
        yield f"feed-forward {i}", block.norm_2, block.feed_forward


def _first(attention: nn.Module, x: Tensor) -> Tensor:
    return attention(x)[0]


@contextmanager
def _heads_off(model: GPT, off: Sequence[str]) -> Iterator[None]:
    """Inside, the heads that ``off`` names find nothing."""
    with ExitStack() as stack:
        for name in off:
            if name.startswith("head "):
                layer, head = map(int, name.split()[1].split("."))
                stack.enter_context(changing(model, torch.zeros_like, layer, head))
        yield
