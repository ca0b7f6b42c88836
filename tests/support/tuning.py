"""A few texts with labels, and which parameters a few steps on them change."""

from __future__ import annotations

import torch
from support.tensors import ids
from torch import Tensor, nn

from lmlib.batches import Batches
from lmlib.blocks import Config
from lmlib.finetuning import labelled, read_label
from lmlib.optimisation import Training
from lmlib.pretraining import fit

SMALL = Config(vocab_size=11, block_size=9, n_layer=2, n_head=2, d_model=8)


def texts(n: int = 12) -> tuple[list[Tensor], list[int]]:
    prompts = [ids(3 + i % 4, seed=i) for i in range(n)]
    return prompts, [int(prompt[-1]) % 2 for prompt in prompts]


def trained(model: nn.Module, steps: int = 4) -> dict[str, bool]:
    """Which parameters a few steps have changed, to the last bit."""
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    prompts, labels = texts()
    batches = Batches(labelled(prompts, labels, 2), 4, objective=read_label)
    fit(model, batches, Training(steps=steps, warmup=0), progress=False)
    return {
        name: not torch.equal(p, before[name]) for name, p in model.named_parameters()
    }
