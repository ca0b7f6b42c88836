"""A small ``torch``: what the exercises of the book ask of it, without gradients and random numbers."""

import builtins
import math

import torch.nn as nn
import torch.tensors as tensors
from torch.tensors import (
    Size,
    Tensor,
    as_kind,
    bool_,
    both,
    broadcast,
    dtype,
    float32,
    float64,
    int64,
    matmul,
    shape_of,
    tensor,
    where,
)

inf, nan, pi, e = math.inf, math.nan, math.pi, math.e
float, double, long, int, bool = float32, float64, int64, int64, bool_


def _filled(value, sizes, kind):
    shape = shape_of(sizes)
    if builtins.min(shape, default=0) < 0:
        raise RuntimeError(
            f"Trying to create tensor with negative dimension {builtins.min(shape)}: {list(shape)}"
        )
    return Tensor([as_kind(value, kind)] * math.prod(shape), shape, kind)


def zeros(*size, dtype=float32, device=None):
    return _filled(0, size, dtype)


def ones(*size, dtype=float32, device=None):
    return _filled(1, size, dtype)


empty = zeros


def full(size, fill_value, dtype=None, device=None):
    size = [size] if isinstance(size, type(1)) else size
    return _filled(fill_value, (tuple(size),), dtype or tensors.kind_of(fill_value))


def zeros_like(t, dtype=None):
    return _filled(0, (t.shape,), dtype or t.dtype)


def ones_like(t, dtype=None):
    return _filled(1, (t.shape,), dtype or t.dtype)


empty_like = zeros_like


def full_like(t, fill_value, dtype=None):
    return _filled(fill_value, (t.shape,), dtype or t.dtype)


def arange(*bounds, dtype=None, step=None, device=None):
    numbers = [b.item() if isinstance(b, Tensor) else b for b in bounds]
    start, stop = (0, numbers[0]) if len(numbers) == 1 else numbers[:2]
    by = step if step is not None else numbers[2] if len(numbers) == 3 else 1
    kind = dtype or builtins.max(
        [tensors.kind_of(n) for n in (start, stop, by)], key=lambda kind: kind.rank
    )
    count = builtins.max(0, math.ceil((stop - start) / by))
    return Tensor([as_kind(start + n * by, kind) for n in range(count)], [count], kind)


class linalg:
    """Lengths of vectors."""

    def vector_norm(t, ord=2, dim=None, keepdim=False):
        return t.norm(ord, dim, keepdim)

    def norm(t, ord=None, dim=None, keepdim=False):
        if ord is not None and dim is None and t.ndim == 2:
            raise RuntimeError(
                "norms of matrices are not there on this page, but for the one without ord"
            )
        return t.norm(ord, dim, keepdim)


def linspace(start, end, steps):
    return tensor(
        [start + (end - start) * n / builtins.max(steps - 1, 1) for n in range(steps)],
        dtype=float32,
    )


def eye(n, m=None, dtype=float32, device=None):
    m = n if m is None else m
    return Tensor(
        [as_kind(row == column, dtype) for row in range(n) for column in range(m)],
        [n, m],
        dtype,
    )


def as_tensor(data, dtype=None):
    return (
        data
        if isinstance(data, Tensor) and dtype in (None, data.dtype)
        else tensor(data, dtype)
    )


def stack(parts, dim=0):
    parts = list(parts)
    if not parts:
        raise RuntimeError("stack expects a non-empty TensorList")
    if builtins.any(part.shape != parts[0].shape for part in parts):
        raise RuntimeError(
            f"stack expects each tensor to be equal size, but got {list(parts[0].shape)} at entry 0"
        )
    return cat([part.unsqueeze(dim) for part in parts], dim)


