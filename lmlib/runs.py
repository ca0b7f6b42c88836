"""A training run on disk, to go on from: parameters, optimiser state, the plan and the log.

One safetensors file. Its tensors have the model's own names, whatever the model was compiled or
distributed to, so that a run may go on elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lmlib.checkpoints import as_json, check_fit, fill, load_tensors, save_tensors
from lmlib.distributed import check_same, rank
from lmlib.modules import named_tensors, own_name, unwrap


def _learned(optimiser: torch.optim.Optimizer) -> list[Tensor]:
    return [p for group in optimiser.param_groups for p in group["params"]]


def _names(model: nn.Module, optimiser: torch.optim.Optimizer) -> list[str]:
    """What the parameters that the optimiser moves are called in the model."""
    names = {p: own_name(name) for name, p in unwrap(model).named_parameters()}
    return [names[p] for p in _learned(optimiser)]


def store_run(
    path: Path,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    plan: Mapping[str, Any],
    log: Sequence[Mapping[str, Any]],
) -> None:
    """Write a run into one file, whole or not at all."""
    tensors = {f"model.{name}": tensor for name, tensor in named_tensors(model).items()}
    for i, p in enumerate(_learned(optimiser)):
        tensors |= {
            f"optimiser.{i}.{name}": t for name, t in optimiser.state[p].items()
        }
    about = {"plan": plan, "log": log, "learned": _names(model, optimiser)}
    save_tensors(path, tensors, {name: as_json(value) for name, value in about.items()})


def resume_run(
    path: Path,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    plan: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Fill model and optimiser from a file that :func:`store_run` wrote; returns the log.

    Raises ValueError where the file is damaged, or the run had another model or another ``plan``.
    """
    tensors, metadata = load_tensors(path)
    _check_plan(path, metadata, plan)
    parts: dict[str, dict[str, Tensor]] = {"model": {}, "optimiser": {}}
    for name, tensor in tensors.items():
        part, rest = name.split(".", 1)
        parts.setdefault(part, {})[rest] = tensor
    check_fit(model, parts["model"], f"checkpoint: {str(path)!r}")
    _check_learned(path, metadata, _names(model, optimiser))
    fill(model, parts["model"], f"checkpoint: {str(path)!r}")
    for i, p in enumerate(_learned(optimiser)):
        optimiser.state[p] = {
            name.split(".")[1]: t.to(p.device)
            for name, t in parts["optimiser"].items()
            if name.startswith(f"{i}.")
        }
    return json.loads(metadata["log"])


def _check_plan(
    path: Path, metadata: Mapping[str, str], plan: Mapping[str, Any]
) -> None:
    if "plan" not in metadata:
        raise ValueError(
            f"checkpoint: {str(path)!r} is no training run; give another name, or delete it"
        )
    stored = json.loads(metadata["plan"])
    for key, value in json.loads(as_json(plan)).items():
        if stored.get(key) != value:
            raise ValueError(
                f"checkpoint: {str(path)!r} belongs to another run: its {key} were {stored.get(key)}, "
                f"not {value}; give another name, or delete it"
            )


class Run:
    """A training run that is stored at ``path``, or nowhere where that is None.

    Under ``torchrun`` the first process stores, and all go on from the same step.
    """

    def __init__(
        self,
        path: str | Path | None,
        model: nn.Module,
        optimiser: torch.optim.Optimizer,
        plan: Mapping[str, Any],
    ) -> None:
        self.path = Path(path) if path else None
        self.model, self.optimiser, self.plan = model, optimiser, plan

    def resume(self) -> list[dict[str, Any]]:
        """Fill model and optimiser where there is something to go on from; returns the log, empty at the start."""
        log = []
        if self.path and self.path.exists():
            log = resume_run(self.path, self.model, self.optimiser, self.plan)
        check_same("checkpoint", log[-1]["step"] if log else 0)
        return log

    def store(self, log: Sequence[Mapping[str, Any]]) -> None:
        """Replace what is stored."""
        if self.path and rank() == 0:
            store_run(self.path, self.model, self.optimiser, self.plan, log)


def _check_learned(path: Path, metadata: Mapping[str, str], names: list[str]) -> None:
    """The optimiser state is about the same parameters, in the same order."""
    stored = json.loads(metadata.get("learned", as_json(names)))
    if other := sorted({*stored} ^ {*names}):
        raise ValueError(
            f"checkpoint: {str(path)!r} belongs to another run: {other[0]} was "
            f"{'trained' if other[0] in stored else 'frozen'} there; freeze the same parts, give "
            "another name, or delete it"
        )
