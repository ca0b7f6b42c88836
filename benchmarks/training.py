"""Training the book's GPT against Transformers' GPT-2, PyTorch's own encoder and nanoGPT's way, on two threads.

    python benchmarks/training.py

All have the same sizes, read the same tokens and are moved by the same optimiser, in float32.
Their steps alternate, so that a busy machine slows all of them alike; medians are reported.
"""

from __future__ import annotations

import os

# Read when the library is loaded: threads that wait do not spin, which starves whoever else is there.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import torch
import torch.nn.functional as F
import transformers
from torch import Tensor, nn

from lmlib.blocks import Config
from lmlib.interop.peers import Peer, training_step
from lmlib.interop.timing import matrix_rate, medians
from lmlib.kv_cache import KVCache
from lmlib.multi_head import MultiHeadAttention
from lmlib.optimisation import Training
from lmlib.scale import step_flops
from lmlib.transformer import GPT

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


def contestants(config: Config) -> dict[str, nn.Module]:
    """All of one size, all without dropout, but for one that says so."""

    def gpt2(dropout: float) -> Peer:
        peer = Peer(GPT(config))
        for module in peer.modules():
            if isinstance(
                module, nn.Dropout
            ):  # of embeddings, attention weights and layers
                module.p = dropout
        return peer

    return {
        "lmlib.GPT": GPT(config),
        "GPT2LMHeadModel": gpt2(0.0),
        "GPT2LMHeadModel, its default dropout 0.1": gpt2(0.1),
        "nn.TransformerEncoder": TorchGPT(config),
        "the same with fused attention, as nanoGPT has it": fused(config),
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
            pair, plan = (batch[:, :-1], batch[:, 1:]), Training(steps=1, warmup=0)
            models = contestants(config)
            works = {name: training_step(m, pair, plan) for name, m in models.items()}
            spent = medians(works, steps, warm_up=warm_up)
            rate = {name: B * T / s for name, s in spent.items()}
            work = f"training, {n_layer} layers, d {d_model}, T {T}, B {B}"
            for name in list(models)[1:]:
                rows.append(
                    {
                        "work": f"{work}: against {name}",
                        "ours": rate["lmlib.GPT"],
                        "peer": rate[name],
                        "ratio": rate["lmlib.GPT"] / rate[name],
                        "unit": "tokens/s",
                    }
                )
            ours = step_flops(config, B, T) * rate["lmlib.GPT"] / (B * T)
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