def cat(parts, dim=0):
    parts = list(parts)
    if not parts:
        raise RuntimeError("torch.cat(): expected a non-empty list of Tensors")
    if builtins.any(not part.shape for part in parts):
        raise RuntimeError(
            "zero-dimensional tensor (at position 0) cannot be concatenated"
        )
    parts = [part for part in parts if tuple(part.shape) != (0,)] or parts[:1]
    dim = tensors.axis_of(dim, parts[0].ndim)
    for part in parts:
        other = list(part.shape)
        other[dim : dim + 1] = [parts[0].shape[dim]] if part.ndim > dim else []
        if other != list(parts[0].shape):
            raise RuntimeError(
                f"Sizes of tensors must match except in dimension {dim}. Expected size {list(parts[0].shape)} but got size {list(part.shape)}"
            )
    kind = builtins.max([part.dtype for part in parts], key=lambda kind: kind.rank)
    turned = [part.to(kind).transpose(0, dim) for part in parts]
    data = [x for part in turned for x in part.flat()]
    shape = [builtins.sum([part.shape[0] for part in turned]), *turned[0].shape[1:]]
    return Tensor(data, shape, kind).transpose(0, dim).contiguous()


concat = concatenate = cat


def vstack(parts):
    return cat([part.unsqueeze(0) if part.ndim == 1 else part for part in parts])


def hstack(parts):
    return cat(list(parts), 0 if parts[0].ndim == 1 else 1)


def split(t, size, dim=0):
    return t.split(size, dim)


def einsum(equation, *operands):
    """Sums of products, by letters."""
    inputs, _, output = equation.replace(" ", "").partition("->")
    names = inputs.split(",")
    if "..." in equation:
        most = builtins.max(
            [
                t.ndim - len(n.replace("...", ""))
                for n, t in zip(names, operands)
                if "..." in n
            ]
        )
        dots = "⓪①②③④⑤⑥⑦⑧⑨"[:most]
        full_of = {
            n: dots[len(dots) - (t.ndim - len(n.replace("...", ""))) :]
            for n, t in zip(names, operands)
        }
        names = [n.replace("...", full_of[n]) for n in names]
        output = output.replace("...", dots)
    if "->" not in equation:
        letters = "".join(names)
        output = "".join(sorted(x for x in set(letters) if letters.count(x) == 1))
    sizes = {}
    for name, t in zip(names, operands):
        if len(name) != t.ndim:
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({len(name)}) does not match the number of dimensions ({t.ndim}) for an operand"
            )
        for letter, size in zip(name, t.shape):
            if sizes.setdefault(letter, size) != size:
                raise RuntimeError(
                    f"einsum(): subscript {letter} has size {size} which does not broadcast with previously seen size {sizes[letter]}"
                )
    order = output + "".join(x for x in sizes if x not in output)
    product = None
    for name, t in zip(names, operands):
        have = [x for x in order if x in name]
        t = t.permute(*[name.index(x) for x in have])
        t = t.reshape(*[sizes[x] if x in name else 1 for x in order])
        product = t if product is None else t * product
    summed = list(range(len(output), len(order)))
    product = product.expand(*[sizes[x] for x in order])
    return product.sum(summed) if summed else product.clone()


def maximum(a, b):
    return both(a, b, builtins.max)


def minimum(a, b):
    return both(a, b, builtins.min)


def dot(a, b):
    return a.dot(b)


def outer(a, b):
    return a.outer(b)


def allclose(a, b, rtol=1e-05, atol=1e-08):
    return a.allclose(b, rtol, atol)


def equal(a, b):
    return a.equal(b)


def is_tensor(value):
    return isinstance(value, Tensor)


def hypot(a, b):
    return (a * a + b * b).sqrt()


class no_grad:
    """There are no gradients here anyway."""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False

    def __call__(self, function):
        return function


inference_mode = no_grad


def _method(name):
    def call(t, *args, **named):
        if not isinstance(t, Tensor):
            raise TypeError(
                f"{name}(): argument 'input' (position 1) must be Tensor, not {type(t).__name__}"
            )
        return getattr(t, name)(*args, **named)

    return call


for _name in (
    "abs add all amax amin any argmax argmin argsort bmm ceil chunk clamp clone cos cumsum diagonal div erf exp flatten flip "
    "floor gather index_select isfinite isinf isnan lerp log log10 log1p log2 log_softmax logical_not logsumexp "
    "masked_fill max mean median quantile min mm mul mv narrow neg nonzero norm numel permute pow prod reciprocal relu repeat_interleave "
    "reshape roll round rsqrt select sigmoid sign sin softmax sort sqrt square squeeze std sub sum tanh topk transpose tril "
    "triu unbind unsqueeze var"
).split():
    globals()[_name] = _method(_name)
