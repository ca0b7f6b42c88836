"""What the command can be asked for.

>>> parse(["my.txt", "--size", "tiny"]).folder.as_posix()
'runs/my-tiny'
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from lmlib.optimisation import Training
from lmlib.scale import gpt_parameters
from lmlib.train.presets import PRESETS, Preset


def _option(default: Any, text: str, kind: type | None = None) -> Any:
    return field(
        default=default, metadata={"help": text, "type": kind or type(default)}
    )


@dataclass(frozen=True)
class Settings:
    """One run. Where the default is None, the preset of ``size`` decides, or what the help says."""

    text: Path | None = None
    size: str = "book"
    folder: Path = _option(
        None, "where the run is kept; runs/TEXT-SIZE if not given", Path
    )
    steps: int = _option(2000, "training steps in all")
    batch_size: int = _option(
        None, "texts or windows to a step, of all processes together", int
    )
    learning_rate: float = _option(
        None, "the highest; the preset's if not given", float
    )
    min_learning_rate: float = _option(0.0, "where the cosine ends")
    warmup: int = _option(None, "steps until it is reached; 100 or a tenth of all", int)
    beta1: float = _option(0.9, "what Adam's mean of gradients keeps at each step")
    beta2: float = _option(0.95, "what its mean of their squares keeps")
    weight_decay: float = _option(0.0, "of matrices")
    dropout: float = _option(0.0, "share of numbers that are set to 0")
    seed: int = _option(0, "of weights, order and dropout")
    eval_interval: int = _option(
        100, "steps from one record, and one checkpoint, to the next"
    )
    tokenizer: str = _option(
        "", "a tokenizer.json, or bytes; else trained on the text's beginning"
    )
    vocab_size: int = _option(
        None, "of a tokeniser that is trained; the preset's if not given", int
    )
    device: str = _option(
        "auto", "cpu, cuda, cuda:1 or mps; auto takes cuda if there is one"
    )
    prompt: str | None = _option(
        None, "how the sample at the end begins; held-out text if not given", str
    )
    new_tokens: int = _option(60, "length of the sample")
    precision: Literal["float32", "bfloat16"] = "float32"
    compile: bool = False
    fused: bool = False

    @property
    def preset(self) -> Preset:
        return PRESETS[self.size]

    @property
    def training(self) -> Training:
        """The plan; raises ValueError for what makes no sense."""
        common = {f.name for f in fields(Training)} & {f.name for f in fields(self)}
        given = {name: getattr(self, name) for name in common}
        return Training(betas=(self.beta1, self.beta2), **given)

    def completed(self) -> Settings:
        """With what was not given filled in."""
        found: dict[str, Any] = {}
        for name in ("batch_size", "learning_rate", "vocab_size"):
            if getattr(self, name) is None:
                found[name] = getattr(self.preset, name)
        if self.warmup is None:
            found["warmup"] = min(100, self.steps // 10)
        if self.folder is None:
            name = self.text.stem if self.text else "stories"
            found["folder"] = Path("runs") / f"{name}-{self.size}"
        return replace(self, **found)


def parser() -> argparse.ArgumentParser:
    """The arguments of the command."""
    command = argparse.ArgumentParser(
        "python -m lmlib.train",
        description="Train the book's GPT on its stories, or on a text file of yours. An "
        "interrupted run goes on from its last checkpoint when it is called again with the "
        "same arguments. Under torchrun, all processes share each batch.",
    )
    add = command.add_argument
    add(
        "text",
        nargs="?",
        type=Path,
        help="a UTF-8 text of any length; else the stories",
    )
    sizes = ", ".join(
        f"{name} {gpt_parameters(p.config(p.vocab_size)) / 1e6:.3g} M"
        for name, p in PRESETS.items()
    )
    add("--size", choices=PRESETS, default="book", help=f"parameters: {sizes} (book)")
    for option in fields(Settings):
        if option.metadata:
            default, text = option.default, option.metadata["help"]
            shown = f"{text} ({default})" if default not in (None, "") else text
            name = "--" + option.name.replace("_", "-")
            add(name, type=option.metadata["type"], default=default, help=shown)
    precisions = ("float32", "bfloat16")
    add("--precision", choices=precisions, default="float32", help="of matrix products")
    add(
        "--compile",
        action="store_true",
        help="use torch.compile: slow to start, then fast",
    )
    add(
        "--fused",
        action="store_true",
        help="attention that keeps no weights: for long texts, faster and in less memory",
    )
    return command


def parse(argv: Sequence[str] | None = None) -> Settings:
    """The settings that a command line asks for; ends the program where it cannot be understood."""
    return Settings(**vars(parser().parse_args(argv))).completed()
