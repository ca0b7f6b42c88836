"""A model of today run by the parts, beside the book's own modules.

>>> from lmlib.workshop.assembly import Parts
>>> small(Parts()).same
True
"""

from __future__ import annotations

import torch
from torch import Tensor

from lmlib.generation import generate
from lmlib.llama import Llama
from lmlib.modern import ModernConfig
from lmlib.workshop.assembly import Parts
from lmlib.workshop.comparing import Proof
from lmlib.workshop.models import PartsLlama


@torch.no_grad()
def run(parts: Parts, model: Llama, ids: Tensor, n: int = 20) -> Proof:
    """The ``n`` likeliest tokens behind ids (B, T), one after the other, each behind the ones before it.

    The parts read all tokens anew for each, the book's modules keep keys and values.
    """
    yours = parts.write(PartsLlama(parts, model).last_logits, ids, n, 1.0, 1, seed=0)
    return Proof(yours, generate(model, ids, n, temperature=0))


def small(parts: Parts) -> Proof:
    """The same for a small model of random weights, which every machine has."""
    model = Llama(ModernConfig(vocab_size=50, n_head=4, n_kv_head=2)).eval()
    return run(parts, model, torch.tensor([[3, 1, 4, 1, 5], [9, 2, 6, 5, 3]]))
