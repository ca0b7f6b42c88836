"""Inside of a model: what a head found, or what is in the residual stream, read and replaced while it runs.

A place is a ``layer`` and a ``head``: what this head found, before the matrix that mixes the heads. Without a
``head`` it is the residual stream that the block of this number reads; for ``layer`` L, behind the last block, it
is what the last norm reads. Vig et al. (2020), Meng et al. (2022).

>>> from lmlib.blocks import Config
>>> model, tokens = GPT(Config(vocab_size=304)), torch.tensor([[0, 5, 7]])
>>> vectors(model, tokens, layer=1, head=3).shape, vectors(model, tokens, layer=2).shape
(torch.Size([1, 3, 16]), torch.Size([1, 3, 64]))
>>> with changing(model, torch.zeros_like, layer=0, head=3):
...     logits = model(tokens)  # as if this head had found nothing
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from lmlib.integrity import check_kind
from lmlib.llama import Llama
from lmlib.modules import unwrap
from lmlib.transformer import GPT

Model = GPT | Llama


@contextmanager
def changing(
    model: Model,
    change: Callable[[Tensor], Tensor],
    layer: int,
    head: int | None = None,
) -> Iterator[None]:
    """Inside, ``change(x)`` stands for x: (B, T, C), or (B, T, D) of one head.

    Raises ValueError for a place that the model does not have, and for a change of the shape.
    """
    part, n_head = _part(model, layer, head)

    def instead(_: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
        x, *beside = given
        pieces = list(x.chunk(n_head, dim=-1))  # n_head times (B, T, D)
        old = pieces[head or 0]
        pieces[head or 0] = new = change(old)
        _check_shape("change", new, old)
        return torch.cat(pieces, dim=-1), *beside

    hook = part.register_forward_pre_hook(instead)
    try:
        yield
    finally:
        hook.remove()


@torch.no_grad()
def vectors(
    model: Model, tokens: Tensor, layer: int, head: int | None = None
) -> Tensor:
    """What stands at a place while the model reads (B, T) ids: (B, T, C), or (B, T, D) of one head."""
    seen: list[Tensor] = []

    def look(x: Tensor) -> Tensor:
        seen.append(x)
        return x

    with changing(model, look, layer, head):
        model(tokens)
    return seen[0]


@torch.no_grad()
def patched(
    model: Model,
    tokens: Tensor,
    other: Tensor,
    at: Tensor,
    layer: int,
    head: int | None = None,
) -> Tensor:
    """Logits (B, T, V) of ``tokens`` with one vector in each text from ``other``.

    ``tokens`` and ``other`` are (B, T) ids, ``at`` (B,) positions. Raises ValueError where they do not
    fit, and as :func:`changing` does.
    """
    _check_shape("other", other, tokens)
    _check_shape("at", at, tokens[:, 0])
    rows = torch.arange(len(tokens))
    found = vectors(model, other, layer, head)[rows, at]

    def put_in(x: Tensor) -> Tensor:
        return x.index_put((rows, at), found)

    with changing(model, put_in, layer, head):
        return model(tokens)


def patch_effect(before: Tensor, after: Tensor, other: Tensor) -> Tensor:
    """The share of the way from one story to the other that a patch has gone: formula `eq:patch-effect`.

    Differences of two logits, of any shape: without the patch, with it, and in the other story.

    >>> patch_effect(torch.tensor(4.0), torch.tensor(-2.0), torch.tensor(-4.0))
    tensor(0.7500)
    """
    return (before - after) / (before - other)


def erased(x: Tensor, direction: Tensor, mean: Tensor) -> Tensor:
    """Vectors that no longer differ along a direction: formula `eq:erase`, (..., C) → (..., C).

    Along it, each has what the ``mean`` (C,) has. Raises ValueError for a ``direction`` of zeros.

    >>> erased(torch.tensor([[3.0, 5.0], [1.0, 7.0]]), torch.tensor([2.0, 0.0]), torch.tensor([2.0, 6.0]))
    tensor([[2., 5.],
            [2., 7.]])
    """
    length = direction.norm()
    if not length > 0:
        raise ValueError("direction: it is 0 everywhere; give one that has a length")
    unit = direction / length
    return x - ((x - mean) @ unit)[..., None] * unit


def _part(model: Model, layer: int, head: int | None) -> tuple[nn.Module, int]:
    """The module that reads a place, and in how many pieces."""
    own = unwrap(model)
    check_kind("model", own, GPT, Llama)
    body: Any = own.decoder if isinstance(own, GPT) else own
    readers = [*body.blocks, body.norm]
    _check_place("layer", layer, len(readers) - (head is not None))
    if head is None:
        return readers[layer], 1
    _check_place("head", head, own.config.n_head)
    return body.blocks[layer].attention.output, own.config.n_head


def _check_place(name: str, value: int, count: int) -> None:
    if not 0 <= value < count:
        raise ValueError(f"{name}: there is no {value}; use 0 to {count - 1}")


def _check_shape(name: str, made: Tensor, need: Tensor) -> None:
    if made.shape != need.shape:
        shapes = f"{tuple(made.shape)} in the place of {tuple(need.shape)}"
        raise ValueError(f"{name}: {shapes}; keep the shape")
