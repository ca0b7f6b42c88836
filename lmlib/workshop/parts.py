"""The parts of a GPT, each a function of tensors in a few lines: what a reader of the book writes.

Every one is the solution of an exercise. They call each other by name, so that :mod:`lmlib.workshop.assembly` can
put a reader's function in the place of any of them. Weights ``w`` of a block are tensors by name, as
:func:`lmlib.workshop.models.weights_of` gives them.

>>> attend(torch.eye(2), torch.eye(2), torch.eye(2), causal=True)
tensor([[1.0000, 0.0000],
        [0.3302, 0.6698]])
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F


def merge_pair(tokens, pair, new):
    """The tokens, with ``new`` in place of each ``pair`` of neighbours, from left to right."""
    merged = []
    for token in tokens:
        merged.append(token)
        if tuple(merged[-2:]) == pair:
            merged[-2:] = [new]
    return merged


def encode_word(word, merges):
    """The tokens of a word: the earliest merge that fits, again and again, until none does."""
    tokens = list(word)
    for a, b in merges:
        tokens = merge_pair(tokens, (a, b), a + b)
    return tokens


def look_up(ids, table):
    """The vector of each token: ids (B, T), table (V, C) → (B, T, C)."""
    return table[ids]


def word_scores(x, table):
    """How well each vector fits each word's own: x (B, T, C), table (V, C) → logits (B, T, V)."""
    return x @ table.T


def probabilities(logits):
    """The softmax along the last axis: (..., V) → (..., V)."""
    highest = logits.max(-1, keepdim=True).values
    powers = (logits - highest).exp()
    return powers / powers.sum(-1, keepdim=True)


def next_word_loss(logits, targets):
    """The mean of −log p(target) in nats: logits (N, V), targets (N,) → one number."""
    logits = logits - logits.max(-1, keepdim=True).values
    log_total = logits.exp().sum(-1).log()
    right = logits[torch.arange(len(targets)), targets]
    return (log_total - right).mean()


def hide_later(scores):
    """The scores (..., T, T), with −inf wherever a query would see a later key."""
    T = scores.shape[-1]
    may_look = torch.ones(T, T).tril() == 1
    return scores.masked_fill(~may_look, -math.inf)


def attend(q, k, v, causal):
    """Weighted means of the values: q (..., T, D), k and v (..., S, D) → (..., T, D)."""
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    if causal:
        scores = hide_later(scores)
    return probabilities(scores) @ v


