"""What a model is made of: whether anything in it was wrapped, replaced, added or removed since it was made.

>>> check_unchanged("model", nn.GELU("none"), lambda: nn.GELU("tanh"))
Traceback (most recent call last):
ValueError: model: it has approximate 'none', where its configuration makes 'tanh'; undo that first...
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import is_dataclass
from typing import Any

import torch
from torch import Tensor, nn

from lmlib.modules import named_parts, named_tensors, without_numbers

_SETTING = (bool, int, float, str, tuple)
_FREE = ("training", "p", "padding_idx", "gradient_checkpointing")  # change no logits
# What takes a part out again, by a word of its class.
_UNDO = {
    "LoRALinear": "call merge_lora first",
    "peft.": "call merge_and_unload first",
    "Parametrized": "call torch.nn.utils.parametrize.remove_parametrizations first",
}
_NONE = "no part at all"
_ANEW = "undo that first, or make the model anew"


def check_kind(argument: str, model: object, *kinds: type) -> None:
    """Raise ValueError where a model is of none of ``kinds``; a subclass may compute something else."""
    if type(model) not in kinds:
        names = " or ".join(kind.__name__ for kind in kinds)
        way_out = _undo(model, f"give a {names}")
        raise ValueError(
            f"{argument}: is a {type(model).__name__}, not a {names}; {way_out}"
        )


def check_unchanged(
    argument: str,
    model: nn.Module,
    make: Callable[[], nn.Module],
    free: Collection[str] = (),
) -> None:
    """Raise ValueError for the first thing but numbers that sets a model apart from a new one.

    ``make`` makes one of the model's configuration. Settings called as in ``free`` may differ.
    """
    plain = without_numbers(make)
    have, need = named_parts(model), named_parts(plain)
    for name in {**need, **have}:
        its = f"{argument}: its {name}" if name else f"{argument}: it"
        one, two = have.get(name), need.get(name)
        if type(one) is not type(two):
            _refuse(f"{its} is", _class(one), _class(two), _undo(one, _ANEW))
        _check_settings(its, one, two, {*_FREE, *free})
    tensors, plain_tensors = named_tensors(model), named_tensors(plain)
    for name in {**plain_tensors, **tensors}:
        forms = _form(tensors.get(name)), _form(plain_tensors.get(name))
        if forms[0] != forms[1]:
            _refuse(f"{argument}: its {name} is", *forms)
    _check_numbers(argument, tensors)


def check_hooks(argument: str, model: nn.Module, harmless: str = "no module") -> None:
    """Raise ValueError where a forward hook may change numbers on their way; not for ``harmless`` modules'."""
    for name, part in model.named_modules():
        for hook in (*part._forward_hooks.values(), *part._forward_pre_hooks.values()):
            if not getattr(hook, "__module__", "").startswith(harmless):
                raise ValueError(
                    f"{argument}: its {name or type(part).__name__} has a forward hook, which may "
                    "change what it computes; remove it first"
                )


def _refuse(its: str, have: object, need: object, way_out: str = _ANEW) -> None:
    raise ValueError(f"{its} {have}, where its configuration makes {need}; {way_out}")


def _check_settings(its: str, one: Any, two: Any, free: Collection[str]) -> None:
    """Both have the same numbers and words beside their tensors, and methods are those of the class."""
    for name, value in vars(one).items():
        method = getattr(
            value, "_torchdynamo_orig_callable", value
        )  # before torch.compile
        made = getattr(type(one), name, None)
        if callable(made) and getattr(method, "__func__", None) is not made:
            raise ValueError(f"{its} has a {name} of its own; {_ANEW}")
    for name, need in vars(two).items():
        have = vars(one).get(name)
        compared = any(isinstance(x, _SETTING) or is_dataclass(x) for x in (need, have))
        if compared and have != need and name not in free and name[0] != "_":
            _refuse(f"{its} has {name}", repr(have), repr(need))


def _check_numbers(argument: str, tensors: Mapping[str, Tensor]) -> None:
    if any(tensor.is_meta for tensor in tensors.values()):
        raise ValueError(f"{argument}: it has no numbers yet; load its weights first")
    dtypes = sorted({str(tensor.dtype) for tensor in tensors.values()})
    if len(dtypes) > 1:
        raise ValueError(
            f"{argument}: its numbers are {' and '.join(dtypes)}; call .to with one of them first"
        )


def _class(part: object) -> str:
    kind = type(part)
    return _NONE if part is None else f"a {kind.__module__}.{kind.__qualname__}"


def _form(tensor: Tensor | None) -> str:
    """What a tensor must have in common with another to take its numbers, whatever their precision."""
    if type(tensor) is not Tensor:
        return _class(tensor)
    if tensor.is_floating_point() and tensor.layout is torch.strided:
        return f"{tuple(tensor.shape)}"
    return f"of {tensor.dtype} and {tensor.layout}"


def _undo(part: object, otherwise: str) -> str:
    return next((way for word, way in _UNDO.items() if word in _class(part)), otherwise)
