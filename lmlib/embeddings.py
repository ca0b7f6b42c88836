"""Words as vectors, learned from the company they keep: skip-gram with negative sampling.

Mikolov et al. (2013). Nearest neighbours, analogies and a projection to the plane.

>>> vectors = torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])
>>> nearest(vectors, vectors[0], k=2)  # ids and cosines
[(0, 1.0), (1, 0.9938...)]
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lmlib.validation import check_ids


def skip_gram_pairs(tokens: Tensor, window: int) -> Tensor:
    """Every (centre, context) pair of tokens at most ``window`` apart: (T,) ids → (P, 2).

    >>> skip_gram_pairs(torch.tensor([5, 6, 7]), window=1).tolist()
    [[5, 6], [6, 7], [6, 5], [7, 6]]
    """
    if window < 1:
        raise ValueError(f"window: {window} reaches no neighbour; use 1 or more")
    ahead = [
        torch.stack([tokens[:-d], tokens[d:]], dim=1)
        for d in range(1, min(window, len(tokens) - 1) + 1)
    ]
    return (
        torch.cat([*ahead, *(pairs.flip(1) for pairs in ahead)])
        if ahead
        else tokens.new_empty(0, 2)
    )


class SkipGram(nn.Module):
    """Two tables of V vectors of size C: a word as centre, and as its neighbour.

    float64, so that CPUs differ too little to show in printed results.
    """

    def __init__(
        self, vocab_size: int, d_model: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        start = (
            torch.rand(vocab_size, d_model, generator=generator, dtype=torch.float64)
            - 0.5
        ) / d_model
        self.centre = nn.Embedding.from_pretrained(start, freeze=False)
        self.context = nn.Embedding.from_pretrained(
            torch.zeros_like(start), freeze=False
        )

    def forward(self, pairs: Tensor, negatives: Tensor) -> Tensor:
        """Mean loss of (B, 2) pairs against (B, K) drawn words, `eq:skip-gram`."""
        centre = self.centre(pairs[:, 0])  # (B, C)
        true = (centre * self.context(pairs[:, 1])).sum(-1)  # (B,)
        false = torch.einsum("bc,bkc->bk", centre, self.context(negatives))
        return -(F.logsigmoid(true) + F.logsigmoid(-false).sum(-1)).mean()


def train_skip_gram(
    sequences: Sequence[Tensor],
    vocab_size: int,
    d_model: int = 32,
    window: int = 4,
    negatives: int = 5,
    epochs: int = 2,
    batch_size: int = 1024,
    lr: float = 0.02,
    subsample: float = 1e-2,
    seed: int = 0,
) -> tuple[SkipGram, list[float]]:
    """Learn word vectors from (T,) sequences of ids; returns the model and the loss of every step.

    Frequent words are thinned out: one that makes up a share f of the text is kept with probability
    √(subsample / f). Negatives are drawn for each pair, from counts to the power 3/4.
    Raises ValueError where no pair is left to learn from, and at an id outside 0 … V − 1.
    """
    for tokens in sequences:
        check_ids("sequences", tokens, vocab_size, "; use the tokenizer that made them")
    generator = torch.Generator().manual_seed(seed)
    counts = torch.bincount(torch.cat(list(sequences)), minlength=vocab_size).double()
    pairs = _thinned_pairs(sequences, counts, window, subsample, generator)
    model = SkipGram(vocab_size, d_model, generator)
    optimiser, noise = torch.optim.Adam(model.parameters(), lr=lr), counts**0.75
    losses = []
    for _ in range(epochs):
        order = torch.randperm(len(pairs), generator=generator)
        for batch in pairs[order].split(batch_size):
            drawn = torch.multinomial(
                noise, len(batch) * negatives, True, generator=generator
            )
            loss = model(batch, drawn.view(len(batch), negatives))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
    return model, losses


def _thinned_pairs(
    sequences: Sequence[Tensor],
    counts: Tensor,
    window: int,
    subsample: float,
    generator: torch.Generator,
) -> Tensor:
    """The (P, 2) pairs of what is left when frequent words are thinned out."""
    keep = (subsample * counts.sum() / counts).sqrt().clamp(max=1.0)
    thinned = [
        tokens[torch.rand(len(tokens), generator=generator) < keep[tokens]]
        for tokens in sequences
    ]
    pairs = torch.cat([skip_gram_pairs(tokens, window) for tokens in thinned])
    if not len(pairs):
        raise ValueError(
            "sequences: no two words stand near each other; "
            "give longer texts or a larger subsample"
        )
    return pairs


def nearest(
    vectors: Tensor, query: Tensor, k: int = 5, without: Sequence[int] = ()
) -> list[tuple[int, float]]:
    """The ``k`` ids whose vectors point most nearly in the direction of ``query``, with their cosines.

    Formula `eq:cosine`; ``vectors`` (V, C), ``query`` (C,). Raises ValueError for a query of zeros, and
    for a k below 1 or above the number of vectors not left out.
    """
    _check_query(vectors, query, k, without)
    cosines = F.cosine_similarity(vectors, query[None], dim=-1)
    cosines[list(without)] = -torch.inf
    best = cosines.topk(k)
    return list(zip(best.indices.tolist(), best.values.tolist(), strict=True))


def analogy(
    vectors: Tensor, a: int, b: int, c: int, k: int = 5
) -> list[tuple[int, float]]:
    """``a`` is to ``b`` as ``c`` is to …: the ids nearest to b − a + c, the three themselves left out.

    Formula `eq:analogy`. Mikolov, Yih and Zweig (2013). Vectors are brought to length 1 first.
    Raises ValueError as :func:`nearest` does.

    >>> vectors = torch.tensor([[1.0, 0, 0], [1, 1, 0], [0, 0, 1], [0, 1, 1], [0, -1, 1]])
    >>> analogy(vectors, a=0, b=1, c=2, k=1)
    [(3, 0.9585...)]
    """
    unit = F.normalize(vectors, dim=-1)
    return nearest(unit, unit[b] - unit[a] + unit[c], k, without=(a, b, c))


def project(vectors: Tensor) -> Tensor:
    """The two directions in which ``vectors`` differ most (principal components): (N, C) → (N, 2).

    An axis has no sign of its own; it is turned so that its largest coordinate is positive.
    Raises ValueError for fewer than two vectors, or for vectors of fewer than two numbers.

    >>> project(torch.tensor([[0.0, 0.0, 5.0], [3.0, 0.0, 5.0], [0.0, -1.0, 5.0]])).shape
    torch.Size([3, 2])
    """
    _check_plane(vectors)
    centred = vectors - vectors.mean(0)
    *_, axes = torch.linalg.svd(centred, full_matrices=False)
    plane = centred @ axes[:2].T
    largest = plane.gather(0, plane.abs().argmax(0, keepdim=True))
    return plane * largest.sign()


def _check_query(
    vectors: Tensor, query: Tensor, k: int, without: Sequence[int]
) -> None:
    choice = len(vectors) - len(set(without))
    if not 1 <= k <= choice:
        raise ValueError(
            f"k: {k} neighbours out of {choice} vectors; use 1 to {choice}"
        )
    if not query.norm() > 0:
        raise ValueError(
            "query: a vector of zeros points nowhere; give one that is not 0"
        )


def _check_plane(vectors: Tensor) -> None:
    if min(vectors.shape) < 2:
        raise ValueError(
            f"vectors: shape {tuple(vectors.shape)}; "
            "a plane takes two vectors of two numbers at least"
        )
