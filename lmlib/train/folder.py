"""The folder of a run, which remembers its settings."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lmlib import distributed
from lmlib.files import write_whole
from lmlib.train.settings import Settings

FREE = ("device", "precision", "compile", "fused", "prompt", "new_tokens", "folder")
"""Settings that may change when a run goes on."""


def check_folder(settings: Settings) -> None:
    """Keep the settings in the run's folder.

    Raises ValueError where a run with others has a checkpoint there. Without one nothing is lost, so
    settings that turned out wrong do not stand in the way of better ones.
    """
    path, given = settings.folder / "run.json", {}
    for name, value in asdict(settings).items():
        if (
            name not in FREE
        ):  # of a text the name: its tokens know whether it is the same
            given[name] = value.name if isinstance(value, Path) else value
    before = _stored(path)
    changed = [name for name in given if before.get(name) != given[name]]
    if before and changed and (settings.folder / "checkpoint.safetensors").exists():
        raise ValueError(
            f"folder: {str(settings.folder)!r} has a run with {changed[0]} "
            f"{before.get(changed[0])}, not {given[changed[0]]}; "
            "give another --folder, or delete it"
        )
    if changed and distributed.rank() == 0:
        if {"text", "tokenizer", "vocab_size"} & {*changed}:
            (settings.folder / "tokenizer.json").unlink(missing_ok=True)
        write_whole(path, json.dumps(given, indent=1))


def _stored(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text("utf-8")) if path.exists() else {}
    except ValueError as error:
        raise ValueError(f"folder: {str(path)!r} is damaged; delete it") from error
