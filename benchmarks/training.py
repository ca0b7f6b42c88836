"""Training the book's GPT against Transformers' GPT-2, PyTorch's own encoder and nanoGPT, on two threads.

    python benchmarks/training.py

All have the same sizes, read the same tokens and are moved by the same optimiser, in float32.
Their steps alternate, so that a busy machine slows all of them alike; medians are reported.
"""

from __future__ import annotations

import os

# Read when the library is loaded: threads that wait do not spin, which starves whoever else is there.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from dataclasses import replace

import torch
import torch.nn.functional as F
import transformers
from torch import Tensor, nn

from lmlib.blocks import Config
from lmlib.interop.peers import Peer, training_step
from lmlib.interop.timing import matrix_rate, medians
from lmlib.optimisation import Training
from lmlib.step_costs import step_flops
from lmlib.transformer import GPT

VOCAB_SIZE, THREADS = 304, 2
FUSED = "lmlib.GPT, fused"  # with a plan that says so
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


class NanoGPT(nn.Module):
    """The model of nanoGPT (MIT, A. Karpathy) in its own words, shortened: fused attention.

    Its GELU goes by erf, which takes less time than GPT-2's own by tanh.
    """

    class Block(nn.Module):
        def __init__(self, C: int, n_head: int, gelu: str) -> None:
            super().__init__()
            self.n_head, self.gelu = n_head, nn.GELU(gelu)
            self.ln_1, self.ln_2 = nn.LayerNorm(C), nn.LayerNorm(C)
            self.c_attn, self.attn_proj = nn.Linear(C, 3 * C), nn.Linear(C, C)
            self.c_fc, self.c_proj = nn.Linear(C, 4 * C), nn.Linear(4 * C, C)

        def attn(self, x: Tensor) -> Tensor:
            B, T, C = x.size()
            q, k, v = (
                part.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
                for part in self.c_attn(x).split(C, dim=2)
            )
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            return self.attn_proj(y.transpose(1, 2).contiguous().view(B, T, C))

        def forward(self, x: Tensor) -> Tensor:
            x = x + self.attn(self.ln_1(x))
            return x + self.c_proj(self.gelu(self.c_fc(self.ln_2(x))))

    def __init__(self, config: Config, gelu: str = "none") -> None:
        super().__init__()
        C = config.d_model
        self.wte = nn.Embedding(config.vocab_size, C)
        self.wpe = nn.Embedding(config.block_size, C)
        self.h = nn.ModuleList(
            self.Block(C, config.n_head, gelu) for _ in range(config.n_layer)
        )
        self.ln_f = nn.LayerNorm(C)
        self.lm_head = nn.Linear(C, config.vocab_size, bias=False)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=0.02)
        self.lm_head.weight = self.wte.weight

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1]))
        for block in self.h:
            x = block(x)
        return self.lm_head(self.ln_f(x))


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
        FUSED: GPT(config),
        "GPT2LMHeadModel": gpt2(0.0),
        "GPT2LMHeadModel, its default dropout 0.1": gpt2(0.1),
        "nn.TransformerEncoder": TorchGPT(config),
        "nanoGPT": NanoGPT(config),
        "nanoGPT, with GPT-2's GELU": NanoGPT(config, "tanh"),
    }


def pairs(models: dict[str, nn.Module]) -> list[tuple[str, str]]:
    """Ours against each, and fused against who is fused too."""
    peers = [name for name in models if not name.startswith("lmlib")]
    fused = [(FUSED, name) for name in peers if name.startswith("nanoGPT")]
    return [("lmlib.GPT", name) for name in peers] + fused


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
            works = {
                name: training_step(m, pair, replace(plan, fused=name == FUSED))
                for name, m in models.items()
            }
            spent = medians(works, steps, warm_up=warm_up)
            rate = {name: B * T / s for name, s in spent.items()}
            work = f"training, {n_layer} layers, d {d_model}, T {T}, B {B}"
            for ours, name in pairs(models):
                rows.append(
                    {
                        "work": f"{work}: {ours} against {name}",
                        "ours": rate[ours],
                        "peer": rate[name],
                        "ratio": rate[ours] / rate[name],
                        "unit": "tokens/s",
                    }
                )
            done = step_flops(config, B, T) * rate["lmlib.GPT"] / (B * T)
            peak = max(peak, matrix_rate())
            rows.append(
                {
                    "work": f"{work}: share of the rate of a 1024³ matrix product",
                    "ours": done / 1e9,
                    "peer": peak / 1e9,
                    "ratio": done / peak,
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
