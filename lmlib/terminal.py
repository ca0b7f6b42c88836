"""Training from a terminal: ``python -m lmlib.pretraining --help``, and the same under ``torchrun``."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from lmlib import processes
from lmlib.devices import pick_device
from lmlib.jobs import train
from lmlib.presets import PRESETS, parameters
from lmlib.textfiles import check_text

FREE = ("device", "precision", "compile", "prompt", "new_tokens", "folder")
"""Arguments that may change when a run goes on."""


def parser() -> argparse.ArgumentParser:
    """The arguments of the command; what is not given comes from the preset."""
    sizes = ", ".join(
        f"{name} ({parameters(p.config(p.vocab_size)) / 1e6:.3g} M)"
        for name, p in PRESETS.items()
    )
    p = argparse.ArgumentParser(
        "python -m lmlib.pretraining",
        description="Train the book's GPT on its stories, or on a text file of yours. Called again with "
        "the same arguments, an interrupted run goes on from its last checkpoint. Under "
        "torchrun, its processes share each batch.",
    )
    add = p.add_argument
    add(
        "text",
        nargs="?",
        type=Path,
        help="a UTF-8 text file of any length; the book's stories if not given",
    )
    add("--folder", type=Path, help="where the run is kept; runs/TEXT-SIZE if not given")
    add("--size", choices=PRESETS, default="book", help=f"a preset: {sizes}")
    add("--steps", type=int, default=2000, help="training steps in all (%(default)s)")
    add(
        "--batch-size",
        type=int,
        help="texts or windows to a step, over all processes together",
    )
    add("--learning-rate", type=float, help="the highest; the preset's if not given")
    add(
        "--warmup",
        type=int,
        help="steps until it is reached; 100 or a tenth of all if not given",
    )
    add("--weight-decay", type=float, default=0.0, help="of matrices (%(default)s)")
    add(
        "--dropout", type=float, default=0.0, help="share of numbers set to 0 (%(default)s)"
    )
    add("--seed", type=int, default=0, help="of weights, order and dropout (%(default)s)")
    add(
        "--every",
        type=int,
        default=100,
        help="steps from one record and checkpoint to the next (%(default)s)",
    )
    add(
        "--tokenizer",
        default="",
        help="a tokenizer.json, or 'bytes'; trained on the beginning of the text if not given",
    )
    add(
        "--vocab-size",
        type=int,
        help="of a tokeniser that is trained; the preset's if not given",
    )
    add(
        "--device",
        default="auto",
        help="cpu, cuda, cuda:1, mps; auto takes a GPU if there is one (%(default)s)",
    )
    add(
        "--precision",
        choices=("float32", "bfloat16"),
        default="float32",
        help="of matrix products (%(default)s)",
    )
    add(
        "--compile",
        action="store_true",
        help="with torch.compile: a minute at first, then faster",
    )
    add("--prompt", help="how the sample at the end begins; held-out text if not given")
    add("--new-tokens", type=int, default=60, help="length of the sample (%(default)s)")
    return p  # fmt: skip


def complete(args: argparse.Namespace) -> argparse.Namespace:
    """Fill in from the preset what was not given."""
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
    """Keep the arguments of a run in its folder; raise ValueError where another run is kept there."""
    path, given = args.folder / "run.json", {}
    for name, value in vars(args).items():
        if name not in FREE:
            given[name] = str(value.resolve()) if isinstance(value, Path) else value
    if path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        for name, value in given.items():
            if before.get(name) != value:
                raise ValueError(
                    f"folder: {str(args.folder)!r} holds a run with {name} {before.get(name)}, not {value}; "
                    "give another --folder, or delete it"
                )
    elif processes.rank() == 0:
        args.folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        unfinished.write_text(json.dumps(given, indent=1), encoding="utf-8")
        os.replace(unfinished, path)


class Stopped(BaseException):
    """The operating system asked the run to end."""


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(128 + number)


def say(sentence: object) -> None:
    """One line on the error output."""
    print(f"{parser().prog}: {sentence}", file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code: 0, 1 where another process was lost, 2 for what cannot be done."""
    args = complete(parser().parse_args(argv))
    on = "call again with the same arguments to go on from the last checkpoint"
    try:
        device = pick_device(args.device)
        processes.join("nccl" if device.type == "cuda" else "gloo")
        if processes.size() == 1:  # torchrun ends its processes itself
            signal.signal(signal.SIGTERM, _stop)
        if args.text:
            check_text(args.text)
        check_folder(args)
        train(args, device)
        processes.leave()
        return 0
    except ValueError as error:
        if processes.rank() == 0:  # the others found the same
            say(error)
        return 2
    except (Stopped, KeyboardInterrupt) as stop:
        say(f"stopped; {on}")
        return stop.args[0] if stop.args else 128 + signal.SIGINT
    except processes.LOST as error:
        if processes.size() == 1:
            raise
        say(
            f"process {processes.rank()} has lost another ({str(error).splitlines()[0]}); {on}"
        )
        return 1
