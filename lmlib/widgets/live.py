"""The book's GPTs for the page: their weights as text, and what else a live widget computes from.

A weight is a whole number of steps of its row, in 18 bits: no logit moves by a thousandth. It travels as
16 bits and 2, which scripts unpack in a moment.
"""

from __future__ import annotations

import base64
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from lmlib.files import read_text
from lmlib.stories import TOML, WORDS
from lmlib.transformer import GPT
from lmlib.widgets.checks import BadValue

BITS = 18


def pack_live(model: GPT) -> dict[str, Any]:
    """What ``gpt.js`` makes the model of, the words of the stories, and their grammar.

    Raises ValueError for a model with other words than the stories, without learned positions, or with
    weights that are no numbers.
    """
    return pack_gpt(model, WORDS.vocab, "load_book_gpt()")


def pack_gpt(model: GPT, vocab: Sequence[str], like: str) -> dict[str, Any]:
    """The same for a model of these words; ``like`` is what gives one, as errors say.

    ``config``, names and shapes of ``tensors``, ``weights`` as base64, ``vocab`` and ``grammar``.
    """
    if not isinstance(model, GPT):
        raise BadValue(f"model: {model!r} is no GPT; give one as {like} returns it")
    config = model.config
    if config.vocab_size != len(vocab) or config.positions != "learned":
        raise BadValue(
            f"model: {config} is not for these {len(vocab)} words, at learned positions; "
            f"give a GPT as {like} returns it"
        )
    tensors = {
        n: p.detach().cpu().double() for n, p in model.decoder.named_parameters()
    }
    for name, x in tensors.items():
        if not torch.isfinite(x).all():
            raise BadValue(f"model: {name} holds no numbers; look for an overflow")
    return {
        "config": asdict(config),
        "vocab": [*vocab],
        "grammar": tomllib.loads(read_text(TOML)),
        "tensors": [[name, *x.shape] for name, x in tensors.items()],
        "weights": base64.b64encode(_packed(tensors.values())).decode("ascii"),
    }


def _packed(tensors: Iterable[Tensor]) -> bytes:
    """Vectors and the steps of rows as they are; of all other weights the upper 16 bits, then the lower 2."""
    singles, codes = [], []
    for x in tensors:
        if x.dim() == 1:
            singles.append(x.float())
            continue
        step = (x.abs().amax(1).clamp(min=1e-30) / (2 ** (BITS - 1) - 1)).float()
        singles.append(step)
        codes.append((x / step[:, None].double()).round().long().flatten())
    weights = torch.cat(codes)
    low = pad(weights & 3, (0, -len(weights) % 4)).reshape(-1, 4) << torch.tensor(
        [0, 2, 4, 6]
    )
    parts = [
        torch.cat(singles).numpy().astype("<f4"),
        (weights >> 2).numpy().astype("<i2"),
        low.sum(1).numpy().astype(np.uint8),
    ]
    return b"".join(part.tobytes() for part in parts)
