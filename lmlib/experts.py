"""A mixture of experts: several feed-forward networks, of which each token is given to a few.

Shazeer et al. (2017), and as in Mixtral (Jiang et al. 2024).

>>> mixture = Experts(64, [SwiGLU(64, 32) for _ in range(4)], n_active=2)
>>> mixture(torch.randn(1, 5, 64)).shape  # (B, T, C)
torch.Size([1, 5, 64])
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lmlib.modern import SwiGLU  # noqa: F401  for the example above


def route(logits: Tensor, n_active: int) -> tuple[Tensor, Tensor]:
    """The likeliest experts of each token, and their weights: formula `eq:experts`.

    (N, E) → weights (N, k) and numbers of experts (N, k). The weights of two or more add up to 1, as in
    Mixtral. A single one keeps its probability, as in the Switch transformer (Fedus et al. 2022): a weight
    that is always 1 would teach the router nothing.

    >>> weights, chosen = route(torch.tensor([[3.0, 2.0, 1.0]]).log(), n_active=2)
    >>> weights, chosen
    (tensor([[0.6000, 0.4000]]), tensor([[0, 1]]))
    """
    weights, chosen = logits.softmax(-1).topk(n_active, dim=-1)
    return weights / weights.sum(-1, keepdim=True) if n_active > 1 else weights, chosen


class Experts(nn.Module):
    """Feed-forward networks side by side, and a router that picks ``n_active`` of them for each token.

    (..., C) → (..., C), formula `eq:experts`. Raises ValueError where ``n_active`` is not one of
    1 … the number of experts.
    """

    def __init__(
        self, d_model: int, experts: Sequence[nn.Module], n_active: int
    ) -> None:
        super().__init__()
        if not 1 <= n_active <= len(experts):
            raise ValueError(
                f"n_active: {n_active} of {len(experts)} experts; use 1 … {len(experts)}"
            )
        self.n_active = n_active
        self.router = nn.Linear(d_model, len(experts), bias=False)
        self.experts = nn.ModuleList(experts)

    def forward(self, x: Tensor) -> Tensor:
        tokens = x.flatten(0, -2)  # (N, C)
        weights, chosen = route(self.router(tokens), self.n_active)
        out = torch.zeros_like(tokens)
        for number, expert in enumerate(self.experts):
            rows, place = (chosen == number).nonzero(as_tuple=True)
            # An expert computes its own tokens and no others; that is what is saved.
            out.index_add_(0, rows, expert(tokens[rows]) * weights[rows, place, None])
        return out.view_as(x)

    def active_parameters(self) -> int:
        """How many parameters one token meets: the router's, and those of ``n_active`` experts.

        >>> mixture = Experts(64, [SwiGLU(64, 32) for _ in range(4)], n_active=2)
        >>> mixture.active_parameters(), sum(p.numel() for p in mixture.parameters())
        (12544, 24832)
        """
        sizes = sorted(sum(p.numel() for p in e.parameters()) for e in self.experts)
        return self.router.weight.numel() + sum(sizes[-self.n_active :])
