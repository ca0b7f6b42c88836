"""Training and writing on a GPU beside Transformers' GPT-2: tokens/s, share of the card's peak, memory.

    python benchmarks/gpu.py

Some minutes. Run so, it writes ``lmlib/data/gpu.json``, which the chapters on pre-training and
generation show. The peak is that of a large matrix product, measured in the same run. Both sides
take turns. ``python benchmarks/gpu.py --device cpu --training tiny --writing tiny`` tries the script
where there is no GPU, and stores nothing.
"""

from __future__ import annotations

import argparse
import datetime
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import transformers
from run import processor
from stored import store

import lmlib
from lmlib.blocks import Config
from lmlib.devices import pick_device
from lmlib.interop.peers import generation_speeds, training_speeds
from lmlib.interop.timing import can_compile, copy_rate, has_bfloat16, matrix_rate
from lmlib.optimisation import Training
from lmlib.train.presets import PRESETS, Preset

DATA = Path(lmlib.__file__).parent / "data" / "gpu.json"
BATCHES = (1, 16, 64, 256)
NEW = 200


def config_of(preset: Preset) -> Config:
    return preset.config(preset.vocab_size)


def training_rows(name: str, device: torch.device, rounds: int) -> list[dict[str, Any]]:
    """Both sides, at the preset's own batch; a size that does not fit is left out, with a sentence."""
    preset = PRESETS[name]
    plan = Training(
        steps=1_000,
        learning_rate=preset.learning_rate,
        precision="bfloat16" if has_bfloat16(device) else "float32",
        compile=device.type == "cuda" and can_compile(),
    )
    work = {"size": name, "batch": preset.batch_size, "length": preset.block_size}
    how = {"precision": plan.precision, "compiled": plan.compile}
    try:
        speeds = training_speeds(
            config_of(preset), preset.batch_size, plan, device, rounds
        )
    except MemoryError as error:
        print(error)
        return []
    return [work | how | asdict(speed) for speed in speeds]


def writing_rows(name: str, device: torch.device, rounds: int) -> list[dict[str, Any]]:
    """Both sides, one text at a time and many."""
    config = config_of(PRESETS[name])
    dtype = torch.bfloat16 if has_bfloat16(device) else torch.float32
    new = min(NEW, config.block_size - 4)
    rows = []
    for batch in BATCHES:
        try:
            speeds = generation_speeds(config, batch, new, device, dtype, rounds)
        except torch.cuda.OutOfMemoryError:
            print(f"{batch} texts at once do not fit into memory, so they are left out")
            break
        rows += [
            {"size": name, "batch": batch, "new": new, "model": model, "tokens": tokens}
            for model, tokens in speeds.items()
        ]
    return rows


def measure(
    device: torch.device, training: list[str], writing: str, rounds: int
) -> dict[str, Any]:
    """What the chapters show, all from one run on one device."""
    dtype = torch.bfloat16 if has_bfloat16(device) else torch.float32
    gpu = device.type == "cuda"
    return {
        "device": torch.cuda.get_device_name(device) if gpu else processor(),
        "date": datetime.date.today().isoformat(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "matrix_rate": matrix_rate(device, dtype),
        "copy_rate": copy_rate(device),
        "training": [
            row for name in training for row in training_rows(name, device, rounds)
        ],
        "writing": writing_rows(writing, device, max(1, rounds // 4)),
    }


def show(found: dict[str, Any]) -> None:
    print(f"{found['device']}, {found['date']}, torch {found['torch']}")
    print(f"matrix product {found['matrix_rate'] / 1e12:.3g} TFLOP/s, ", end="")
    print(f"copying {found['copy_rate'] / 1e9:.3g} GB/s")
    for row in found["training"]:
        memory = f"{row['memory'] / 1e9:.1f} GB" if row["memory"] else ""
        print(
            "training {size}, batch {batch}, {precision}: {model:15} {tokens:9,.0f} tokens/s, "
            "{utilisation:.0%} of the matrix product ".format(**row)
            + memory
        )
    for row in found["writing"]:
        print(
            "writing {size}, batch {batch:3}: {model:15} {tokens:9,.0f} tokens/s".format(
                **row
            )
        )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument(
        "--training", nargs="+", choices=PRESETS, default=["10m", "gpt2"]
    )
    parser.add_argument("--writing", choices=PRESETS, default="gpt2")
    parser.add_argument("--rounds", type=int, default=20)
    args = parser.parse_args(arguments)
    try:
        device = pick_device(args.device)
    except ValueError as error:
        parser.error(str(error))
    start = time.perf_counter()
    found = measure(device, args.training, args.writing, args.rounds)
    show(found)
    if device.type == "cuda":
        store(DATA, found, seeds=[0], seconds=time.perf_counter() - start)


if __name__ == "__main__":
    main()
