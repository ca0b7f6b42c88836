"""Training the book's GPT against Transformers' GPT-2, PyTorch's own encoder and nanoGPT's way, on two threads.

    python benchmarks/training.py

All have the same sizes, read the same tokens and are moved by the same optimiser, in float32.
Their steps alternate, so that a busy machine slows all of them alike; medians are reported.
"""

from __future__ import annotations

import os

# Read when the library is loaded: threads that wait do not spin, which starves whoever else is there.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
import transformers
from torch import Tensor, nn

from lmlib.attention import KVCache, MultiHeadAttention
from lmlib.gpt2 import to_gpt2
from lmlib.pretraining import Training, make_optimiser
from lmlib.transformer import GPT, Config, count_parameters

VOCAB_SIZE, THREADS = 304, 2
WORK = [  # n_layer, n_head, d_model, T, B
    (4, 4, 128, 64, 32),
    (6, 6, 192, 128, 16),
]


class TorchGPT(nn.Module):
    """PyTorch's encoder layers with a causal mask, embeddings and tied logits."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        C = config.d_model
        self.embed = nn.Embedding(config.vocab_size, C)
        self.position = nn.Embedding(config.block_size, C)
        layer = nn.TransformerEncoderLayer(
            C,
            config.n_head,
            4 * C,
            dropout=0.0,
            activation=nn.GELU(approximate="tanh"),
            batch_first=True,
            norm_first=True,
        )
        self.layers = nn.TransformerEncoder(
            layer, config.n_layer, nn.LayerNorm(C), enable_nested_tensor=False
        )
        mask = nn.Transformer.generate_square_subsequent_mask(config.block_size)
        self.register_buffer("mask", mask)

    def forward(self, tokens: Tensor) -> Tensor:
        T = tokens.shape[1]
        x = self.embed(tokens) + self.position.weight[:T]
        x = self.layers(x, mask=self.get_buffer("mask")[:T, :T], is_causal=True)
        return x @ self.embed.weight.T


class FusedAttention(MultiHeadAttention):
    """Attention as nanoGPT does it, by PyTorch's fused function: nothing is left of the weights."""

    def forward(
        self, x: Tensor, memory: Tensor | None = None, cache: KVCache | None = None
    ) -> tuple[Tensor, Tensor]:
        heads = F.scaled_dot_product_attention(*self._project(x), is_causal=True)
        return self.output(heads.transpose(-3, -2).flatten(-2)), heads


def fused(config: Config) -> GPT:
    """The book's GPT with :class:`FusedAttention`."""
    model = GPT(config)
    for module in model.modules():
        if isinstance(module, MultiHeadAttention):
            module.__class__ = FusedAttention
    return model


def stepper(
    model: nn.Module, forward: Callable[[Tensor], Tensor], batch: Tensor
) -> Callable[[], float]:
    """A function that does one training step, and returns its seconds."""
    optimiser = make_optimiser(model, Training(steps=1, warmup=0))
    model.train()

    def step() -> float:
        start = time.perf_counter()
        logits = forward(batch[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        return time.perf_counter() - start

    return step


def matrix_rate(size: int = 1024, repeats: int = 20) -> float:
    """Floating-point operations a second in a product of two float32 matrices, at its best."""
    a, b = torch.randn(size, size), torch.randn(size, size)
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        torch.mm(a, b)
        seconds.append(time.perf_counter() - start)
    return 2 * size**3 / min(seconds)


def flops_of_a_step(config: Config, parameters: int, B: int, T: int) -> float:
    """6 a token and parameter, forwards and back; and the two products of attention, 12 L C T a token.

    The table of positions multiplies nothing; that of words does, as logits.
    """
    multiplied = parameters - config.block_size * config.d_model
    return B * T * (6 * multiplied + 12 * config.n_layer * config.d_model * T)


def contestants(config: Config, batch: Tensor) -> dict[str, Callable[[], float]]:
    """One training step of each; all without dropout, but for one that says so."""

    def gpt2(dropout: float) -> Any:
        peer = to_gpt2(GPT(config))
        for module in peer.modules():
            if isinstance(
                module, nn.Dropout
            ):  # of embeddings, attention weights and layers
                module.p = dropout
        return peer

    ours, torch_gpt, nano = GPT(config), TorchGPT(config), fused(config)
    plain, usual = gpt2(0.0), gpt2(0.1)
    return {
        "lmlib.GPT": stepper(ours, ours, batch),
        "GPT2LMHeadModel": stepper(
            plain, lambda x: plain(x, use_cache=False).logits, batch
        ),
        "GPT2LMHeadModel, its default dropout 0.1": stepper(
            usual, lambda x: usual(x, use_cache=False).logits, batch
        ),
        "nn.TransformerEncoder": stepper(torch_gpt, torch_gpt, batch),
        "the same with fused attention, as nanoGPT has it": stepper(nano, nano, batch),
    }


def measure(steps: int = 30, warm_up: int = 3) -> list[dict]:
    """Rows: work, ours, peer, ratio (ours over peer, more is better), unit."""
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    rows: list[dict] = []
    try:
        peak = matrix_rate()
        for n_layer, n_head, d_model, T, B in WORK:
            config = Config(VOCAB_SIZE, T, n_layer, n_head, d_model)
            generator = torch.Generator().manual_seed(0)
            batch = torch.randint(VOCAB_SIZE, (B, T + 1), generator=generator)
            runners = contestants(config, batch)
            seconds: dict[str, list[float]] = {name: [] for name in runners}
            for i in range(warm_up + steps):
                for name, step in runners.items():
                    spent = step()
                    if i >= warm_up:
                        seconds[name].append(spent)
            rate = {name: B * T / statistics.median(s) for name, s in seconds.items()}
            work = f"training, {n_layer} layers, d {d_model}, T {T}, B {B}"
            for name in list(runners)[1:]:
                rows.append(
                    {
                        "work": f"{work}: against {name}",
                        "ours": rate["lmlib.GPT"],
                        "peer": rate[name],
                        "ratio": rate["lmlib.GPT"] / rate[name],
                        "unit": "tokens/s",
                    }
                )
            flops = flops_of_a_step(config, count_parameters(GPT(config)), B, T)
            ours = flops * rate["lmlib.GPT"] / (B * T)
            peak = max(peak, matrix_rate())
            rows.append(
                {
                    "work": f"{work}: share of the rate of a 1024³ matrix product",
                    "ours": ours / 1e9,
                    "peer": peak / 1e9,
                    "ratio": ours / peak,
                    "unit": "GFLOP/s",
                }
            )
    finally:
        torch.set_num_threads(before)
    return rows


def main() -> None:
    print(
        f"torch {torch.__version__}, transformers {transformers.__version__}, "
        f"{THREADS} threads, float32"
    )
    print(f"{'ours':>10} {'peer':>10} {'ratio':>6}  unit")
    for row in measure():
        print(
            f"{row['ours']:10,.0f} {row['peer']:10,.0f} {row['ratio']:6.2f}  "
            f"{row['unit']:9} {row['work']}"
        )


if __name__ == "__main__":
    main()
