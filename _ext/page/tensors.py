"""Tensors with PyTorch's names, as far as the exercises of the book go: numbers in one row, shapes and strides.

For the page, where PyTorch cannot be. There are no gradients and no random numbers. What is there gives what PyTorch
gives (tests/test_page_tensors.py compares them), each float32 rounded after each operation.
"""

import math

from torch.single import single


class dtype:
    """What the numbers are; a higher ``rank`` wins where two kinds meet."""

    def __init__(self, name, rank):
        self.name, self.rank = name, rank
        self.is_floating_point = rank >= 2

    def __repr__(self):
        return f"torch.{self.name}"


bool_, int64, float32, float64 = (
    dtype(name, rank)
    for rank, name in enumerate(["bool", "int64", "float32", "float64"])
)


def as_kind(value, kind):
    """A number as one of a kind."""
    if kind is float32:
        return single(value)
    if kind is int64:
        if value != value or abs(value) == math.inf:
            return -(2**63)
        return int(value)
    return float(value) if kind is float64 else bool(value)


def kind_of(value):
    """The kind of a Python number."""
    if isinstance(value, bool):
        return bool_
    if isinstance(value, int):
        return int64
    if isinstance(value, float):
        return float32
    raise TypeError(f"expected Tensor or a number, but got {type(value).__name__}")


def rows(shape):
    """Strides of numbers that stand in order."""
    steps, step = [], 1
    for size in reversed(shape):
        steps.append(step)
        step *= size
    return tuple(reversed(steps))


def places(shape, strides, offset):
    """Where the numbers of a view stand, in order."""
    if strides == rows(shape):
        return range(offset, offset + math.prod(shape))
    found = [offset]
    for size, step in zip(shape, strides):
        found = [place + n * step for place in found for n in range(size)]
    return found


def broadcast(*shapes):
    """The shape that several shapes have together."""
    if all([shape == shapes[0] for shape in shapes]):
        return shapes[0]
    length = max(map(len, shapes))
    found = []
    for back in range(length, 0, -1):
        sizes = [shape[-back] for shape in shapes if len(shape) >= back]
        others = [size for size in sizes if size != 1]
        if others and any(size != others[0] for size in others):
            raise RuntimeError(
                f"The size of tensor a ({sizes[0]}) must match the size of tensor b ({sizes[-1]}) "
                f"at non-singleton dimension {length - back}"
            )
        found.append(others[0] if others else 1)
    return tuple(found)


class Size(tuple):
    """A shape."""

    def __repr__(self):
        return f"torch.Size({list(self)})"

    def numel(self):
        return math.prod(self)


class Pair:
    """Values and where they were."""

    def __init__(self, values, indices):
        self.values, self.indices = values, indices

    def __iter__(self):
        return iter((self.values, self.indices))

    def __getitem__(self, place):
        return (self.values, self.indices)[place]

    def __repr__(self):
        return f"values={self.values!r},\nindices={self.indices!r}"


def axis_of(dim, ndim):
    """An axis, counted from the front."""
    if not -max(ndim, 1) <= dim < max(ndim, 1):
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-max(ndim, 1)}, {max(ndim, 1) - 1}], but got {dim})"
        )
    return dim % max(ndim, 1)


def shape_of(sizes):
    """A shape, given as one or as numbers."""
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = sizes[0]
    for size in sizes:
        if isinstance(size, float):
            raise TypeError(f"sizes must be whole numbers, but got {size}")
    return tuple(int(size) for size in sizes)


