"""Cross-attention, by which a writer reads what was made of another text: the transformer of 2017, and before.

Vaswani et al. (2017).

>>> model = EncoderDecoder(Config(vocab_size=304))
>>> source, target = torch.zeros(1, 7, dtype=torch.long), torch.zeros(1, 5, dtype=torch.long)
>>> model(source, target).shape  # (B, T, V)
torch.Size([1, 5, 304])
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lmlib.attention import scaled_dot_product_attention
from lmlib.blocks import Config, FeedForward
from lmlib.multi_head import MultiHeadAttention, merge_heads, split_heads
from lmlib.shape_checks import check_divides
from lmlib.transformer import Transformer


class CrossAttention(nn.Module):
    """Heads whose queries come from one sequence, and keys and values from another: `eq:cross-attention`.

    Nothing is masked: all of the other sequence may be looked at. Raises ValueError where
    ``n_head`` does not divide ``d_model``.
    """

    def __init__(self, d_model: int, n_head: int, bias: bool = True) -> None:
        super().__init__()
        check_divides("n_head", n_head, "d_model", d_model)
        self.n_head = n_head
        self.query = nn.Linear(d_model, d_model, bias=bias)
        self.key_value = nn.Linear(d_model, 2 * d_model, bias=bias)
        self.output = nn.Linear(d_model, d_model, bias=bias)

    def forward(self, x: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """x (B, T, C), memory (B, S, C) → (B, T, C), and weights (B, H, T, S)."""
        (q,) = split_heads(self.query(x), 1, self.n_head)
        k, v = split_heads(self.key_value(memory), 2, self.n_head)
        heads, weights = scaled_dot_product_attention(q, k, v)
        return self.output(merge_heads(heads)), weights


class CrossBlock(nn.Module):
    """A block that looks at a memory between its attention and its feed-forward network: `eq:cross-attention`."""

    def __init__(self, config: Config, causal: bool) -> None:
        super().__init__()
        C, H = config.d_model, config.n_head
        rotary = config.positions == "rotary"
        self.norm_1 = nn.LayerNorm(C)
        self.attention = MultiHeadAttention(C, H, causal, True, rotary)
        self.norm_cross = nn.LayerNorm(C)
        self.cross_attention = CrossAttention(C, H)
        self.norm_2 = nn.LayerNorm(C)
        self.feed_forward = FeedForward(C)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """x (B, T, C), memory (B, S, C) → (B, T, C), cross weights (B, H, T, S)."""
        x = x + self.dropout(self.attention(self.norm_1(x))[0])
        looked_up, weights = self.cross_attention(self.norm_cross(x), memory)
        x = x + self.dropout(looked_up)
        x = x + self.dropout(self.feed_forward(self.norm_2(x)))
        return x, weights


class Decoder(Transformer):
    """A causal transformer whose blocks all look at the same memory."""

    Block = CrossBlock

    def forward(  # type: ignore[override]  # a memory in place of a cache
        self, tokens: Tensor, memory: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        """Vectors (B, T, C), and each layer's cross-attention weights (B, H, T, S)."""
        return self.through(self.embedded(tokens), [memory] * len(self.blocks))


class EncoderDecoder(nn.Module):
    """An encoder reads one text, a decoder writes another and looks at the first."""

    def __init__(self, config: Config, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        self.encoder = Transformer(config, causal=False, seed=seed)
        self.decoder = Decoder(config, causal=True, seed=seed + 1)

    def forward(self, source: Tensor, tokens: Tensor) -> Tensor:
        """Logits of the next token, given a source (B, S) and the target so far (B, T) → (B, T, V)."""
        return self.with_weights(source, tokens)[0]

    def with_weights(self, source: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Logits, and the weights (L, B, H, T, S) with which the decoder looked at the source."""
        memory, _ = self.encoder(source)  # (B, S, C): one vector for each token
        x, weights = self.decoder(tokens, memory)
        return self.decoder.logits(x), torch.stack(weights)


class RecurrentTranslator(nn.Module):
    """Two GRUs, of which the first hands its last vector to the second: Sutskever et al. (2014), Cho et al. (2014).

    With ``looks``, the second also looks across at all vectors of the first: Bahdanau et al. (2015), with the
    attention of this book.
    """

    def __init__(self, config: Config, looks: bool, seed: int = 0) -> None:
        super().__init__()
        C, V = config.d_model, config.vocab_size
        self.source, self.target = nn.Embedding(V, C), nn.Embedding(V, C)
        self.reader = nn.GRU(C, C, batch_first=True)
        self.writer = nn.GRU(C, C, batch_first=True)
        self.look = CrossAttention(C, 1) if looks else None
        self.output = nn.Linear(C, V)
        generator = torch.Generator().manual_seed(seed)
        for p in self.parameters():
            nn.init.normal_(p, std=p.shape[-1] ** -0.5, generator=generator)

    def forward(self, source: Tensor, tokens: Tensor) -> Tensor:
        """Logits of the next token, given a source (B, S) and the target so far (B, T) → (B, T, V)."""
        memory, last = self.reader(self.source(source))
        x, _ = self.writer(self.target(tokens), last)
        if self.look:
            x = x + self.look(x, memory)[0]
        return self.output(x)
