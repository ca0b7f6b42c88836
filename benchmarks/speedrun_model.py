"""The book's GPT, with each trick of the speedrun as a switch."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lmlib.positions import _angles


@dataclass(frozen=True)
class Shape:
    """Sizes, and what is switched on."""

    n_layer: int = 2
    n_head: int = 4
    width: int = 64
    wide: int = 4  # the feed-forward layer, in widths
    fused: bool = False
    rotary: bool = False
    qk_norm: bool = False
    relu2: bool = False
    zero: bool = False
    bias: bool = True
    tied: bool = True
    smear: bool = False
    rms: bool = False


class Attention(nn.Module):
    def __init__(self, s: Shape) -> None:
        super().__init__()
        self.s = s
        self.qkv = nn.Linear(s.width, 3 * s.width, bias=s.bias)
        self.output = nn.Linear(s.width, s.width, bias=s.bias)

    def forward(self, x: Tensor, turn: tuple[Tensor, Tensor] | None) -> Tensor:
        B, T, C = x.shape
        s = self.s
        q, k, v = self.qkv(x).view(B, T, 3, s.n_head, -1).permute(2, 0, 3, 1, 4)
        if s.qk_norm:
            q, k = F.rms_norm(q, q.shape[-1:]), F.rms_norm(k, k.shape[-1:])
        if turn:
            q, k = turned(q, *turn), turned(k, *turn)
        if s.fused:
            scale = 0.5 if s.qk_norm else None
            found = F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scale)
        else:
            scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
            hidden = torch.full((T, T), -math.inf).triu(1)
            found = (scores + hidden).softmax(-1) @ v
        return self.output(found.transpose(1, 2).reshape(B, T, C))


def turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], -1)


class Block(nn.Module):
    def __init__(self, s: Shape) -> None:
        super().__init__()
        self.s = s
        self.norm_1, self.norm_2 = norm(s), norm(s)
        self.attention = Attention(s)
        self.up = nn.Linear(s.width, s.wide * s.width, bias=s.bias)
        self.down = nn.Linear(s.wide * s.width, s.width, bias=s.bias)

    def forward(self, x: Tensor, turn: tuple[Tensor, Tensor] | None) -> Tensor:
        x = x + self.attention(self.norm_1(x), turn)
        inside = self.up(self.norm_2(x))
        squared = self.s.relu2
        bent = F.relu(inside) ** 2 if squared else F.gelu(inside, approximate="tanh")
        return x + self.down(bent)


def norm(s: Shape) -> nn.Module:
    if s.rms:
        return nn.RMSNorm(s.width, elementwise_affine=False)
    return nn.LayerNorm(s.width, bias=s.bias)


class FastGPT(nn.Module):
    """(B, T) ids → (B, T, V) logits."""

    def __init__(self, vocab: int, s: Shape, seed: int) -> None:
        super().__init__()
        self.s = s
        self.embed = nn.Embedding(vocab, s.width)
        if not s.rotary:
            self.position = nn.Embedding(100, s.width)
        else:
            angles = _angles(torch.arange(100), s.width // s.n_head)
            self.cos, self.sin = angles.cos().float(), angles.sin().float()
        if not s.tied:
            self.head = nn.Linear(s.width, vocab, bias=False)
        if s.smear:
            self.smear = nn.Parameter(torch.full((s.width,), 0.5))
        self.blocks = nn.ModuleList(Block(s) for _ in range(s.n_layer))
        self.norm = norm(s)
        self._initialise(torch.Generator().manual_seed(seed))

    def _initialise(self, generator: torch.Generator) -> None:
        std = 1 / math.sqrt(self.s.width)
        for name, p in self.named_parameters():
            last = name.endswith(("output.weight", "down.weight"))
            if p.dim() == 1:
                continue
            small = std / math.sqrt(2 * self.s.n_layer) if last else std
            nn.init.normal_(p, std=small, generator=generator)
            if self.s.zero and (last or name == "head.weight"):
                nn.init.zeros_(p)
        for name, p in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(p)

    def forward(self, tokens: Tensor) -> Tensor:
        T = tokens.shape[1]
        x = self.embed(tokens)
        if self.s.smear:
            x = x + self.smear * F.pad(x[:, :-1], (0, 0, 1, 0))
        turn = (self.cos[:T], self.sin[:T]) if self.s.rotary else None
        if not turn:
            x = x + self.position.weight[:T]
        for block in self.blocks:
            x = block(x, turn)
        x = self.norm(x)
        return x @ (self.embed.weight if self.s.tied else self.head.weight).T