def without_gap(shape, count):
    """A shape in which one size may be −1."""
    if shape.count(-1) == 1:
        known = math.prod([size for size in shape if size != -1])
        if known and count % known == 0:
            shape = tuple(count // known if size == -1 else size for size in shape)
    if math.prod(shape) != count or min(shape, default=1) < 0:
        raise RuntimeError(
            f"shape '{list(shape)}' is invalid for input of size {count}"
        )
    return shape


class Device(str):
    """Where a tensor is."""

    type = "cpu"


class Tensor:
    """Numbers in one row, and how to walk through them."""

    requires_grad = False
    grad = None
    device = Device("cpu")

    def __init__(self, data, shape=None, kind=float32, strides=None, offset=0):
        if shape is None:  # torch.Tensor([1, 2]), of float32
            made = tensor(data, float32)
            data, shape = made.data_, made.shape
        self.data_, self.shape, self.dtype = data, Size(shape), kind
        self.strides_ = rows(self.shape) if strides is None else tuple(strides)
        self.offset = offset

    # What is in it

    @property
    def ndim(self):
        return len(self.shape)

    def dim(self):
        return len(self.shape)

    def size(self, dim=None):
        return self.shape if dim is None else self.shape[dim]

    def numel(self):
        return math.prod(self.shape)

    def places(self):
        return places(self.shape, self.strides_, self.offset)

    def flat(self):
        data = self.data_
        return [data[place] for place in self.places()]

    def is_contiguous(self):
        steps = zip(self.shape, self.strides_, rows(self.shape))
        return all([size == 1 or step == own for size, step, own in steps])

    def tolist(self):
        return nested(self.flat(), self.shape)

    def item(self):
        if self.numel() != 1:
            raise RuntimeError(
                f"a Tensor with {self.numel()} elements cannot be converted to Scalar"
            )
        return self.flat()[0]

    def __len__(self):
        if not self.shape:
            raise TypeError("len() of a 0-d tensor")
        return self.shape[0]

    def __iter__(self):
        if not self.shape:
            raise TypeError("iteration over a 0-d tensor")
        return iter([self[n] for n in range(self.shape[0])])

    def __bool__(self):
        if self.numel() != 1:
            raise RuntimeError(
                "Boolean value of Tensor with more than one value is ambiguous"
            )
        return bool(self.item())

    def __float__(self):
        return float(self.item())

    def __int__(self):
        return int(self.item())

    def __index__(self):
        if self.dtype.is_floating_point:
            raise TypeError(
                "only integer tensors of a single element can be converted to an index"
            )
        return int(self.item())

    def __hash__(self):
        return id(self)

    def __contains__(self, value):
        return value in self.flat()

    def __format__(self, spec):
        return (
            format(self.item(), spec)
            if spec and not self.shape
            else repr(self)
            if self.shape
            else str(self.item())
        )

    def __repr__(self):
        return written(self)

    # The same numbers, seen in another way

    def seen(self, shape, strides, offset=None):
        return Tensor(
            self.data_,
            shape,
            self.dtype,
            strides,
            self.offset if offset is None else offset,
        )

    def view(self, *sizes):
        shape = without_gap(shape_of(sizes), self.numel())
        if not self.is_contiguous():
            strides = _steps_of_view(self.shape, self.strides_, shape)
            if strides is None:
                raise RuntimeError(
                    "view size is not compatible with input tensor's size and stride (at least one dimension spans "
                    "across two contiguous subspaces). Use .reshape(...) instead."
                )
            return self.seen(shape, strides)
        return self.seen(shape, None)

    def reshape(self, *sizes):
        shape = without_gap(shape_of(sizes), self.numel())
        return self.contiguous().seen(shape, None)

    def contiguous(self):
        return (
            self
            if self.is_contiguous()
            else Tensor(self.flat(), self.shape, self.dtype)
        )

    def flatten(self, start_dim=0, end_dim=-1):
        first, last = axis_of(start_dim, self.ndim), axis_of(end_dim, self.ndim)
        if not self.shape:
            return self.reshape(1)
        return self.reshape(
            *self.shape[:first],
            math.prod(self.shape[first : last + 1]),
            *self.shape[last + 1 :],
        )

    def unflatten(self, dim, sizes):
        dim = axis_of(dim, self.ndim)
        return self.reshape(
            *self.shape[:dim],
            *without_gap(tuple(sizes), self.shape[dim]),
            *self.shape[dim + 1 :],
        )

    def permute(self, *dims):
        dims = [axis_of(dim, self.ndim) for dim in shape_of(dims)]
        if sorted(dims) != list(range(self.ndim)):
            raise RuntimeError(
                "permute(sparse_coo): number of dimensions in the tensor input does not match"
            )
        return self.seen(
            [self.shape[d] for d in dims], [self.strides_[d] for d in dims]
        )

    def transpose(self, dim0, dim1):
        dims = list(range(self.ndim))
        a, b = axis_of(dim0, self.ndim), axis_of(dim1, self.ndim)
        if self.shape:
            dims[a], dims[b] = dims[b], dims[a]
        return self.permute(*dims) if dims else self

    swapaxes = transpose

    @property
    def T(self):
        return self.permute(*reversed(range(self.ndim))) if self.ndim > 1 else self

    def t(self):
        if self.ndim > 2:
            raise RuntimeError(
                f"t() expects a tensor with <= 2 dimensions, but self is {self.ndim}D"
            )
        return self.T

    @property
    def mT(self):
        return self.transpose(-2, -1)

    def unsqueeze(self, dim):
        dim = axis_of(dim, self.ndim + 1)
        shape, strides = list(self.shape), list(self.strides_)
        shape.insert(dim, 1)
        strides.insert(dim, 1 if dim == self.ndim else shape[dim + 1] * strides[dim])
        return self.seen(shape, strides)

    def squeeze(self, dim=None):
        gone = (
            range(self.ndim)
            if dim is None
            else [axis_of(dim, self.ndim)]
            if self.shape
            else []
        )
        kept = [d for d in range(self.ndim) if d not in gone or self.shape[d] != 1]
        return self.seen(
            [self.shape[d] for d in kept], [self.strides_[d] for d in kept]
        )

    def expand(self, *sizes):
        sizes = shape_of(sizes)
        new = len(sizes) - self.ndim
        shape, strides = [], []
        for place, size in enumerate(sizes):
            old = self.shape[place - new] if place >= new else 1
            if size not in (-1, old) and old != 1:
                raise RuntimeError(
                    f"The expanded size of the tensor ({size}) must match the existing size ({old}) at non-singleton "
                    f"dimension {place}. Target sizes: {list(sizes)}. Tensor sizes: {list(self.shape)}"
                )
            shape.append(old if size == -1 else size)
            strides.append(
                self.strides_[place - new] if place >= new and size in (-1, old) else 0
            )
        if new < 0:
            raise RuntimeError(
                f"expand(torch.FloatTensor{{{list(self.shape)}}}, size={list(sizes)}): the number of sizes provided "
                f"({len(sizes)}) must be greater or equal to the number of dimensions in the tensor ({self.ndim})"
            )
        return self.seen(shape, strides)

    def expand_as(self, other):
        return self.expand(*other.shape)

    def broadcast_to(self, *sizes):
        return self.expand(*sizes)

    def unbind(self, dim=0):
        dim = axis_of(dim, self.ndim)
        return tuple(self.select(dim, n) for n in range(self.shape[dim]))

    def select(self, dim, index):
        return self[(slice(None),) * axis_of(dim, self.ndim) + (index,)]

    def narrow(self, dim, start, length):
        return self[
            (slice(None),) * axis_of(dim, self.ndim) + (slice(start, start + length),)
        ]

    def split(self, size, dim=0):
        dim = axis_of(dim, self.ndim)
        total = self.shape[dim]
        sizes = (
            [min(size, total - n) for n in range(0, total, size)]
            if isinstance(size, int)
            else list(size)
        )
        if sum(sizes) != total:
            raise RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {total} (input tensor's size at dimension "
                f"{dim}), but got split_sizes={sizes}"
            )
        starts = [sum(sizes[:n]) for n in range(len(sizes))]
        return tuple(
            self.narrow(dim, start, size) for start, size in zip(starts, sizes)
        )

    def chunk(self, chunks, dim=0):
        return self.split(
            max(1, math.ceil(self.shape[axis_of(dim, self.ndim)] / chunks)), dim
        )

    def diagonal(self):
        length = min(self.shape[:2])
        return self.seen(
            [*self.shape[2:], length], [*self.strides_[2:], sum(self.strides_[:2])]
        )

    def detach(self):
        return self.seen(self.shape, self.strides_)

    @property
    def data(self):
        return self.detach()

    def clone(self):
        return laid_as(self, self.flat(), self.dtype)

    def cpu(self):
        return self

    def __deepcopy__(self, memo):
        return self.clone()

    # Places

    def __getitem__(self, key):
        found = select(self, key)
        if isinstance(found, Tensor):
            return found
        chosen, shape = found
        return Tensor([self.data_[place] for place in chosen], shape, self.dtype)

    def __setitem__(self, key, value):
        found = select(self, key)
        chosen, shape = (
            (found.places(), found.shape) if isinstance(found, Tensor) else found
        )
        values = tensor_like(value, self).to(self.dtype)
        values = (
            values.reshape(*_no_leading_ones(values.shape, len(shape)))
            .expand(*shape)
            .flat()
        )
        for place, one in zip(chosen, values):
            self.data_[place] = one

    # Numbers one by one

    def each(self, function, kind=None):
        kind = kind or self.dtype
        if kind is float32:
            return laid_as(self, [single(function(x)) for x in self.flat()], kind)
        return laid_as(self, [function(x) for x in self.flat()], kind)

    def float_each(self, function):
        return self.each(
            function, self.dtype if self.dtype.is_floating_point else float32
        )

    def to(self, kind=None, dtype=None, device=None):
        kind = dtype or kind
        if isinstance(kind, Tensor):
            kind = kind.dtype
        if kind is self.dtype or not hasattr(kind, "rank"):
            return self
        return Tensor([as_kind(x, kind) for x in self.flat()], self.shape, kind)

    type = to

    def float(self):
        return self.to(float32)

    def double(self):
        return self.to(float64)

    def long(self):
        return self.to(int64)

    int = long

    def bool(self):
        return self.to(bool_)

    def exp(self):
        return self.float_each(_exp)

    def log(self):
        return self.float_each(_log)

    def log2(self):
        return self.float_each(lambda x: _log(x) / math.log(2))

    def log10(self):
        return self.float_each(lambda x: _log(x) / math.log(10))

    def log1p(self):
        return self.float_each(
            lambda x: _log(1 + x) if abs(x) > 1e-5 else math.log1p(x)
        )

    def sqrt(self):
        return self.float_each(lambda x: math.sqrt(x) if x >= 0 else math.nan)

    def rsqrt(self):
        return self.float_each(
            lambda x: 1 / math.sqrt(x) if x > 0 else math.inf if x == 0 else math.nan
        )

    def reciprocal(self):
        return self.float_each(lambda x: _quotient(1, x))

    def square(self):
        return self * self

    def sin(self):
        return self.float_each(math.sin)

    def cos(self):
        return self.float_each(math.cos)

    def tanh(self):
        return self.float_each(math.tanh)

    def erf(self):
        return self.float_each(math.erf)

    def sigmoid(self):
        return self.float_each(
            lambda x: x if x != x else 1 / (1 + math.exp(-x)) if x > -700 else 0.0
        )

    def relu(self):
        return self.each(lambda x: x if x > 0 or x != x else type(x)(0))

    def abs(self):
        return self.each(abs)

    def sign(self):
        return self.each(lambda x: (x > 0) - (x < 0))

    def floor(self):
        return self.each(math.floor)

    def ceil(self):
        return self.each(math.ceil)

    def round(self, decimals=0):
        return self.each(
            lambda x: x if x != x or abs(x) == math.inf else round(x, decimals)
        )

    def isnan(self):
        return self.each(lambda x: x != x, bool_)

    def isinf(self):
        return self.each(lambda x: abs(x) == math.inf, bool_)

    def isfinite(self):
        return self.each(lambda x: abs(x) < math.inf, bool_)

    def clamp(self, min=None, max=None):
        found = self
        if min is not None:
            found = both(found, min, lambda x, y: y if x < y else x)
        return (
            found if max is None else both(found, max, lambda x, y: y if x > y else x)
        )

    clip = clamp

    def masked_fill(self, mask, value):
        shape = broadcast(self.shape, mask.shape)
        if mask.dtype is not bool_:
            raise RuntimeError(
                f"masked_fill_ only supports boolean masks, but got mask with dtype {mask.dtype}"
            )
        value = as_kind(
            value.item() if isinstance(value, Tensor) else value, self.dtype
        )
        pairs = zip(spread(self, shape), spread(mask, shape))
        return Tensor(
            [value if hidden else x for x, hidden in pairs], shape, self.dtype
        )

    def masked_fill_(self, mask, value):
        return self.become(self.masked_fill(mask, value))

    def where(self, condition, other):
        return where(condition, self, other)

    def __add__(self, other):
        return both(self, other, lambda x, y: x + y)

    def __radd__(self, other):
        return both(other, self, lambda x, y: x + y)

    def __sub__(self, other):
        return minus(self, other)

    def __rsub__(self, other):
        return minus(other, self)

    def __mul__(self, other):
        return both(self, other, lambda x, y: x * y)

    def __rmul__(self, other):
        return both(other, self, lambda x, y: x * y)

    def __truediv__(self, other):
        return both(self, other, _quotient, floats=True)

    def __rtruediv__(self, other):
        return both(other, self, _quotient, floats=True)

    def __rfloordiv__(self, other):
        return both(other, self, _floor)

    def __rmod__(self, other):
        return both(other, self, _rest)

    def __ifloordiv__(self, other):
        return self.become(self // other)

    def __imod__(self, other):
        return self.become(self % other)

    def __iand__(self, other):
        return self.become(self & other)

    def __ior__(self, other):
        return self.become(self | other)

    def __floordiv__(self, other):
        return both(self, other, _floor)

    def __mod__(self, other):
        return both(self, other, _rest)

    def __pow__(self, other):
        return both(self, other, _power)

    def __rpow__(self, other):
        return both(other, self, _power)

    def __neg__(self):
        if self.dtype is bool_:
            raise RuntimeError(
                "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to "
                "invert a mask, use the `~` or `logical_not()` operator instead."
            )
        return self.each(lambda x: -x)

    def __abs__(self):
        return self.abs()

    def __eq__(self, other):
        return compared(self, other, lambda x, y: x == y)

    def __ne__(self, other):
        return compared(self, other, lambda x, y: x != y)

    def __lt__(self, other):
        return compared(self, other, lambda x, y: x < y)

    def __le__(self, other):
        return compared(self, other, lambda x, y: x <= y)

    def __gt__(self, other):
        return compared(self, other, lambda x, y: x > y)

    def __ge__(self, other):
        return compared(self, other, lambda x, y: x >= y)

    def __invert__(self):
        if self.dtype.is_floating_point:
            raise TypeError(
                "~ (operator.invert) is only implemented on integer and Boolean-type tensors"
            )
        return self.each(lambda x: (not x) if self.dtype is bool_ else ~x)

    def __and__(self, other):
        return both(self, other, lambda x, y: x & y)

    def __or__(self, other):
        return both(self, other, lambda x, y: x | y)

    def __xor__(self, other):
        return both(self, other, lambda x, y: x ^ y)

    def become(self, other):
        """Writes other numbers in place."""
        if broadcast(self.shape, other.shape) != self.shape:
            raise RuntimeError(
                f"output with shape {list(self.shape)} doesn't match the broadcast shape {list(other.shape)}"
            )
        if other.dtype.is_floating_point and not self.dtype.is_floating_point:
            raise RuntimeError(
                f"result type {_spoken(other.dtype)} can't be cast to the desired output type {_spoken(self.dtype)}"
            )
        self[...] = other
        return self

    def __iadd__(self, other):
        return self.become(self + other)

    def __isub__(self, other):
        return self.become(self - other)

    def __imul__(self, other):
        return self.become(self * other)

    def __itruediv__(self, other):
        return self.become(self / other)

    def __ipow__(self, other):
        return self.become(self**other)

    def add(self, other, alpha=1):
        return self + (other if alpha == 1 else other * alpha)

    def sub(self, other, alpha=1):
        return self - (other if alpha == 1 else other * alpha)

    mul, div, pow, eq, ne, lt, le, gt, ge = (
        __mul__,
        __truediv__,
        __pow__,
        __eq__,
        __ne__,
        __lt__,
        __le__,
        __gt__,
        __ge__,
    )
    multiply, divide, absolute, neg = __mul__, __truediv__, abs, __neg__
    mul_, div_, pow_ = __imul__, __itruediv__, __ipow__

    def add_(self, other, alpha=1):
        return self.become(self.add(other, alpha))

    def sub_(self, other, alpha=1):
        return self.become(self.sub(other, alpha))

    def copy_(self, other):
        self[...] = other
        return self

    def fill_(self, value):
        self[...] = value
        return self

    def zero_(self):
        return self.fill_(0)

    def exp_(self):
        return self.become(self.exp())

    def sqrt_(self):
        return self.become(self.sqrt())

    def clamp_(self, min=None, max=None):
        return self.become(self.clamp(min, max))

    def lerp(self, end, weight):
        return self + weight * (end - self)

    def logical_not(self):
        return self.each(lambda x: not x, bool_)

    def logical_and(self, other):
        return self.bool() & other.bool()

    # Many numbers into one

    def reduced(self, function, dim, keepdim, kind):
        if dim is None or (isinstance(dim, (tuple, list)) and not dim):
            value = as_kind(function(self.flat()), kind)
            return Tensor([value], [1] * self.ndim if keepdim else [], kind)
        dims = [
            axis_of(d, self.ndim)
            for d in (dim if isinstance(dim, (tuple, list)) else [dim])
        ]
        if not self.shape:
            return Tensor([as_kind(function(self.flat()), kind)], [], kind)
        kept = [d for d in range(self.ndim) if d not in dims]
        values = self.permute(*kept, *dims).flat()
        size = math.prod([self.shape[d] for d in dims])
        count = math.prod([self.shape[d] for d in kept])
        found = [
            as_kind(function(values[n * size : (n + 1) * size]), kind)
            for n in range(count)
        ]
        shape = [
            1 if d in dims else n
            for d, n in enumerate(self.shape)
            if keepdim or d not in dims
        ]
        return Tensor(found, shape, kind)

    def floats(self, name):
        if not self.dtype.is_floating_point:
            raise RuntimeError(
                f"{name}(): could not infer output dtype. Input dtype must be either a floating point or "
                f"complex dtype. Got: {_spoken(self.dtype)}"
            )
        return self.dtype

    def sum(self, dim=None, keepdim=False, dtype=None, axis=None):
        kind = dtype or (self.dtype if self.dtype.is_floating_point else int64)
        return self.reduced(_sum, axis if dim is None else dim, keepdim, kind)

    def prod(self, dim=None, keepdim=False):
        kind = self.dtype if self.dtype.is_floating_point else int64
        return self.reduced(math.prod, dim, keepdim, kind)

    def mean(self, dim=None, keepdim=False, axis=None):
        kind = self.floats("mean")
        return self.reduced(
            lambda v: _quotient(_sum(v), len(v)),
            axis if dim is None else dim,
            keepdim,
            kind,
        )

    def var(self, dim=None, unbiased=True, keepdim=False, correction=None):
        less = int(unbiased) if correction is None else correction

        def spread(values):
            mean = _quotient(sum(values), len(values))
            return _quotient(sum([(x - mean) ** 2 for x in values]), len(values) - less)

        return self.reduced(spread, dim, keepdim, self.floats("var"))

    def std(self, dim=None, unbiased=True, keepdim=False, correction=None):
        return self.var(dim, unbiased, keepdim, correction).sqrt()

    def norm(self, p=2, dim=None, keepdim=False):
        def length(values):
            sizes = [abs(x) for x in values]
            if p == math.inf:
                return max(sizes)
            return sum([x**power for x in sizes]) ** (1 / power)

        power = 2 if p in ("fro", None) else p
        return self.reduced(length, dim, keepdim, self.floats("norm"))

    def median(self):
        return self.reduced(
            lambda v: sorted(v)[(len(v) - 1) // 2], None, False, self.dtype
        )

    def quantile(self, q):
        def cut(values):
            place = q * (len(values) - 1)
            n = math.floor(place)
            row, share = sorted(values), place - n
            low, high = row[n], row[min(n + 1, len(row) - 1)]
            if share < 0.5:  # as PyTorch, which matters where one of them is infinite
                return low + share * (high - low)
            return high - (1 - share) * (high - low)

        return self.reduced(cut, None, False, self.floats("quantile"))

    def all(self, dim=None, keepdim=False):
        return self.reduced(all, dim, keepdim, bool_)

    def any(self, dim=None, keepdim=False):
        return self.reduced(any, dim, keepdim, bool_)

    def amax(self, dim=None, keepdim=False):
        return self.reduced(_largest, dim, keepdim, self.dtype)

    def amin(self, dim=None, keepdim=False):
        return self.reduced(_smallest, dim, keepdim, self.dtype)

    def argmax(self, dim=None, keepdim=False):
        return self.reduced(lambda v: _place(v, _largest(v)), dim, keepdim, int64)

    def argmin(self, dim=None, keepdim=False):
        return self.reduced(lambda v: _place(v, _smallest(v)), dim, keepdim, int64)

    def max(self, dim=None, keepdim=False, axis=None):
        dim = axis if dim is None else dim
        if dim is None:
            return self.amax()
        if isinstance(dim, Tensor):
            return both(self, dim, max)
        return Pair(self.amax(dim, keepdim), self.argmax(dim, keepdim))

    def min(self, dim=None, keepdim=False, axis=None):
        dim = axis if dim is None else dim
        if dim is None:
            return self.amin()
        if isinstance(dim, Tensor):
            return both(self, dim, min)
        return Pair(self.amin(dim, keepdim), self.argmin(dim, keepdim))

    def logsumexp(self, dim, keepdim=False):
        def total(values):
            top = max(values)
            return (
                top
                if abs(top) == math.inf
                else top + math.log(sum([math.exp(x - top) for x in values]))
            )

        return self.reduced(total, dim, keepdim, self.floats("logsumexp"))

    def count_nonzero(self):
        return (self != 0).sum()

    # Along one axis

    def along(self, dim, function, kind=None):
        """Each row along an axis becomes another row."""
        dim = axis_of(dim, self.ndim)
        kind = kind or self.dtype
        if not self.shape:
            return Tensor([as_kind(x, kind) for x in function(self.flat())], [], kind)
        turned = self.transpose(dim, -1)
        values, size = turned.flat(), self.shape[dim]
        found, length = [], size
        for start in range(0, len(values), max(size, 1)):
            row = function(values[start : start + size])
            length = len(row)
            found += [as_kind(x, kind) for x in row]
        return (
            Tensor(found, [*turned.shape[:-1], length], kind)
            .transpose(dim, -1)
            .contiguous()
        )

    def softmax(self, dim, dtype=None):
        if not self.dtype.is_floating_point and dtype is None:
            raise NotImplementedError(
                f"\"softmax_lastdim_kernel_impl\" not implemented for '{_spoken(self.dtype)}'"
            )
        return self.along(dim, _shares, dtype)

    def log_softmax(self, dim):
        return self - self.logsumexp(dim, keepdim=True)

    def cumsum(self, dim):
        return self.along(
            dim,
            lambda row: [sum(row[: n + 1]) for n in range(len(row))],
            int64 if self.dtype is bool_ else None,
        )

    def flip(self, *dims, **named):
        found = self
        for dim in shape_of((named["dims"],) if named else dims):
            found = found.along(dim, lambda row: row[::-1])
        return found

    def roll(self, shifts, dims=None):
        if dims is None:
            return self.flatten().roll(shifts, 0).reshape(*self.shape)
        pairs = zip([shifts], [dims]) if isinstance(dims, int) else zip(shifts, dims)
        found = self
        for shift, dim in pairs:
            found = found.along(
                dim, lambda row, by=shift: row[-by % len(row) :] + row[: -by % len(row)]
            )
        return found

    def argsort(self, dim=-1, descending=False, stable=True):
        def order(row):
            return sorted(range(len(row)), key=lambda n: row[n], reverse=descending)

        return self.along(dim, order, int64)

    def sort(self, dim=-1, descending=False, stable=True):
        return Pair(
            self.along(dim, lambda row: sorted(row, reverse=descending)),
            self.argsort(dim, descending),
        )

    def topk(self, k, dim=-1, largest=True):
        dim = axis_of(dim, self.ndim)
        if k > self.shape[dim]:
            raise RuntimeError("selected index k out of range")
        found = self.sort(dim, largest)
        return Pair(found.values.narrow(dim, 0, k), found.indices.narrow(dim, 0, k))

    def tril(self, diagonal=0):
        return self._triangle(lambda row, column: column <= row + diagonal)

    def triu(self, diagonal=0):
        return self._triangle(lambda row, column: column >= row + diagonal)

    def _triangle(self, kept):
        if self.ndim < 2:
            raise RuntimeError("tril: input tensor must have at least 2 dimensions")
        height, width = self.shape[-2:]
        nothing = as_kind(0, self.dtype)
        values = [
            x if kept(n // width % height, n % width) else nothing
            for n, x in enumerate(self.flat())
        ]
        return Tensor(values, self.shape, self.dtype)

    def gather(self, dim, index):
        dim = axis_of(dim, self.ndim)
        if index.ndim != self.ndim:
            raise RuntimeError(
                "Index tensor must have the same number of dimensions as input tensor"
            )
        if any([index.shape[d] > self.shape[d] for d in range(self.ndim) if d != dim]):
            raise RuntimeError(
                f"Size does not match at dimension 0 expected index {list(index.shape)} to be no larger than "
                f"self {list(self.shape)} apart from dimension {dim}"
            )
        if index.dtype is not int64:
            raise RuntimeError("gather(): Expected dtype int32/int64 for index")
        found = []
        for n, chosen in enumerate(index.flat()):
            place = self.offset
            if not 0 <= chosen < self.shape[dim]:
                raise RuntimeError(
                    f"index {chosen} is out of bounds for dimension {dim} with size {self.shape[dim]}"
                )
            for d, step in enumerate(rows(index.shape)):
                at = n // step % index.shape[d]
                place += (chosen if d == dim else at) * self.strides_[d]
            found.append(self.data_[place])
        return Tensor(found, index.shape, self.dtype)

    def index_select(self, dim, index):
        return self[(slice(None),) * axis_of(dim, self.ndim) + (index,)]

    def unique(self):
        found = sorted(set(self.flat()))
        return Tensor(found, [len(found)], self.dtype)

    def nonzero(self, as_tuple=False):
        found = [n for n, x in enumerate(self.flat()) if x]
        columns = [
            [n // step % size for n in found]
            for step, size in zip(rows(self.shape), self.shape)
        ]
        parts = tuple(Tensor(column, [len(found)], int64) for column in columns)
        if as_tuple:
            return parts
        return Tensor(
            [column[n] for n in range(len(found)) for column in columns],
            [len(found), self.ndim],
            int64,
        )

    def repeat(self, *times):
        times = shape_of(times)
        found = self.reshape(*([1] * (len(times) - self.ndim)), *self.shape)
        for dim, count in enumerate(times):
            found = found.along(dim, lambda row, count=count: row * count)
        return found

    def repeat_interleave(self, repeats, dim=None):
        if dim is None:
            return self.flatten().repeat_interleave(repeats, 0)
        return self.along(dim, lambda row: [x for x in row for _ in range(repeats)])

    # Products

    def __matmul__(self, other):
        if not isinstance(other, Tensor):
            return NotImplemented
        return matmul(self, other)

    matmul = __matmul__

    def mm(self, other):
        return product(self, other, 2, 2, "mat1 and mat2 must be matrices")

    def bmm(self, other):
        return product(self, other, 3, 3, "batch1 must be a 3D tensor")

    def mv(self, other):
        return product(self, other, 2, 1, "vector + matrix @ vector expected")

    def dot(self, other):
        if self.ndim != 1 or other.ndim != 1 or self.shape != other.shape:
            raise RuntimeError(
                f"1D tensors expected, but got {self.ndim}D and {other.ndim}D tensors"
            )
        return self @ other

    def outer(self, other):
        return self.unsqueeze(1) * other.unsqueeze(0)

    def allclose(self, other, rtol=1e-05, atol=1e-08):
        shape = broadcast(self.shape, other.shape)
        pairs = zip(spread(self, shape), spread(other, shape))
        return all(x == y or abs(x - y) <= atol + rtol * abs(y) for x, y in pairs)

    def equal(self, other):
        return self.shape == other.shape and self.flat() == other.flat()


def nested(flat, shape):
    """Numbers in lists of lists."""
    if not shape:
        return flat[0]
    step = math.prod(shape[1:])
    if len(shape) == 1:
        return list(flat)
    return [nested(flat[n * step : (n + 1) * step], shape[1:]) for n in range(shape[0])]


def tensor(data, dtype=None):
    """A tensor of numbers in lists."""
    if isinstance(data, Tensor):
        return data.clone() if dtype is None else data.clone().to(dtype)
    flat, shape = [], _measure(data)
    _fill(data, shape, flat)
    if dtype is None:
        kinds = [kind_of(x) for x in flat]
        dtype = max(kinds, key=lambda kind: kind.rank) if kinds else float32
    return Tensor([as_kind(x, dtype) for x in flat], shape, dtype)


def _measure(data):
    if isinstance(data, (list, tuple, range)):
        return (len(data), *(_measure(data[0]) if len(data) else ()))
    return ()


def _fill(data, shape, flat):
    if isinstance(data, Tensor):
        if data.numel() != 1 or shape:
            raise ValueError(
                "only one element tensors can be converted to Python scalars"
            )
        flat.append(data.item())
    elif isinstance(data, (list, tuple, range)):
        if not shape or len(data) != shape[0]:
            raise ValueError(
                f"expected sequence of length {shape[0] if shape else 1} at dim {len(shape)} (got {len(data)})"
            )
        for item in data:
            _fill(item, shape[1:], flat)
    elif shape:
        raise TypeError("not a sequence")
    elif isinstance(data, str):
        raise ValueError("too many dimensions 'str'")
    else:
        kind_of(data)
        flat.append(data)


def tensor_like(value, other):
    """A value beside a tensor: a number takes the tensor's kind, unless that cannot hold it."""
    if isinstance(value, Tensor):
        return value
    kind = kind_of(value)
    floats = kind.is_floating_point and not other.dtype.is_floating_point
    if not floats:
        kind = other.dtype if other.dtype.rank >= kind.rank else kind
    return Tensor([as_kind(value, kind)], [], kind)


def kind_together(a, b):
    """The kind of what two tensors give; a single number decides only where it is of a higher sort."""
    high, low = (a, b) if a.dtype.rank >= b.dtype.rank else (b, a)
    same_sort = (
        high.dtype.is_floating_point == low.dtype.is_floating_point
        and low.dtype is not bool_
    )
    if not high.shape and low.shape and same_sort:
        return low.dtype
    return high.dtype


def spread(t, shape):
    """The numbers of a tensor as they stand in a shape that has room for it, in order."""
    return t.flat() if t.shape == shape else t.expand(*shape).flat()


def laid_as(t, values, kind):
    """Numbers in order, in memory as those of ``t`` are: what is done to each number leaves a transposed tensor so."""
    order = sorted(range(t.ndim), key=lambda d: -t.strides_[d])
    shape = [t.shape[d] for d in order]
    if t.is_contiguous() or tuple(t.strides_[d] for d in order) != rows(shape):
        return Tensor(values, t.shape, kind)
    data = Tensor(values, t.shape, kind).permute(*order).flat()
    return Tensor(data, t.shape, kind, t.strides_)


def both(a, b, function, kind=None, floats=False):
    """A function of the numbers of two tensors, or of a tensor and a number, in the same places."""
    a = a if isinstance(a, Tensor) else tensor_like(a, b)
    b = b if isinstance(b, Tensor) else tensor_like(b, a)
    shape = broadcast(a.shape, b.shape)
    kind = kind or kind_together(a, b)
    if floats and not kind.is_floating_point:
        kind = float32
    pairs = zip(spread(a, shape), spread(b, shape))
    if kind is float32:
        values = [single(function(x, y)) for x, y in pairs]
    else:
        values = [as_kind(function(x, y), kind) for x, y in pairs]
    return (
        laid_as(a if a.shape == shape else b, values, kind)
        if shape in (a.shape, b.shape)
        else Tensor(values, shape, kind)
    )


def minus(a, b):
    """A difference, which truth values have none of."""
    if any([isinstance(x, bool) or getattr(x, "dtype", None) is bool_ for x in (a, b)]):
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a "
            "mask, use the `~` or `logical_not()` operator instead."
        )
    return both(a, b, lambda x, y: x - y)


def compared(a, b, function):
    """Where something is true of two tensors."""
    if not isinstance(b, (Tensor, int, float)):
        return NotImplemented
    return both(a, b, function, bool_)


def where(condition, a=None, b=None):
    """Numbers of one tensor or of another."""
    if a is None:
        return condition.nonzero(as_tuple=True)
    if condition.dtype is not bool_:
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype {_spoken(condition.dtype)}"
        )
    a = (
        a
        if isinstance(a, Tensor)
        else tensor_like(a, b)
        if isinstance(b, Tensor)
        else tensor(a)
    )
    b = b if isinstance(b, Tensor) else tensor_like(b, a)
    kind, shape = kind_together(a, b), broadcast(condition.shape, a.shape, b.shape)
    parts = [spread(part, shape) for part in (condition, a, b)]
    return Tensor(
        [as_kind(x if yes else y, kind) for yes, x, y in zip(*parts)], shape, kind
    )


def product(a, b, left, right, otherwise):
    """A product of tensors with given numbers of axes."""
    if a.ndim != left or b.ndim != right:
        raise RuntimeError(f"{otherwise}, got {a.ndim}D and {b.ndim}D")
    return a @ b


def matmul(a, b):
    """Rows times columns."""
    if not a.shape or not b.shape:
        raise RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {a.ndim}D and {b.ndim}D"
        )
    if a.dtype is not b.dtype:
        raise RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {_c(a.dtype)} != {_c(b.dtype)}"
        )
    left = a if a.ndim > 1 else a.unsqueeze(0)
    right = b if b.ndim > 1 else b.unsqueeze(1)
    n, m, p = left.shape[-2], left.shape[-1], right.shape[-1]
    if right.shape[-2] != m:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({math.prod(left.shape[:-1])}x{m} and {right.shape[-2]}x{p})"
        )
    front = broadcast(left.shape[:-2], right.shape[:-2])
    lefts = left.expand(*front, n, m).flat()
    rights = right.expand(*front, m, p).mT.flat()
    rows_ = [lefts[k * m : (k + 1) * m] for k in range(math.prod(front) * n)]
    columns = [rights[k * m : (k + 1) * m] for k in range(math.prod(front) * p)]
    found = []
    for k, row in enumerate(rows_):
        first = k // n * p if n else 0
        for column in columns[first : first + p]:
            total = 0
            for x, y in zip(row, column):
                total += x * y
            found.append(as_kind(total, a.dtype))
    shape = [*front, *([n] if a.ndim > 1 else []), *([p] if b.ndim > 1 else [])]
    return Tensor(found, shape, a.dtype)


