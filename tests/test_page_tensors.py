# ruff: noqa: E501
"""The page's small ``torch`` gives what PyTorch gives: values, shapes, kinds, printed form, and the kind of an error."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
import torch.nn.functional

PAGE = Path(__file__).parents[1] / "_ext" / "page"
FILES = {
    "torch.tensors": "tensors",
    "torch.nn.functional": "functional",
    "torch": "torch",
}


@pytest.fixture(scope="module")
def small() -> Iterator[ModuleType]:
    """The page's modules, under PyTorch's names for as long as they are made."""
    own = {name: ModuleType(name) for name in [*FILES, "torch.nn", "torch.single"]}
    single = own["torch.single"]
    single.__dict__["single"] = lambda x: float(torch.tensor(x, dtype=torch.float32))
    real = {name: sys.modules.get(name) for name in own}
    sys.modules.update(own)
    try:
        own["torch.nn"].__dict__["functional"] = own["torch.nn.functional"]
        for name, file in FILES.items():
            path = PAGE / f"{file}.py"
            exec(compile(path.read_text("utf-8"), path, "exec"), own[name].__dict__)
    finally:
        for name, module in real.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
    yield own["torch"]


def plain(value: Any) -> Any:
    """What can be compared: numbers, shape and kind of a tensor."""
    if hasattr(value, "tolist") and hasattr(value, "dtype"):
        return [value.tolist(), tuple(value.shape), str(value.dtype).split(".")[-1]]
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "values") and hasattr(value, "indices"):
        return [plain(value.values), plain(value.indices)]
    return value


SLIPS = {"raises NameError", "raises AttributeError", "raises SyntaxError"}
"""What a case gives by a slip of its own, and not because PyTorch refuses something."""


def near(a: Any, b: Any) -> bool:
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(near, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return (a != a and b != b) or math.isclose(a, b, rel_tol=3e-6, abs_tol=3e-6)
    return type(a) is type(b) and a == b


def made(module: Any, code: str) -> Any:
    """The value of the last line, or the name of an error."""
    functional = module.nn.functional
    names = {"torch": module, "F": functional, "math": math}
    names["x"] = module.tensor([[1.5, -2.0, 0.25], [4.0, 0.0, -1.0]])
    names["y"] = module.arange(24.0).view(2, 3, 4) / 7
    names["ids"] = module.tensor([[2, 0], [1, 1]])
    names["yes"] = module.tensor([[True, False, True], [False, False, True]])
    *before, last = code.split("; ")
    try:
        exec("\n".join(before), names)
        return eval(last, names)
    except Exception as error:
        return f"raises {type(error).__name__}"


SAME = """
x + 1; x
x * 2 - x / 3
1 - x; 2 / x; x ** 2; 2 ** x; -x; abs(x)
x // 2; x % 2; ids / 2; ids + 0.5; ids * ids; ids ** 2
x + x[0]; x + x[:, :1]; x + torch.tensor(1)
ids + torch.tensor(1.5)
ids + torch.tensor([1.5, 2.5])
x == 0; x > 0; ids >= 1; ~yes; yes & (x > 0); yes | (x > 0)
yes.sum(); yes.float().mean(); yes.any(1); yes.all()
x.exp(); x.abs().log(); x.sqrt(); x.sigmoid(); x.tanh(); x.relu(); x.sin(); x.cos(); x.sign(); x.round(); x.rsqrt()
x.clamp(min=0); x.clamp(-1, 1); x.clip(max=1)
x.sum(); x.sum(0); x.sum(-1, keepdim=True); y.sum((0, 2)); ids.sum(1); yes.sum(0)
x.mean(); x.mean(1); y.mean((1, 2), keepdim=True); x.var(1); x.var(1, unbiased=False); x.std(); x.norm(); x.norm(dim=1)
x.max(); x.max(1).values; x.max(1).indices; x.min(0); x.argmax(); x.argmax(1); x.argmin(1, keepdim=True); x.amax(1)
x.prod(1); x.logsumexp(1); x.cumsum(1); ids.cumsum(0)
x.softmax(1); x.softmax(0); torch.softmax(y, -1); x.log_softmax(-1); F.softmax(x, dim=1)
torch.tensor([-math.inf, 0.0]).softmax(0)
torch.tensor([-math.inf, -math.inf]).softmax(0)
x.shape; x.ndim; x.numel(); len(x); x.size(1); x.size(); x.dtype.is_floating_point
x[0]; x[:, 1]; x[..., -1]; x[1, 2]; x[:, None]; x[:, 1:]; x[::2]; x[-1]; y[0, :, ::2]; y[:, [0, 2]]
x[ids % 2]; x[yes]; y[torch.arange(2), torch.tensor([2, 0])]; y[:, torch.tensor([2, 0]), 1]; y[0, ids]; x[[1, 0]]
y[torch.tensor([0, 1]), :, torch.tensor([3, 0])]
x.T; y.transpose(1, 2); y.permute(2, 0, 1); y.mT; x.t(); y.transpose(0, -1).reshape(4, 6)
x.view(3, 2); x.view(-1); y.view(2, -1); y.reshape(6, 4); y.flatten(1); y.transpose(1, 2).flatten(); x.reshape(-1, 1)
x.unsqueeze(0); x.unsqueeze(-1); x[None].squeeze(0); x.squeeze(); x.expand(4, 2, 3); x[:, :1].expand(-1, 5); x[0].expand_as(x)
y.split(2, dim=2); y.chunk(3, dim=1); x.split([1, 2], 1); y.unbind(1); x.chunk(2); y.narrow(2, 1, 2)
x.masked_fill(yes, -1.0); x.masked_fill(x < 0, -math.inf); x.tril(); x.triu(1); torch.ones(3, 3).tril(); y.tril(-1)
torch.where(yes, x, 0.0); torch.where(x > 0, x, -x); yes.nonzero(); torch.maximum(x, -x)
x.flip(1); x.flip(0, 1); x.roll(1, 0); x.roll(1, 1); x.roll(1); x.sort(1); x.argsort(0); x.topk(2, 1); x.sort(descending=True)
x.gather(1, ids); x.repeat(2, 1); x[0].repeat(3); x.repeat_interleave(2, 1); x.index_select(1, torch.tensor([2, 0]))
x @ x.T; x @ x[0]; y @ y.mT; y @ torch.ones(4); x[0] @ x[1]; torch.matmul(y, y.transpose(1, 2)); x.mT @ x; y[0] @ y.mT
torch.einsum('ij,kj->ik', x, x); torch.einsum('btc,bsc->bts', y, y); torch.einsum('ij->j', x); torch.einsum('ij,ij', x, x)
torch.einsum('...ij,...kj->...ik', y, y)
torch.cat([x, x]); torch.cat([x, x], dim=1); torch.stack([x, x], 1); torch.stack([x[0], x[1]]); torch.vstack([x, x[0]])
torch.zeros(2, 3); torch.ones(2); torch.full((2,), 3); torch.full((2, 2), 0.5); torch.eye(3); torch.zeros((2, 2)); torch.zeros_like(ids)
torch.arange(5); torch.arange(1, 4); torch.arange(0, 1, 0.25); torch.arange(3.0); torch.linspace(0, 1, 5); torch.ones_like(x)
torch.tensor(3); torch.tensor([1, 2.5]); torch.tensor([[True]]); torch.tensor([]); torch.tensor([x[0, 0], 2.0]); torch.tensor(2.0).item()
ids.float(); x.long(); x.double(); ids.to(torch.float32); x.bool(); (x > 0).long()
F.linear(x, torch.ones(2, 3)); F.linear(x, torch.ones(2, 3), torch.ones(2)); F.one_hot(ids, 4); F.embedding(ids, y[0]); F.silu(x); F.gelu(x)
F.gelu(x, approximate='tanh'); F.relu(x); F.layer_norm(x, (3,)); F.layer_norm(y, (4,), torch.ones(4), torch.ones(4)); F.rms_norm(x, (3,))
F.cross_entropy(x, torch.tensor([2, 0])); F.cross_entropy(x, torch.tensor([2, -100])); F.nll_loss(x, torch.tensor([0, 1]), reduction='none')
F.normalize(x, dim=1); F.scaled_dot_product_attention(y, y, y); F.scaled_dot_product_attention(y, y, y, is_causal=True); F.pad(x, (1, 2))
x.allclose(x + 1e-9); torch.equal(x, x); x.tolist(); x[0].tolist(); float(x[0, 0]); int(ids[0, 0]); bool(x[0, 0] > 1); torch.allclose(x, x)
z = x.clone(); z[0] = 0; z
z = x.clone(); z[:, 1:] = torch.tensor([9.0, 8.0]); z
z = x.clone(); z[z < 0] = 5; z
z = x.clone(); z += 1; x
z = x; z += 1; x
z = x[0]; z -= 1; x
z = x.T; z[0, 1] = 7; x
z = x.clone(); z[ids[0], ids[1]] = 3.0; z
z = x.clone(); z.add_(1).mul_(2); z
z = x.view(3, 2); z[0] = 1; x
z = y.transpose(1, 2).contiguous(); z.view(2, 12)
z = ids.clone(); z += 0.5; z
x.view(4, 2); x.reshape(5); x @ x; x + torch.ones(2); torch.cat([x, x[:, :1]]); torch.stack([x, x.T]); x[5]; x[:, 7]; x[0, 0, 0]
y.transpose(1, 2).view(2, 12); y.transpose(1, 2).view(-1); x.view(2.0, 3); x.expand(3, 3); x.sum(2); x.transpose(0, 2); x.permute(0); x[0.5]
len(torch.tensor(1)); bool(x); x.item(); x[yes[0]]; x.masked_fill(ids, 0); ids.mean(); ids.softmax(0); torch.ones(2) @ ids; x.gather(1, ids + 2); x.topk(9)
x @ ids; torch.tensor([[1], [2, 3]]); torch.tensor(['a']); x + 'a'; torch.zeros(-1); -yes; 1 - yes; x.t().unsqueeze(5); y.t(); F.one_hot(ids, 2); x.split([1, 1], 1)
torch.cat([x, x], dim=1).view(-1); torch.stack([x, x], dim=-1).view(2, 6); x.softmax(0).view(-1); x.flip(0).view(-1); x.roll(1, 0).view(6)
(y.transpose(1, 2) * 2).view(2, 12); y.transpose(1, 2).exp().view(24); y.transpose(1, 2).clone().view(-1); (y.mT + y.mT).is_contiguous()
(x.T * 2).is_contiguous(); x.T.contiguous().is_contiguous(); x[:, :1].is_contiguous(); x[:1].T.is_contiguous(); (x + x[0]).view(-1); (x.T + 1).T.view(-1)
y[torch.tensor(0), :, torch.tensor([1, 2])].shape; x[torch.tensor(1)]; x[torch.tensor(1), torch.tensor(2)]
z = x[ids[0, 1]]; z += 1; x
z = x[0]; z //= 2; x
z = yes[0]; z &= yes[1]; yes
x - yes; yes - 1; yes - x; x - True; x + yes; x * yes; F.cross_entropy(x, torch.tensor([1])); x.gather(1, torch.zeros(3, 1, dtype=torch.int64))
x + [1, 2, 3]; torch.tensor([x[0], x[1]]); torch.tensor([x[0, 0], x[1, 1]]); torch.bmm(x, x); x.mm(x.T); x[0].mm(x.T); x.mv(x[0]); torch.where(ids, ids, ids)
ids ** -1; ids // 0; F.layer_norm(x, (4,)); x // 0; ids % 3; 7 // ids.clamp(min=1); 10 % ids.clamp(min=1)
z = x.clone(); z[0] = [1.0, 2.0, 3.0]; z
torch.tensor([-1.0, 0.5, -math.inf, math.nan]).relu(); torch.tensor([math.nan]).sigmoid(); x.norm(3); x.norm(p='fro'); x.norm(1, dim=0); x.norm(math.inf)
torch.allclose(torch.tensor([-math.inf, 1.0]), torch.tensor([-math.inf, 1.0])); torch.linalg.norm(x); torch.linalg.norm(x, dim=1); torch.einsum('ij->i', ids)
F.pad(ids, (1, -1)); torch.Tensor([1.0, 2.0]); torch.flip(x, dims=[0]); x.max(axis=1); x.max(dim=1).indices; ids.to(dtype=torch.float32); torch.linspace(0, 1, 1)
F.softmax(x); F.softmax(y); F.log_softmax(x)
[row for row in ids]; [float(v) for v in x[0]]; [v.item() for v in ids.flatten()]; sum(x[0]); max(x[0]); sorted(x[0].tolist()); 2.0 in x
x[0].dot(x[1]); torch.outer(x[0], x[1]); x.diagonal(); x.lerp(-x, 0.5); x.isnan(); x.where(yes, -x); x.median(); x.quantile(0.25); x.count_nonzero()
"""
CASES = [
    part.strip()
    for line in SAME.strip().splitlines()
    for part in ([line] if line.startswith("z =") else line.split("; "))
]


@pytest.mark.parametrize("code", CASES)
def test_the_page_gives_what_pytorch_gives(code: str, small: ModuleType) -> None:
    theirs, ours = made(torch, code), made(small, code)
    assert str(theirs) not in SLIPS
    if code == "x.item()":
        assert str(ours).startswith("raises") and str(theirs).startswith("raises")
    else:
        assert near(plain(theirs), plain(ours)), f"{plain(ours)}, not {plain(theirs)}"


PRINTED = """
x; y; ids; yes; x[0]; x * 1000; x / 1e6; x * 1e9; torch.tensor(2.5); torch.tensor([1.0, 2.0]); torch.tensor([0.1, 100.25]); x.shape
torch.tensor([math.inf, 1.0, -math.inf]); torch.arange(60); torch.arange(60.0).view(2, 30) / 7; torch.tensor([1.0, 2.0], dtype=torch.float64)
torch.tensor([0.001, 1000.0]); torch.tensor([-1.5, 22.25]); torch.tensor(True); torch.tensor(7)
torch.tensor([1.0, 2000.0]); torch.zeros(20); torch.zeros(45); torch.tensor([0.0, 12.5, -3.25]); torch.tensor([0.0, 0.00001]); torch.tensor([5.0, 0.0])
"""


@pytest.mark.parametrize(
    "code", [part.strip() for part in PRINTED.replace("\n", "; ").split("; ") if part]
)
def test_it_prints_as_pytorch_prints(code: str, small: ModuleType) -> None:
    assert repr(made(small, code)) == repr(made(torch, code))


def test_float32_rounds_after_each_operation(small: ModuleType) -> None:
    for module in (torch, small):
        third = module.tensor(1.0) / 3
        assert (third * 3 - 1).item() == 0.0
        assert third.item() == 0.3333333432674408
        assert (module.tensor(2.0**24) + 1).item() == 2.0**24
        assert math.isinf((module.tensor(3e38) * 10).item())
