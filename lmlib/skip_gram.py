"""Learning words as vectors from the company they keep: skip-gram with negative sampling.

Mikolov et al. (2013).

>>> model, losses = train_skip_gram([torch.tensor([1, 2, 1, 2, 1])], vocab_size=3, d_model=4)
>>> model.centre.weight.shape
torch.Size([3, 4])
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
        false = (centre[:, None] * self.context(negatives)).sum(-1)  # (B, K)
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
