"""How words are drawn from logits, as both widgets that draw have it: settings that are checked."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from traitlets import HasTraits, validate

from lmlib.sampling import next_probs
from lmlib.widgets.checks import Given, temperature_of, top_p_of, whole


class Draws(HasTraits):
    """Temperature, top-k and top-p that shape the probabilities of ``size`` words, and the seed of what is drawn.

    Raises ValueError for a setting that cannot be.

    >>> import torch
    >>> draws = Draws(3, temperature=0.5, top_k=2)
    >>> draws.shaped(torch.tensor([2.0, 1.0, 0.0]))
    tensor([0.8808, 0.1192, 0.0000])
    """

    temperature = Given(1.0).tag(sync=True)
    top_k = Given(None, allow_none=True).tag(sync=True)
    top_p = Given(None, allow_none=True).tag(sync=True)
    seed = Given(0).tag(sync=True)

    def __init__(self, size: int, **others: Any) -> None:
        self._size = size
        super().__init__(**others)

    def shaped(self, logits: Tensor, temperature: float | None = None) -> Tensor:
        """(V,) probabilities of (V,) logits: temperature (this or another), then top-k, then top-p of what is left."""
        T = self.temperature if temperature is None else temperature
        return next_probs(logits, T, self.top_k, self.top_p)

    @validate("temperature")
    def _valid_temperature(self, proposal: Any) -> float:
        return temperature_of(proposal["value"])

    @validate("top_k")
    def _valid_top_k(self, proposal: Any) -> int | None:
        value = proposal["value"]
        if value is None:
            return None
        return whole("top_k", value, 1, self._size, ", or None to keep all")

    @validate("top_p")
    def _valid_top_p(self, proposal: Any) -> float | None:
        return top_p_of(proposal["value"])

    @validate("seed")
    def _valid_seed(self, proposal: Any) -> int:
        return whole("seed", proposal["value"], 0, 2**32 - 1)
