"""A training run on disk, to go on from: parameters, the optimiser's memory, the plan and the log.

One safetensors file. Its tensors have the model's own names, whatever the model was compiled or
spread to, so that a run may go on elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lmlib.checkpoints import fill, load_tensors, save_tensors


def _learned(optimiser: torch.optim.Optimizer) -> list[Tensor]:
    return [p for group in optimiser.param_groups for p in group["params"]]


def store_run(
    path: Path,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    plan: Mapping[str, Any],
    log: Sequence[Mapping[str, Any]],
) -> None:
    """Write a run into one file, whole or not at all."""
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for i, p in enumerate(_learned(optimiser)):
        tensors |= {f"optimiser.{i}.{name}": t for name, t in optimiser.state[p].items()}
    metadata = {"plan": json.dumps(plan), "log": json.dumps(log)}
    save_tensors(path, tensors, metadata)


def resume_run(
    path: Path, model: nn.Module, optimiser: torch.optim.Optimizer, plan: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Fill model and optimiser from a file that :func:`store_run` wrote; returns the log.

    Raises ValueError where the file is damaged, or the run had another model or another ``plan``.
    """
    tensors, metadata = load_tensors(path)
    if "plan" not in metadata:
        raise ValueError(
            f"checkpoint: {str(path)!r} is no training run; give another name, or delete it"
        )
    stored = json.loads(metadata["plan"])
    for key in plan:
        if stored[key] != plan[key]:
            raise ValueError(
                f"checkpoint: {str(path)!r} belongs to another run: its {key} were {stored[key]}, "
                f"not {plan[key]}; give another name, or delete it"
            )
    parts: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        part, rest = name.split(".", 1)
        parts.setdefault(part, {})[rest] = tensor
    fill(model, parts["model"], f"checkpoint: {str(path)!r}")
    for i, p in enumerate(_learned(optimiser)):
        optimiser.state[p] = {
            name.split(".")[1]: t.to(p.device)
            for name, t in parts["optimiser"].items()
            if name.startswith(f"{i}.")
        }
    return json.loads(metadata["log"])
