"""The book's GPT beside Transformers' GPT-2 of the same size and weights: tokens/s, on one device, in turn.

Needs the optional package: ``pip install "how-language-models-work[transformers]"``.

>>> tiny = Config(vocab_size=12, block_size=8, n_layer=1, n_head=1, d_model=8)
>>> [speed.model for speed in training_speeds(tiny, 2, Training(steps=200), rounds=1)]
['lmlib.GPT', 'GPT2LMHeadModel']
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from lmlib.batches import Batch, next_token
from lmlib.blocks import Config
from lmlib.generation import generate
from lmlib.interop.gpt2 import to_gpt2
from lmlib.interop.timing import CPU, Work, matrix_rate, medians, peak_memory
from lmlib.optimisation import Training, make_optimiser
from lmlib.step_costs import step_flops
from lmlib.train.presets import out_of_memory_advice
from lmlib.training_step import loss_function, train_step
from lmlib.transformer import GPT


@dataclass(frozen=True)
class Speed:
    """What training did on a device."""

    model: str
    tokens: float  # a second
    utilisation: float  # MFU: its share of the FLOP/s of a large matrix product
    memory: float | None  # bytes at the peak, where a device counts them


class Peer(nn.Module):
    """Transformers' GPT-2 with a GPT's weights, asked as a model of the book: ids (B, T) → logits (B, T, V)."""

    def __init__(self, model: GPT) -> None:
        super().__init__()
        self.gpt2 = to_gpt2(model)
        # Token 0 is one like the others, as for ours: it neither ends a text nor fills it up.
        self.gpt2.generation_config.eos_token_id = self.gpt2.config.pad_token_id = None

    def forward(self, tokens: Tensor) -> Tensor:
        return self.gpt2(tokens, use_cache=False).logits

    def generate(
        self, tokens: Tensor, max_new_tokens: int, sample: bool = False
    ) -> Tensor:
        """Greedily, or drawn from all tokens, with its own cache: (B, T) → (B, T + max_new_tokens)."""
        how: dict[str, Any] = {"do_sample": sample, "max_new_tokens": max_new_tokens}
        how |= {"top_k": 0} if sample else {}
        return self.gpt2.generate(tokens, attention_mask=torch.ones_like(tokens), **how)


def training_step(model: nn.Module, batch: Batch, training: Training) -> Work:
    """A function that does one step as ``fit`` does it, always on the same batch."""
    optimiser, loss_fn = make_optimiser(model, training), loss_function(training)
    model.train()
    return lambda: train_step(model, batch, optimiser, training.clip, loss_fn)


def _time_steps(
    gpt: GPT, batch: Batch, training: Training, device: torch.device, rounds: int
) -> tuple[dict[str, float], dict[str, float | None], float]:
    """Seconds of a step and bytes at its peak for both, and the device's FLOP/s, the better of two."""
    dtype = getattr(torch, training.precision)
    works: dict[str, Work] = {}
    memory: dict[str, float | None] = {}

    def begin(name: str, model: nn.Module) -> None:
        works[name] = training_step(model.to(device), batch, training)
        for _ in range(2):  # which compiles, and makes the optimiser state
            works[name]()

    peer, before = Peer(gpt), matrix_rate(device, dtype)
    for name, model in (("lmlib.GPT", gpt), ("GPT2LMHeadModel", peer)):
        memory[name] = peak_memory(partial(begin, name, model), device)
    spent = medians(works, rounds, device)
    return spent, memory, max(before, matrix_rate(device, dtype))


def training_speeds(
    config: Config,
    batch_size: int,
    training: Training,
    device: torch.device = CPU,
    rounds: int = 20,
) -> list[Speed]:
    """Steps of both in turn, on windows of ``block_size`` random tokens: medians.

    Both have the precision, compiler and optimiser that ``training`` asks for. The device's peak is
    measured too, before and after, with numbers of that precision. Raises MemoryError that says
    what would fit where memory runs out, and ImportError without transformers.
    """
    generator = torch.Generator().manual_seed(0)
    shape = (batch_size, config.block_size + 1)
    tokens = torch.randint(config.vocab_size, shape, generator=generator)
    batch = next_token(tokens.to(device), generator)
    with out_of_memory_advice(config, batch_size, device, training.precision):
        spent, memory, peak = _time_steps(GPT(config), batch, training, device, rounds)
    flops = step_flops(config, batch_size, config.block_size)
    count = batch_size * config.block_size
    return [
        Speed(name, count / spent[name], flops / spent[name] / peak, memory[name])
        for name in spent
    ]


@torch.no_grad()
def generation_speeds(
    config: Config,
    batch_size: int,
    new_tokens: int,
    device: torch.device = CPU,
    dtype: torch.dtype = torch.float32,
    rounds: int = 5,
) -> dict[str, float]:
    """Greedy generation by both in turn, each with its cache, behind prompts of 4 tokens; median tokens/s.

    Raises ImportError without transformers.
    """
    gpt = GPT(config).to(dtype).eval()
    peer = Peer(gpt).to(device)
    gpt.to(device)
    prompt = torch.arange(4 * batch_size, device=device).reshape(batch_size, 4)
    prompt %= config.vocab_size
    works: dict[str, Work] = {
        "lmlib.GPT": lambda: generate(gpt, prompt, new_tokens, temperature=0),
        "GPT2LMHeadModel": lambda: peer.generate(prompt, new_tokens),
    }
    spent = medians(works, rounds, device)
    return {name: batch_size * new_tokens / spent[name] for name in works}
