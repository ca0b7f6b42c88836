"""What a training step of a GPT costs as text length, layers and batch grow: seconds, and memory for the slopes.

    python benchmarks/growth.py

Run so, it writes ``lmlib/data/growth.json``, which the chapter on pre-training draws.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

import torch
from stored import store
from torch import Tensor

import lmlib
from lmlib.blocks import Config
from lmlib.training_step import loss_of
from lmlib.transformer import GPT

DATA = Path(lmlib.__file__).parent / "data" / "growth.json"
# The axis that grows, and its values; the others stay at what is said in `BASE`.
BASE = {"T": 128, "layers": 2, "batch": 4}
AXES = {
    "T": [64, 128, 256, 512, 1024],
    "layers": [1, 2, 4, 8],
    "batch": [1, 2, 4, 8, 16],
}


def kept_megabytes(model: GPT, tokens: Tensor) -> float:
    """MB of the tensors that the forward pass keeps for the backward pass, parameters aside."""
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        loss = loss_of(model, (tokens[:, :-1], tokens[:, 1:]))
    megabytes = sum(kept.values()) / 1e6
    loss.backward()
    return megabytes


def point(T: int, layers: int, batch: int) -> tuple[GPT, Tensor]:
    model = GPT(
        Config(vocab_size=304, block_size=T, n_layer=layers, n_head=4, d_model=64)
    )
    generator = torch.Generator().manual_seed(0)
    return model, torch.randint(0, 304, (batch, T + 1), generator=generator)


def step_seconds(model: GPT, tokens: Tensor) -> float:
    start = time.perf_counter()
    loss_of(model, (tokens[:, :-1], tokens[:, 1:])).backward()
    return time.perf_counter() - start


def curves(rounds: int = 9) -> dict[str, dict[str, list[float]]]:
    """For each axis: its values, seconds a step (medians, all sizes in turn) and MB kept."""
    torch.set_num_threads(1)
    found = {}
    for axis, values in AXES.items():
        points = [point(**{**BASE, axis: value}) for value in values]
        times = [[step_seconds(*p) for p in points] for _ in range(rounds + 1)][1:]
        found[axis] = {
            "values": values,
            "seconds": [
                round(statistics.median(column), 6)
                for column in zip(*times, strict=True)
            ],
            "megabytes": [round(kept_megabytes(*p), 3) for p in points],
        }
    return found


def exponent(x: list[float], y: list[float]) -> float:
    """Slope of the last doubling in a log-log picture: 1 is linear, 2 is quadratic."""
    (a, b), (c, d) = (
        torch.tensor(z[-2:], dtype=torch.float64).log().tolist() for z in (x, y)
    )
    return (d - c) / (b - a)


def measure() -> list[dict[str, Any]]:
    """The exponents, by which seconds and memory grow at the last doubling of each axis."""
    return exponents(curves())


def exponents(found: dict[str, dict[str, list[float]]]) -> list[dict[str, Any]]:
    """What :func:`curves` found, as rows of the table."""
    return [
        {
            "work": f"exponent of {what} as {axis} grows",
            "ours": exponent(curve["values"], curve[what]),
            "peer": float("nan"),
            "ratio": float("nan"),
            "unit": "",
        }
        for axis, curve in found.items()
        for what in ("seconds", "megabytes")
    ]


if __name__ == "__main__":
    start = time.perf_counter()
    measured = curves()
    store(DATA, measured, seeds=[0], seconds=time.perf_counter() - start)
    for row in exponents(measured):
        print("{work:40} {ours:.2f}".format(**row))
