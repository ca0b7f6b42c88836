"""What a GPT makes of a text when links of its heads are cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor

from lmlib.attention import causal_mask, scaled_dot_product_attention
from lmlib.interpretability import changing
from lmlib.transformer import GPT
from lmlib.widgets.checks import BadValue, whole


class Link(NamedTuple):
    """From the token that asks to one that it looks at."""

    layer: int
    head: int
    query: int
    key: int


def links_of(given: Any, layers: int, heads: int, tokens: int) -> list[list[int]]:
    """``given`` as a list of [layer, head, query, key]. Raises ValueError for what is no link that can be cut."""
    try:
        listed = [Link(*one) for one in given]
    except TypeError:
        raise BadValue(
            f"cut: {given!r} is no list of links; give [[layer, head, query, key], …]"
        ) from None
    sizes = {"layer": layers, "head": heads, "query": tokens, "key": tokens}
    links = []
    for place, link in enumerate(listed):
        *where, query, key = (
            whole(f"cut[{place}].{name}", value, 0, size - 1)
            for value, (name, size) in zip(link, sizes.items(), strict=True)
        )
        whole(f"cut[{place}].key", key, 0, query, ", for nobody sees what comes later")
        links.append((*where, query, key))
    cut = [list(link) for link in dict.fromkeys(links)]
    for (layer, head, query), n in Counter(tuple(link[:3]) for link in cut).items():
        if n > query:
            raise BadValue(
                f"cut: query {query} of layer {layer}, head {head} looks at nothing any more; leave it one link"
            )
    return cut


@torch.no_grad()
def with_cuts(
    model: GPT, ids: Sequence[int], cut: Iterable[Sequence[int]]
) -> tuple[Tensor, Tensor]:
    """Logits (T, V) and weights (L, H, T, T), float64; a cut link has no weight, and the others of its row have it."""
    links = [Link(*one) for one in cut]
    found: dict[tuple[int, int], Tensor] = {}
    with ExitStack() as stack:
        for layer, head in {link[:2] for link in links}:
            own = [link for link in links if link[:2] == (layer, head)]
            stack.enter_context(_cutting(model, layer, head, own, found))
        logits, weights = model.with_weights(torch.tensor([list(ids)]))
    weights = weights[:, 0].double()
    for place, own_weights in found.items():
        weights[place] = own_weights.double()
    return logits[0].double(), weights


@contextmanager
def _cutting(
    model: GPT,
    layer: int,
    head: int,
    links: Sequence[Link],
    found: dict[tuple[int, int], Tensor],
) -> Iterator[None]:
    """While the model reads, this head does without the links; the weights that it has then go to ``found``."""
    decoder: Any = model.decoder
    qkv, n_head = decoder.blocks[layer].attention.qkv, model.config.n_head
    seen: list[Tensor] = []

    def instead(mixed: Tensor) -> Tensor:
        q, k, v = (
            part.chunk(n_head, dim=-1)[head] for part in seen[-1][0].chunk(3, dim=-1)
        )
        mask = causal_mask(len(q))
        for link in links:
            mask[link.query, link.key] = False
        output, found[layer, head] = scaled_dot_product_attention(q, k, v, mask)
        return output[None].to(mixed.dtype)

    hook = qkv.register_forward_hook(lambda _, __, out: seen.append(out))
    try:
        with changing(model, instead, layer, head):
            yield
    finally:
        hook.remove()
