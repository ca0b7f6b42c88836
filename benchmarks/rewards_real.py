"""Small sums, asked of a real model: `python benchmarks/rewards_real.py`. Three minutes on one core.

SmolLM2-135M-Instruct adds three numbers of one digit, eight times each at temperature 0.7: at once, step by step, and
behind a sentence that has no step in it. The check is the sum itself. Stores what it wrote in
``lmlib/data/rewards_real.json``; a part that is there is left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import torch
from stored import Part, store_parts

import lmlib
from lmlib.generation import generate
from lmlib.interop.real import RealModel, load_real

PATH = Path(lmlib.__file__).parent / "data" / "rewards_real.json"
SUMS, DRAWN = 20, 8
WAYS = {  # how it is asked, how its answer begins, and how long it may be
    "at once": ("Answer with the number only.", "The answer is", 6),
    "steps": ("Add one number after the other.", "First, {0} + {1} =", 28),
    "no steps": (
        "Add one number after the other.",
        "This is a sum of small numbers, and it can be found with care. The answer is",
        6,
    ),
}


def sums() -> list[tuple[int, ...]]:
    """Three numbers from 3 to 9 each; the same ones each time."""
    random = Random(0)
    return [tuple(random.randint(3, 9) for _ in range(3)) for _ in range(SUMS)]


def asked(real: RealModel, numbers: tuple[int, ...], way: str) -> torch.Tensor:
    """The prompt, with the first words of the answer put into the model's mouth."""
    how, begun, _ = WAYS[way]
    told = " + ".join(map(str, numbers))
    prompt = real.chat({"role": "user", "content": f"What is {told}? {how}"})
    first = real.tokenizer.encode(begun.format(*numbers))
    return torch.cat([prompt, torch.tensor([first])], dim=1)


def written(real: RealModel, place: int, way: str, drawn: int = DRAWN) -> list[str]:
    """What it writes behind these words, each time up to its end."""
    prompt = asked(real, sums()[place], way)
    generator = torch.Generator().manual_seed(place)
    tokens = generate(
        real.model,
        prompt.repeat(drawn, 1),
        WAYS[way][2],
        temperature=0.7,
        generator=generator,
        end=real.ends.after[0],
    )
    ends = {*real.ends.after}
    rows = [row[prompt.shape[1] :].tolist() for row in tokens]
    own = [row[: next((i for i, t in enumerate(row) if t in ends), None)] for row in rows]  # fmt: skip
    return [real.tokenizer.decode(row) for row in own]


def answer(text: str, way: str) -> int | None:
    """The number that it gives: the first one behind "The answer is", or what its steps say last that something is."""
    numbers = re.findall(r"(?:=|is) *(\d+)" if way == "steps" else r"\d+", text)
    return int(numbers[-1 if way == "steps" else 0]) if numbers else None


def one(real: RealModel, place: int, way: str) -> dict[str, Any]:
    texts = written(real, place, way)
    tokens = sum(len(real.tokenizer.encode(text)) for text in texts) / len(texts)
    return {
        "sum": sum(sums()[place]),
        "answers": [answer(text, way) for text in texts],
        "tokens": round(tokens, 2),
        "first": texts[0],
    }


def likeliest(real: RealModel, place: int, way: str) -> str:
    """What it writes without any chance."""
    return real.go_on(asked(real, sums()[place], way), WAYS[way][2])


def parts(found: dict[str, Any]) -> Iterator[Part]:
    real = load_real()
    for place, numbers in enumerate(sums()):
        name = f"{' + '.join(map(str, numbers))} ({place})"
        for way in WAYS:
            yield way, name, partial(one, real, place, way)
    for place in range(4):
        yield "likeliest", str(place), partial(likeliest, real, place, "at once")


def main() -> None:
    """All parts that are not stored yet."""
    torch.set_num_threads(1)
    store_parts(PATH, parts, [0])


if __name__ == "__main__":
    main()
