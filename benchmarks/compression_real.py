"""What is left of a real model in 8, 4 or 3 bits, or with a part of its weights: `benchmarks/compression_real.py`.

    python benchmarks/compression_real.py

Five minutes on one core. SmolLM2-135M-Instruct reads some paragraphs of the book's own English, and goes on behind
"The capital of France is". Stored in ``lmlib/data/compression_real.json``; what is there is not computed again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from stored import Part, store_parts
from torch import Tensor

import lmlib
from lmlib.evaluation import token_losses
from lmlib.interop.real import RealModel, load_real
from lmlib.prose import prose_split
from lmlib.pruning import largest, matrices
from lmlib.quantisation import Shared, quantise

PATH = Path(lmlib.__file__).parent / "data" / "compression_real.json"
PARAGRAPHS = [p for p in prose_split()[1].splitlines() if len(p) > 300][:5]
CAPITAL, PARIS = "The capital of France is", " Paris"
SMALLER: dict[str, tuple[int, Shared, bool]] = {
    "8 bits, a tensor": (8, "tensor", False),
    "8 bits, a row": (8, "row", False),
    "4 bits, a tensor": (4, "tensor", False),
    "4 bits, a row": (4, "row", False),
    "4 bits, 32": (4, 32, False),
    "4 bits, 32 with lowest": (4, 32, True),
    "3 bits, a row": (3, "row", False),
    "3 bits, 32": (3, 32, False),
    "3 bits, 32 with lowest": (3, 32, True),
}
KEEP = (0.9, 0.8, 0.7, 0.5)


@cache
def real() -> RealModel:
    return load_real()


@cache
def whole() -> dict[str, Tensor]:
    """The weights as they were."""
    return {name: p.detach().clone() for name, p in matrices(real().model).items()}


@torch.no_grad()
def put(change: Callable[[Tensor], Tensor]) -> None:
    """Every matrix of the model as ``change`` makes it of the one that was there at first."""
    for name, p in matrices(real().model).items():
        p.copy_(change(whole()[name]))


def in_bits(bits: int, shared: Shared, lowest: bool, x: Tensor) -> Tensor:
    return quantise(x, bits, shared, lowest).numbers()


def pruned(keep: float, x: Tensor) -> Tensor:
    return torch.where(largest(x.abs(), keep), x, 0.0)


def size(bits: int, shared: Shared, lowest: bool) -> float:
    """Megabytes of the matrices."""
    parts = (quantise(x, bits, shared, lowest) for x in whole().values())
    return round(sum(part.nbytes for part in parts) / 1e6, 1)


@torch.no_grad()
def marks() -> dict[str, Any]:
    """Bits per byte of each paragraph, and what is likeliest behind "The capital of France is"."""
    model, tokenizer = real().model, real().tokenizer
    ids = [real().encode(text)[0] for text in PARAGRAPHS]
    bits = [
        float(losses.sum())
        / math.log(2)
        / len(tokenizer.decode(row[1:].tolist()).encode())
        for losses, row in zip(token_losses(model, ids, batch_size=2), ids, strict=True)
    ]
    probs = model(real().encode(CAPITAL), last=True)[0, -1].softmax(-1)
    best = int(probs.argmax())
    return {
        "bits per byte": [round(x, 4) for x in bits],
        "word": tokenizer.decode([best]),
        "p": round(float(probs[best]), 4),
        "p of Paris": round(float(probs[tokenizer.ids["Ġ" + PARIS.strip()]]), 4),
    }


def changed(change: Callable[[Tensor], Tensor]) -> dict[str, Any]:
    whole()
    put(change)
    found = marks()
    put(lambda x: x)
    return found


def parts(found: dict[str, Any]) -> Iterable[Part]:
    yield "found", "as it is", marks
    for name, how in SMALLER.items():
        yield (
            "found",
            name,
            lambda how=how: changed(partial(in_bits, *how)) | {"MB": size(*how)},
        )
    for keep in KEEP:
        yield (
            "found",
            f"{keep:.0%} of each matrix",
            partial(changed, partial(pruned, keep)),
        )


def main() -> None:
    torch.set_num_threads(1)
    store_parts(PATH, parts, [0])


if __name__ == "__main__":
    main()
