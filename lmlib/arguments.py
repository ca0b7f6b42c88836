"""What the command can be asked for: its arguments, and the folder that remembers them.

>>> complete(parser().parse_args(["my.txt", "--size", "tiny"])).folder.as_posix()
'runs/my-tiny'
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

from lmlib import processes
from lmlib.presets import PRESETS, parameters

OPTIONS: dict[str, tuple[type, Any, str]] = {
    "folder": (Path, None, "where the run is kept; runs/TEXT-SIZE if not given"),
    "steps": (int, 2000, "training steps in all"),
    "batch-size": (int, None, "texts or windows to a step, of all processes together"),
    "learning-rate": (float, None, "the highest; the preset's if not given"),
    "warmup": (int, None, "steps until it is reached; 100 or a tenth of all"),
    "weight-decay": (float, 0.0, "of matrices"),
    "dropout": (float, 0.0, "share of numbers that are set to 0"),
    "seed": (int, 0, "of weights, order and dropout"),
    "every": (int, 100, "steps from one record, and one checkpoint, to the next"),
    "tokenizer": (
        str,
        "",
        "a tokenizer.json, or bytes; else trained on the text's beginning",
    ),
    "vocab-size": (int, None, "of a tokeniser that is trained; the preset's if not given"),
    "device": (str, "auto", "cpu, cuda, cuda:1 or mps; auto takes cuda if there is one"),
    "prompt": (str, None, "how the sample at the end begins; held-out text if not given"),
    "new-tokens": (int, 60, "length of the sample"),
}
FREE = ("device", "precision", "compile", "prompt", "new_tokens", "folder")
"""Arguments that may change when a run goes on."""


def parser() -> argparse.ArgumentParser:
    """The arguments; for some that are not given, the preset decides."""
    command = argparse.ArgumentParser(
        "python -m lmlib.pretraining",
        description="Train the book's GPT on its stories, or on a text file of yours. An interrupted run "
        "goes on from its last checkpoint when it is called again with the same arguments. "
        "Under torchrun, all processes share each batch.",
    )
    add = command.add_argument
    add("text", nargs="?", type=Path, help="a UTF-8 text of any length; else the stories")
    sizes = ", ".join(
        f"{name} {parameters(p.config(p.vocab_size)) / 1e6:.3g} M"
        for name, p in PRESETS.items()
    )
    add("--size", choices=PRESETS, default="book", help=f"parameters: {sizes} (book)")
    for name, (kind, default, text) in OPTIONS.items():
        shown = f"{text} ({default})" if default not in (None, "") else text
        add(f"--{name}", type=kind, default=default, help=shown)
    precisions = ("float32", "bfloat16")
    add("--precision", choices=precisions, default="float32", help="of matrix products")
    add(
        "--compile", action="store_true", help="use torch.compile: slow to start, then fast"
    )
    return command


def complete(args: argparse.Namespace) -> argparse.Namespace:
    """Fill in what was not given."""
    preset = PRESETS[args.size]
    for name in ("batch_size", "learning_rate", "vocab_size"):
        if getattr(args, name) is None:
            setattr(args, name, getattr(preset, name))
    if args.warmup is None:
        args.warmup = min(100, args.steps // 10)
    name = args.text.stem if args.text else "stories"
    args.folder = args.folder or Path("runs") / f"{name}-{args.size}"
    return args


def check_folder(args: argparse.Namespace) -> None:
    """Keep the arguments in the run's folder.

    Raises ValueError where a run with others has a checkpoint there. Without one nothing is lost, so
    arguments that turned out wrong do not stand in the way of better ones.
    """
    path, given = args.folder / "run.json", {}
    for name, value in vars(args).items():
        if name not in FREE:  # of a text the name: its tokens know whether it is the same
            given[name] = value.name if isinstance(value, Path) else value
    before = _arguments_in(path)
    changed = [name for name in given if before.get(name) != given[name]]
    if before and changed and (args.folder / "checkpoint.safetensors").exists():
        raise ValueError(
            f"folder: {str(args.folder)!r} has a run with {changed[0]} {before.get(changed[0])}, not "
            f"{given[changed[0]]}; give another --folder, or delete it"
        )
    if changed and processes.rank() == 0:
        args.folder.mkdir(parents=True, exist_ok=True)
        if {"text", "tokenizer", "vocab_size"} & {*changed}:
            (args.folder / "tokenizer.json").unlink(missing_ok=True)
        path.with_suffix(".part").write_text(json.dumps(given, indent=1), "utf-8")
        os.replace(path.with_suffix(".part"), path)


def _arguments_in(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text("utf-8")) if path.exists() else {}
    except ValueError as error:
        raise ValueError(f"folder: {str(path)!r} is damaged; delete it") from error