def select(t, key):
    """What ``t[key]`` means: a view, or places and a shape."""
    keys = _spread(t, key if isinstance(key, tuple) else (key,))
    shape, strides, offset, many, dim = [], [], t.offset, [], 0
    for one in keys:
        if one is None:
            shape.append(1)
            strides.append(0)
            continue
        size, step = t.shape[dim], t.strides_[dim]
        dim += 1
        if isinstance(one, slice):
            start, stop, by = one.indices(size)
            if by < 0:
                raise ValueError("step must be greater than zero")
            shape.append(max(0, -(-(stop - start) // by)))
            strides.append(step * by)
            offset += start * step if shape[-1] else 0
        elif isinstance(one, Tensor):
            many.append((len(shape), one))
            shape.append(size)
            strides.append(step)
        else:
            if not -size <= one < size:
                raise IndexError(
                    f"index {one} is out of bounds for dimension {dim - 1} with size {size}"
                )
            offset += one % size * step if size else 0
    seen = t.seen(shape, strides, offset)
    return _advanced(seen, many) if many else seen


def _spread(t, keys):
    """One key for each axis: lists and masks are tensors of places, the ellipsis is written out."""
    found = []
    for one in keys:
        if isinstance(one, (list, range)):
            one = tensor(one) if len(one) else Tensor([], [0], int64)
        if isinstance(one, Tensor) and one.dtype is bool_ and one.shape:
            at = len([k for k in found if k is not None])
            if Ellipsis not in [
                k for k in found if not isinstance(k, Tensor)
            ] and tuple(one.shape) != tuple(t.shape[at : at + one.ndim]):
                raise IndexError(
                    f"The shape of the mask {list(one.shape)} at index 0 does not match the shape of the indexed tensor {list(t.shape)} at index 0"
                )
            found += one.nonzero(as_tuple=True)
            continue
        if isinstance(one, Tensor) and one.dtype is int64 and not one.shape:
            one = one.item()
        if isinstance(one, Tensor) and one.dtype.is_floating_point:
            raise IndexError(
                "tensors used as indices must be long, int, byte or bool tensors"
            )
        if isinstance(one, bool):
            raise IndexError("a truth value is no place")
        if isinstance(one, float) or isinstance(one, str):
            raise IndexError(
                f"only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got {type(one).__name__})"
            )
        found.append(one)
    used = len([k for k in found if k is not None and k is not Ellipsis])
    if used > t.ndim:
        raise IndexError(f"too many indices for tensor of dimension {t.ndim}")
    rest = [slice(None)] * (t.ndim - used)
    dots = [n for n, k in enumerate(found) if k is Ellipsis]
    if dots:
        return [*found[: dots[0]], *rest, *found[dots[0] + 1 :]]
    return [*found, *rest]


def _advanced(seen, many):
    """Places of tensors of places: together they are one block of axes."""
    axes = [axis for axis, _ in many]
    block = broadcast(*[index.shape for _, index in many])
    lists = [index.expand(*block).flat() for _, index in many]
    moves = []
    for chosen in zip(*lists):
        move = 0
        for axis, n in zip(axes, chosen):
            size = seen.shape[axis]
            if not -size <= n < size:
                raise IndexError(
                    f"index {n} is out of bounds for dimension {axis} with size {size}"
                )
            move += n % size * seen.strides_[axis]
        moves.append(move)
    together = axes == list(range(axes[0], axes[0] + len(axes)))
    at = axes[0] if together else 0
    kept = [d for d in range(seen.ndim) if d not in axes]
    before, after = [d for d in kept if d < at], [d for d in kept if d >= at]
    starts = places(
        [seen.shape[d] for d in before], [seen.strides_[d] for d in before], seen.offset
    )
    ends = places([seen.shape[d] for d in after], [seen.strides_[d] for d in after], 0)
    chosen = [start + move + end for start in starts for move in moves for end in ends]
    return chosen, [
        *(seen.shape[d] for d in before),
        *block,
        *(seen.shape[d] for d in after),
    ]


def _steps_of_view(shape, strides, new):
    """Strides of the same numbers in another shape; None where there are none."""
    axes = [(size, step) for size, step in zip(shape, strides) if size != 1]
    found, n = [], 0
    for size in new:
        if size == 1:
            found.append(1)
            continue
        if n >= len(axes):
            return None
        have, step = axes[n]
        if have == size:
            n += 1
        elif have > size and have % size == 0:
            step = step * (have // size)
            axes[n] = (have // size, axes[n][1])
        else:
            while (
                have < size
                and n + 1 < len(axes)
                and axes[n][1] == axes[n + 1][0] * axes[n + 1][1]
            ):
                n += 1
                have *= axes[n][0]
                step = axes[n][1]
            if have != size:
                return None
            n += 1
        found.append(step)
    return found


def _no_leading_ones(shape, ndim):
    shape = list(shape)
    while len(shape) > ndim and shape[0] == 1:
        shape = shape[1:]
    return shape


def _exp(x):
    return math.exp(x) if x < 709 else math.inf if x == x else x


def _log(x):
    return math.log(x) if x > 0 else -math.inf if x == 0 else math.nan


def _quotient(x, y):
    if y != 0:
        return x / y
    return (
        math.nan
        if x == 0 or x != x
        else math.copysign(math.inf, x) * math.copysign(1, y)
    )


def _floor(x, y):
    if y == 0 and isinstance(x, int):
        raise RuntimeError("ZeroDivisionError")
    return x // y if y != 0 else _quotient(x, y)


def _rest(x, y):
    if y == 0 and isinstance(x, int):
        raise RuntimeError("ZeroDivisionError")
    return x % y if y != 0 else math.nan


def _power(x, y):
    if isinstance(x, int) and isinstance(y, int) and y < 0:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    try:
        found = x**y
    except OverflowError:
        return math.inf
    except ZeroDivisionError:
        return math.inf
    return math.nan if isinstance(found, complex) else found


def _sum(values):
    return sum(values) if all(map(math.isfinite, values)) else sum(values, 0.0)


def _largest(values):
    if not values:
        raise IndexError(
            "max(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument."
        )
    return math.nan if any([x != x for x in values]) else max(values)


def _smallest(values):
    return math.nan if any([x != x for x in values]) else min(values)


def _place(values, one):
    return next(n for n, x in enumerate(values) if x == one or (x != x and one != one))


def _shares(row):
    top = max(row)
    if abs(top) == math.inf or top != top:
        return [math.nan] * len(row)
    powers = [math.exp(x - top) for x in row]
    total = sum(powers)
    return [power / total for power in powers]


def _spoken(kind):
    return {"float32": "Float", "float64": "Double", "int64": "Long", "bool": "Bool"}[
        kind.name
    ]


def _c(kind):
    return {"float32": "float", "float64": "double", "int64": "long", "bool": "bool"}[
        kind.name
    ]


def written(t):
    """A tensor as PyTorch prints it, without its way of shortening what has more than a thousand numbers."""
    form, width = _form(t)
    text = _text(t.flat(), t.shape, form, width, 7) if t.numel() else "[]"
    default = t.dtype in (float32, bool_, int64) and (t.numel() or t.dtype is float32)
    return f"tensor({text}{'' if default else f', dtype={t.dtype!r}'})"


def _form(t):
    """How each number is written, with four digits or as a power of ten, and how wide the widest is."""
    values = t.flat()
    if not t.dtype.is_floating_point:
        width = max([len(str(x)) for x in values], default=0)
        return lambda x: str(x).rjust(width), width
    finite = [x for x in values if math.isfinite(x)]
    counted = [x for x in finite if x]  # PyTorch leaves inf, nan and 0 out
    sizes = [abs(x) for x in counted]
    high, low = max(sizes, default=0.0), min(sizes, default=1.0)
    whole = all([x == int(x) for x in finite])
    if high > 1e8 or high / low > 1000 or (low < 1e-4 and not whole):
        form = "{:.4e}".format
    elif whole:

        def form(x):
            return f"{x:.0f}." if math.isfinite(x) else str(x)

    else:
        form = "{:.4f}".format
    width = max([len(form(x)) for x in counted], default=1)
    return lambda x: form(x).rjust(width), width


def _text(flat, shape, form, width, indent):
    if not shape:
        return form(flat[0]).strip()
    if len(shape) == 1:
        words = [form(x) for x in flat]
        per_line = max(1, (80 - indent) // (width + 2))
        lines = [
            ", ".join(words[n : n + per_line]) for n in range(0, len(words), per_line)
        ]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
    step = math.prod(shape[1:])
    parts = [
        _text(flat[n * step : (n + 1) * step], shape[1:], form, width, indent + 1)
        for n in range(shape[0])
    ]
    return "[" + ("," + "\n" * (len(shape) - 1) + " " * (indent + 1)).join(parts) + "]"
