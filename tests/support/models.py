"""Small models with numbers far enough apart that no rounding decides."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lmlib.blocks import Config
from lmlib.transformer import GPT

kinds = pytest.mark.parametrize("positions", ["learned", "sinusoidal", "rotary"])


def small(**changes: Any) -> Config:
    return Config(
        **{
            "vocab_size": 11,
            "block_size": 9,
            "n_layer": 2,
            "n_head": 2,
            "d_model": 8,
            **changes,
        }
    )


def shaken(model: nn.Module, seed: int = 0) -> Any:
    """The model in double precision, with no bias at 0 and no gain at 1: as after training."""
    generator = torch.Generator().manual_seed(seed)
    for p in model.double().parameters():
        p.data += 0.3 * torch.randn(p.shape, generator=generator, dtype=torch.float64)
    return model.eval()


def small_gpt(positions: str = "learned", vocab_size: int = 7) -> GPT:
    """Room for 24 tokens."""
    sizes = {"block_size": 24, "n_layer": 2, "n_head": 2, "d_model": 16}
    return shaken(GPT(Config(vocab_size, positions=positions, **sizes), seed=1))


def after(tokens: Tensor) -> Tensor:
    """A model of 5 tokens whose next token is the sum of all so far, or, less likely, one more."""
    total = tokens.cumsum(1)
    hot = torch.nn.functional.one_hot
    return (0.75 * hot(total % 5, 5) + 0.25 * hot((total + 1) % 5, 5)).log()
