"""torch.nn.functional, as far as the exercises go."""

import math

from torch.tensors import Tensor, int64, tensor, where


def softmax(t, dim=None):
    return t.softmax(_usual(t) if dim is None else dim)


def log_softmax(t, dim=None):
    return t.log_softmax(_usual(t) if dim is None else dim)


def _usual(t):
    """The axis that PyTorch takes, with a warning, where none is named."""
    return 0 if t.ndim in (0, 1, 3) else 1


def relu(t):
    return t.relu()


def silu(t):
    return t * t.sigmoid()


def sigmoid(t):
    return t.sigmoid()


def logsigmoid(t):
    return t.clamp(max=0) - (1 + (-t.abs()).exp()).log()


def tanh(t):
    return t.tanh()


def gelu(t, approximate="none"):
    if approximate == "tanh":
        return t * 0.5 * (1 + (math.sqrt(2 / math.pi) * (t + 0.044715 * t**3)).tanh())
    return t * 0.5 * (1 + (t / math.sqrt(2)).erf())


def linear(t, weight, bias=None):
    found = t @ weight.T
    return found if bias is None else found + bias


def embedding(ids, weight):
    return weight[ids]


def one_hot(ids, num_classes=-1):
    if ids.dtype is not int64:
        raise RuntimeError(
            "one_hot is only applicable to index tensor of type LongTensor."
        )
    flat = ids.flat()
    width = max(flat) + 1 if num_classes == -1 else num_classes
    if flat and max(flat) >= width:
        raise RuntimeError("Class values must be smaller than num_classes.")
    numbers = [int(n == place) for n in flat for place in range(width)]
    return Tensor(numbers, [*ids.shape, width], int64)


def nll_loss(log_probs, targets, reduction="mean", ignore_index=-100):
    if len(log_probs) != len(targets):
        raise ValueError(
            f"Expected input batch_size ({len(log_probs)}) to match target batch_size ({len(targets)})."
        )
    kept = targets != ignore_index
    safe = where(kept, targets, 0)
    losses = -log_probs.gather(1, safe.unsqueeze(1)).squeeze(1)
    losses = losses.masked_fill(~kept, 0.0)
    if reduction == "none":
        return losses
    total = losses.sum()
    return total if reduction == "sum" else total / kept.sum()


def cross_entropy(logits, targets, reduction="mean", ignore_index=-100):
    if logits.ndim != 2:
        raise RuntimeError(
            "on this page cross_entropy takes logits (N, V) and targets (N,)"
        )
    return nll_loss(logits.log_softmax(1), targets, reduction, ignore_index)


def layer_norm(t, normalized_shape, weight=None, bias=None, eps=1e-5):
    if list(t.shape[-len(normalized_shape) :]) != list(normalized_shape):
        raise RuntimeError(
            f"Given normalized_shape={list(normalized_shape)}, expected input with shape [*, "
            f"{', '.join(map(str, normalized_shape))}], but got input of size{list(t.shape)}"
        )
    dims = list(range(-len(normalized_shape), 0))
    centred = t - t.mean(dims, keepdim=True)
    found = centred / (centred.square().mean(dims, keepdim=True) + eps).sqrt()
    found = found if weight is None else found * weight
    return found if bias is None else found + bias


def rms_norm(t, normalized_shape, weight=None, eps=1.1920929e-07):
    found = (
        t
        / (
            t.square().mean(list(range(-len(normalized_shape), 0)), keepdim=True) + eps
        ).sqrt()
    )
    return found if weight is None else found * weight


def normalize(t, p=2, dim=1, eps=1e-12):
    return t / t.norm(p, dim, keepdim=True).clamp(min=eps)


def scaled_dot_product_attention(
    query, key, value, attn_mask=None, is_causal=False, scale=None
):
    scores = (
        query @ key.mT * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)
    )
    if is_causal:
        attn_mask = tensor(
            [[n <= m for n in range(key.shape[-2])] for m in range(query.shape[-2])]
        )
    if attn_mask is not None:
        scores = (
            scores + attn_mask
            if attn_mask.dtype.is_floating_point
            else scores.masked_fill(~attn_mask, -math.inf)
        )
    return scores.softmax(-1) @ value


def pad(t, pad, value=0):
    left, right = pad

    def row(numbers):
        kept = numbers[max(0, -left) : len(numbers) + min(0, right)]
        return [value] * left + kept + [value] * right

    return t.along(-1, row)