def to_heads(x, n_head):
    """Each vector cut into one piece a head: (B, T, C) → (B, H, T, D)."""
    B, T, C = x.shape
    return x.view(B, T, n_head, C // n_head).transpose(1, 2)


def from_heads(x):
    """The pieces side by side again: (B, H, T, D) → (B, T, C)."""
    B, H, T, D = x.shape
    return x.transpose(1, 2).reshape(B, T, H * D)


def heads(x, w, n_head):
    """What all the heads of a block find, mixed by one matrix: (B, T, C) → (B, T, C)."""
    qkv = x @ w["qkv.weight"].T + w["qkv.bias"]
    q, k, v = (to_heads(part, n_head) for part in qkv.chunk(3, dim=-1))
    found = from_heads(attend(q, k, v, causal=True))
    return found @ w["output.weight"].T + w["output.bias"]


def with_positions(x, positions, start=0):
    """The vectors x (B, T, C), and to each the one of its place added, from place ``start`` on."""
    return x + positions[start : start + x.shape[1]]


def normalise(x, gain, bias):
    """Layer norm: each vector with mean 0 and variance 1, then stretched and moved; (..., C) → (..., C)."""
    centred = x - x.mean(-1, keepdim=True)
    variance = (centred**2).mean(-1, keepdim=True)
    return centred / (variance + 1e-5).sqrt() * gain + bias


def feed_forward(x, w):
    """Two linear layers with a GELU between them, for each vector alone: (..., C) → (..., C)."""
    inside = x @ w["up.weight"].T + w["up.bias"]
    return F.gelu(inside, approximate="tanh") @ w["down.weight"].T + w["down.bias"]


def block(x, w, n_head):
    """Attention, then a feed-forward network, each added to what was there: (B, T, C) → (B, T, C)."""
    x = x + heads(normalise(x, w["norm_1.weight"], w["norm_1.bias"]), w, n_head)
    return x + feed_forward(normalise(x, w["norm_2.weight"], w["norm_2.bias"]), w)


def gpt(ids, w, n_head):
    """Ids (B, T) → logits of each next token (B, T, V)."""
    x = with_positions(look_up(ids, w["embed"]), w["position"])
    for own in w["blocks"]:
        x = block(x, own, n_head)
    return word_scores(normalise(x, w["norm.weight"], w["norm.bias"]), w["embed"])


def shifted(ids):
    """Inputs and targets of next-word training: ids (B, T + 1) → two tensors (B, T)."""
    return ids[:, :-1], ids[:, 1:]


def rate(t, highest, warmup, steps):
    """The learning rate of step t, from 0: up in a straight line, then down along a cosine."""
    if t < warmup:
        return highest * (t + 1) / warmup
    return highest * (1 + math.cos(math.pi * (t - warmup) / (steps - warmup))) / 2


def clipped(gradients, longest):
    """The gradients, shortened together where their common length is above ``longest``."""
    length = math.sqrt(sum((g**2).sum().item() for g in gradients))
    return [g * min(1.0, longest / (length + 1e-6)) for g in gradients]


def adam_step(p, g, m, v, t, rate):
    """A parameter, and the means of its gradients and of their squares, after step t, from 1."""
    m = 0.9 * m + 0.1 * g
    v = 0.95 * v + 0.05 * g**2
    step = (m / (1 - 0.9**t)) / ((v / (1 - 0.95**t)).sqrt() + 1e-8)
    return p - rate * step, m, v


def training_step(loss_of, parameters, memories, t, rate):
    """One step downhill: parameters and memories after it, and the loss before it."""
    parameters = [p.detach().requires_grad_() for p in parameters]
    loss = loss_of(parameters)
    gradients = clipped(torch.autograd.grad(loss, parameters), 1.0)
    moved = [
        adam_step(p.detach(), g, m, v, t, rate)
        for p, g, (m, v) in zip(parameters, gradients, memories)
    ]
    return [p for p, _, _ in moved], [(m, v) for _, m, v in moved], loss.item()


def classify(x, last, weight, bias):
    """Logits of K labels from the vector at position ``last`` of each text: x (B, T, C), last (B,) → (B, K)."""
    return x[torch.arange(len(x)), last] @ weight.T + bias


def lora_linear(x, weight, bias, down, up, scale):
    """A frozen linear layer and its correction of low rank: x (..., I), down (r, I), up (O, r) → (..., O)."""
    return x @ weight.T + bias + scale * (x @ down.T) @ up.T


def sampling_probs(logits, temperature, k):
    """What the next token is drawn from: temperature, then only the k likeliest; (B, V) → (B, V)."""
    lowest = logits.topk(k).values[:, -1:]
    kept = logits.masked_fill(logits < lowest, -math.inf)
    return probabilities(kept / temperature)


def write(next_logits, ids, n, temperature, k, seed):
    """The text, ids (B, T), and n drawn tokens behind it: (B, T + n)."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(n):
        probs = sampling_probs(next_logits(ids), temperature, k)
        new = torch.multinomial(probs, 1, generator=generator)
        ids = torch.cat([ids, new], dim=1)
    return ids


def cached_heads(x, w, n_head, past):
    """As `heads`, for new vectors x (B, 1, C) alone; ``past`` holds keys and values (B, H, S, D) of all before.

    Returns what was found (B, 1, C), and keys and values with the new ones.
    """
    qkv = x @ w["qkv.weight"].T + w["qkv.bias"]
    q, k, v = (to_heads(part, n_head) for part in qkv.chunk(3, dim=-1))
    k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)
    found = from_heads(attend(q, k, v, causal=False))
    return found @ w["output.weight"].T + w["output.bias"], (k, v)


def rms_norm(x, gain):
    """Each vector divided by its root mean square, then stretched: (..., C) → (..., C)."""
    mean_square = (x**2).mean(-1, keepdim=True)
    return x / (mean_square + 1e-5).sqrt() * gain


def swiglu(x, w):
    """A feed-forward network whose gate opens and closes what is inside: (..., C) → (..., C)."""
    gate = F.silu(x @ w["gate.weight"].T)
    return (gate * (x @ w["up.weight"].T)) @ w["down.weight"].T


def turned(x, base, start=0):
    """Each pair of numbers turned by an angle that grows with the place: (B, H, T, D) → (B, H, T, D)."""
    T, D = x.shape[-2:]
    places = torch.arange(start, start + T)[:, None]
    angles = places / base ** (torch.arange(0, D, 2) / D)  # (T, D / 2)
    a, b, cos, sin = x[..., 0::2], x[..., 1::2], angles.cos(), angles.sin()
    return torch.stack([a * cos - b * sin, a * sin + b * cos], dim=-1).flatten(-2)


def grouped_heads(x, w, n_head, n_kv_head, base):
    """What heads of queries find that share fewer heads of keys and values: (B, T, C) → (B, T, C)."""
    q = turned(to_heads(x @ w["query.weight"].T, n_head), base)
    k = turned(to_heads(x @ w["key.weight"].T, n_kv_head), base)
    v = to_heads(x @ w["value.weight"].T, n_kv_head)
    k, v = (part.repeat_interleave(n_head // n_kv_head, dim=1) for part in (k, v))
    return from_heads(attend(q, k, v, causal=True)) @ w["output.weight"].T
